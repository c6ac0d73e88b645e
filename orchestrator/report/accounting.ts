/** Where every planned replica went: counts by outcome, and what was left out and why. */
import type { Counts, Summary } from '../../schemas/generated/types.ts';
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

export function renderAccounting({ counts, reasons }: Summary): Markup {
  const left = Object.entries(reasons);
  return html`<section id="accounting" aria-labelledby="accounting-heading">
    <h2 id="accounting-heading">What was counted, and what was left out</h2>
    ${renderTable({
      label: 'Outcomes',
      caption: html`Outcomes. Shares are of the planned replicas.`,
      rows: html`<thead>
          <tr>
            <th scope="col">Outcome</th>
            <th scope="col" class="number">Replicas</th>
            <th scope="col" class="number">Share</th>
            <th scope="col">Meaning</th>
          </tr>
        </thead>
        <tbody>
          ${OUTCOMES.map(
            ([name, meaning]) =>
              html`<tr>
                <th scope="row">${name}</th>
                <td class="number">${formatCount(counts[name])}</td>
                <td class="number">${share(counts[name], counts.planned)}</td>
                <td>${meaning}</td>
              </tr>`,
          )}
        </tbody>`,
      width: 'fit',
    })}
    ${left.length === 0 ? html`<p>Nothing was left out: every planned replica is in every statistic.</p>` : leftOut(left, counts)}
  </section> `;
}

function leftOut(reasons: readonly (readonly [string, number])[], { planned }: Counts): Markup {
  const sum = reasons.reduce((total, [, count]) => total + count, 0);
  return renderTable({
    label: 'Left out',
    caption: html`Left out of the filtered statistics, by outcome and reason. Those that have an estimate are in the unfiltered ones.`,
    rows: html`<thead>
        <tr>
          <th scope="col">Reason</th>
          <th scope="col" class="number">Replicas</th>
          <th scope="col" class="number">Share</th>
          <th scope="col">Meaning</th>
        </tr>
      </thead>
      <tbody>
        ${reasons.map(
          ([reason, count]) =>
            html`<tr>
              <th scope="row"><code>${reason}</code></th>
              <td class="number">${formatCount(count)}</td>
              <td class="number">${share(count, planned)}</td>
              <td>${describeReason(reason)}</td>
            </tr>`,
        )}
      </tbody>
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

function share(count: number, planned: number): string {
  return formatPercent(planned === 0 ? null : count / planned);
}
