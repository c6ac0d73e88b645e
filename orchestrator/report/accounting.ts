/** Where every planned replica went: counts by outcome, and what was left out and why. */
import type { Counts, Lock, Summary } from '../../schemas/generated/types.ts';
import type { ReportTables } from '../aggregate/aggregate.ts';
import { renderAbsences } from './absences.ts';
import { renderAcceptance } from './acceptance-table.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatCount, formatPercent } from './number-format.ts';
import { describeReason } from './reason-text.ts';
import { renderTable } from './table.ts';

const OUTCOMES: readonly (readonly [name: keyof Counts, meaning: string])[] = [
  ['planned', 'replicas that the sweep should end with'],
  ['finished', 'have an outcome'],
  ['converged', 'trained through and passed the acceptance filter'],
  ['stopped', 'trained, but not accepted'],
  ['diverged', 'numerical trouble in training'],
  ['pruned', 'stopped early as hopeless'],
  ['failed', 'no result after every try'],
  ['accepted', 'in the filtered statistics: converged, with a finite estimate of every parameter'],
];

export function renderAccounting({ resolved }: Lock, summary: Summary, tables: ReportTables): Markup {
  const { counts, reasons } = summary;
  const left = Object.entries(reasons);
  return html`<section id="accounting" aria-labelledby="accounting-heading">
    <h2 id="accounting-heading">What was counted, and what was left out</h2>
    ${renderTable({
      label: 'Outcomes',
      caption: html`Outcomes. Shares are of the planned replicas.`,
      rows: countRows(
        'Outcome',
        OUTCOMES.map(([name, meaning]) => ({ name: html`${name}`, count: counts[name], meaning })),
        counts.planned,
      ),
      width: 'fit',
    })}
    ${left.length === 0 ? html`<p>Nothing was left out: every planned replica is in every statistic.</p>` : leftOut(left, counts)}
    ${renderAcceptance(resolved.problem.infer, summary)} ${renderAbsences(summary, tables)}
  </section> `;
}

function leftOut(reasons: readonly (readonly [string, number])[], { planned }: Counts): Markup {
  const sum = reasons.reduce((total, [, count]) => total + count, 0);
  return renderTable({
    label: 'Left out',
    caption: html`Left out of the filtered statistics, by outcome and reason. Those that have an estimate are in the unfiltered ones.`,
    rows: html`${countRows(
        'Reason',
        reasons.map(([reason, count]) => ({ name: html`<code>${reason}</code>`, count, meaning: describeReason(reason) })),
        planned,
      )}
      <tfoot>
        <tr>
          <th scope="row">together</th>
          <td class="number">${formatCount(sum)}</td>
          <td class="number">${share(sum, planned)}</td>
          <td></td>
        </tr>
      </tfoot>`,
    width: 'fit',
  });
}

interface CountRow {
  readonly name: Markup;
  readonly count: number;
  readonly meaning: string;
}

function countRows(title: string, rows: readonly CountRow[], planned: number): Markup {
  return html`<thead>
      <tr>
        <th scope="col">${title}</th>
        <th scope="col" class="number">Replicas</th>
        <th scope="col" class="number">Share</th>
        <th scope="col">Meaning</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ({ name, count, meaning }) =>
          html`<tr>
            <th scope="row">${name}</th>
            <td class="number">${formatCount(count)}</td>
            <td class="number">${share(count, planned)}</td>
            <td>${meaning}</td>
          </tr>`,
      )}
    </tbody>`;
}

function share(count: number, planned: number): string {
  return formatPercent(planned === 0 ? null : count / planned);
}
