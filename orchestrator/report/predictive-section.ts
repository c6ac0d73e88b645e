/** The predictive check: forward simulation of every replica's parameters against the data they were inferred from. */
import { chi2Limit, samplesThatCount, STANDARD_ACCEPT, yardstickMv } from '../../schemas/acceptance.ts';
import type { Lock, Summary } from '../../schemas/generated/types.ts';
import type { ReportTables } from '../aggregate/aggregate.ts';
import type { ReplicaTable } from '../aggregate/replica-table.ts';
import { distributionNumbers, drawDistribution } from './distribution.ts';
import type { DrawnDistribution, Reference } from './distribution.ts';
import { renderFeatures } from './feature-table.ts';
import type { Cell, FigureList } from './figure.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatCount } from './number-format.ts';
import { COLOUR } from './palette.ts';
import { physicsGapFigure } from './physics-gap.ts';
import { replicaKey, split } from './replica-marks.ts';
import { renderTable } from './table.ts';

export function renderPredictive(lock: Lock, summary: Summary, tables: ReportTables, figures: FigureList): Markup {
  const table = tables.replicas;
  const simulated = summary.predictive.unfiltered.n > 0;
  return html`<section id="predictive" aria-labelledby="predictive-heading">
    <h2 id="predictive-heading">Predictive check</h2>
    ${simulated ? html`${predictiveFigure(lock, summary, table, figures)}${physicsGapFigure(lock, summary, tables, figures)}${spikeTable(table)}${features(summary)}` : html`<p>No forward simulation ran through.</p>`}
  </section> `;
}

function features({ counts, predictive }: Summary): Markup | undefined {
  return counts.accepted > 0
    ? renderFeatures(predictive.features ?? {}, 'accepted replicas')
    : renderFeatures(predictive.unfiltered.features ?? {}, 'rejected replicas, as none was accepted');
}

function predictiveFigure(lock: Lock, { yardstick }: Summary, table: ReplicaTable, figures: FigureList): Markup {
  const { data } = lock.resolved.problem;
  const kind = yardstick?.kind ?? 'noise';
  const scale = only(data.map((unit) => yardstickMv(kind, unit) ?? NaN));
  const limit = acceptedChi2(lock);
  const reference = (value: number | undefined, dashed: boolean): Reference[] =>
    value === undefined ? [] : [{ value, colour: COLOUR.ink, dashed }];
  const rmse = drawScore(
    'rmse',
    'RMSE (mV)',
    'Root mean square of simulation minus data',
    split(table, table.predictiveRmseMv),
    reference(scale, false),
  );
  const chi2 = drawScore('chi2', '\u03c7\u00b2 per sample', 'Chi-square per sample of simulation against data', split(table, table.chi2), [
    ...reference(1, false),
    ...reference(limit, true),
  ]);
  return figures.add({
    name: 'predictive',
    title: 'Forward simulation with the inferred parameters, against the data.',
    size: 'small',
    key: [
      ...replicaKey(table),
      { mark: 'reference', colour: COLOUR.ink, text: kind === 'noise' ? 'the noise alone' : 'the spread of the cell\u2019s own spikes' },
      ...(limit === undefined ? [] : ([{ mark: 'dashed', colour: COLOUR.ink, text: 'largest that is accepted' }] as const)),
    ],
    cells: [scoreCell(rmse), scoreCell(chi2)],
    numbers: distributionNumbers([
      { name: 'RMSE (mV)', distribution: rmse },
      { name: 'chi2 per sample', distribution: chi2 },
    ]),
    caption: html`Each replica’s parameters and initial values are put into the model’s equations, which are solved without the network. A
    network can fit data that its parameters do not explain; this check would show it. χ² per sample counts the misfit in units of
    ${kind === 'noise' ? 'the noise' : 'the spread of the cell\u2019s own spike shapes (median over spikes of the root mean square deviation from their median shape, aligned at the threshold)'}.`,
  });
}

function scoreCell({ drawing, beyond }: DrawnDistribution): Cell {
  return { drawing, ...(beyond === undefined ? {} : { note: beyond }) };
}

function drawScore(
  id: string,
  label: string,
  title: string,
  values: { accepted: number[]; rejected: number[] },
  references: readonly Reference[],
): DrawnDistribution {
  return drawDistribution({
    id: `predictive-${id}`,
    title,
    description: `${values.accepted.length} accepted, ${values.rejected.length} rejected replicas.`,
    label,
    positive: true,
    ...values,
    references,
  });
}

/** The one threshold of chi2, where all data have the same. */
function acceptedChi2(lock: Lock): number | undefined {
  const { accept, problem } = lock.resolved;
  const { chi2, yardstick } = { ...STANDARD_ACCEPT, ...accept };
  return chi2 === 'off' ? undefined : only(problem.data.map((unit) => chi2Limit(chi2, samplesThatCount(unit), yardstick)));
}

function only(values: readonly number[]): number | undefined {
  return new Set(values).size === 1 ? values[0] : undefined;
}

/** How many spikes the simulations miss or add. */
function spikeTable(table: ReplicaTable): Markup {
  const differences = split(
    table,
    table.spikesSimulated.map((simulated, row) => simulated - table.spikesObserved[row]!),
  );
  const rows = [...new Set([...differences.accepted, ...differences.rejected])].toSorted((a, b) => a - b);
  if (rows.length === 1)
    return html`<p>Every simulation has ${describeDifference(rows[0]!)} spikes ${rows[0] === 0 ? 'as' : 'than'} its data.</p>`;
  const count = (values: readonly number[], difference: number) => formatCount(values.filter((value) => value === difference).length);
  return renderTable({
    label: 'Spikes',
    caption: html`Spikes of the simulation, against those of the data.`,
    rows: html`<thead>
        <tr>
          <th scope="col">Spikes</th>
          <th scope="col" class="number">Accepted</th>
          <th scope="col" class="number">Rejected</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (difference) =>
            html`<tr>
              <th scope="row">${describeDifference(difference)}</th>
              <td class="number">${count(differences.accepted, difference)}</td>
              <td class="number">${count(differences.rejected, difference)}</td>
            </tr>`,
        )}
      </tbody>`,
    width: 'fit',
  });
}

function describeDifference(difference: number): string {
  return difference === 0 ? 'as many' : `${formatCount(Math.abs(difference))} ${difference > 0 ? 'more' : 'fewer'}`;
}
