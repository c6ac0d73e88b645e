/** What accepted replicas predict of data that they were not trained on: scores of every stretch, and time courses of some. */
import type { Lock, StretchSummary, Summary } from '../../schemas/generated/types.ts';
import * as Plot from '@observablehq/plot';
import type { Drawing, Panel } from './drawing.ts';
import type { FigureList } from './figure.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatCount, formatMedianCount, formatNumber } from './number-format.ts';
import { columnName } from './numbers-table.ts';
import type { NumbersTable } from './numbers-table.ts';
import { COLOUR } from './palette.ts';
import { renderTable } from './table.ts';
import { line, MOST_POINTS, panel, stimulusPanel, timeRange, withTimeAxis } from './time-course.ts';
import { thinTogether } from './thinning.ts';
import type { Range } from './time-course.ts';

/** One stretch with the forward simulation of it. */
export interface Prediction {
  readonly label: string;
  /** ms, length N */
  readonly tMs: Float64Array;
  readonly voltageMv: ArrayLike<number>;
  /** in the model's unit */
  readonly current: ArrayLike<number>;
  readonly simulatedV: ArrayLike<number>;
  /** ms, in the time of tMs */
  readonly spikesMs: { readonly observed: readonly number[]; readonly simulated: readonly number[] };
}

/** Rows of the table, at most. */
const MOST_ROWS = 40;
const WIDE = 860;
const NARROW = 420;

export function hasHeldOut({ rest, heldOut }: Summary): boolean {
  return rest !== undefined || heldOut !== undefined;
}

export function renderHeldOut(lock: Lock, summary: Summary, predictions: readonly Prediction[], figures: FigureList): Markup | undefined {
  if (!hasHeldOut(summary)) return undefined;
  const stretches = [...(summary.rest === undefined ? [] : [summary.rest]), ...(summary.heldOut ?? [])];
  return html`<section id="held-out" aria-labelledby="held-out-heading">
    <h2 id="held-out-heading">Data that were not fitted</h2>
    ${scoreTable(stretches)} ${predictions.length > 0 && predictionFigure(lock, predictions, figures)}
  </section> `;
}

function scoreTable(stretches: readonly StretchSummary[]): Markup {
  return html`${renderTable({
    label: 'Held-out scores',
    caption: html`Forward simulations with the parameters of accepted replicas, on stretches that no replica was trained on: medians over
    replicas. A stretch starts at its own first V with every gate at its steady state there; its first 10 ms (or tenth) do not count, nor
    does what was fitted. Coincidence: Kistler and Jolivet’s factor, 1 for the same spikes and 0 for chance, within 2 ms or a tenth of the
    median interval. Timing: from a spike of the data to the nearest of the simulation.`,
    rows: html`<thead>
        <tr>
          <th scope="col">Stretch</th>
          <th scope="col" class="number">Replicas</th>
          <th scope="col" class="number">RMSE (mV)</th>
          <th scope="col" class="number">Spikes, data</th>
          <th scope="col" class="number">Spikes, simulation</th>
          <th scope="col" class="number">Coincidence</th>
          <th scope="col" class="number">Timing (ms)</th>
        </tr>
      </thead>
      <tbody>
        ${stretches.slice(0, MOST_ROWS).map(scoreRow)}
      </tbody>`,
  })}
  ${stretches.length > MOST_ROWS && html`<p class="note">${formatCount(stretches.length - MOST_ROWS)} more in summary.json.</p>`}`;
}

function scoreRow({ label, n, failed, rmseMv, spikes, coincidence, timingMs }: StretchSummary): Markup {
  return html`<tr>
    <th scope="row">${label}</th>
    <td class="number">${formatCount(n)}${failed > 0 && ` (${formatCount(failed)} failed)`}</td>
    <td class="number">${formatNumber(rmseMv, 3)}</td>
    <td class="number">${formatMedianCount(spikes.observed)}</td>
    <td class="number">${formatMedianCount(spikes.simulated)}</td>
    <td class="number strong">${formatNumber(coincidence, 2)}</td>
    <td class="number">${formatNumber(timingMs, 2)}</td>
  </tr>`;
}

function predictionFigure(lock: Lock, predictions: readonly Prediction[], figures: FigureList): Markup {
  const { currentUnit } = lock.resolved.problem;
  return figures.add({
    name: 'held-out',
    title: 'Prediction of data that were not fitted.',
    key: [
      { mark: 'line', colour: COLOUR.observed, text: 'data' },
      { mark: 'dashed', colour: COLOUR.simulated, text: 'simulated' },
    ],
    cells: predictions.map((prediction, k) => ({
      heading: prediction.label,
      drawing: predictionDrawing(prediction, { id: `prediction-${k}`, width: WIDE }, currentUnit),
      narrowDrawing: predictionDrawing(prediction, { id: `prediction-${k}-narrow`, width: NARROW }, currentUnit),
    })),
    numbers: [predictionNumbers(predictions, currentUnit)],
    caption: html`Of each stretch the forward simulation of one replica, the accepted one of median misfit there; below V a tick for each
    spike. Nothing is fitted to these data, no starting value and no shift in time.`,
    size: 'one',
  });
}

/** Of a long stretch the samples that the lines are drawn through. */
function predictionNumbers(predictions: readonly Prediction[], currentUnit: string): NumbersTable {
  return {
    columns: ['stretch', 'time (ms)', 'V, data (mV)', 'V, simulated (mV)', columnName('I', currentUnit)],
    rows: predictions.flatMap(({ label, tMs, voltageMv, simulatedV, current }) =>
      thinTogether([voltageMv, simulatedV, current], MOST_POINTS).map((i) => [label, tMs[i], voltageMv[i], simulatedV[i], current[i]]),
    ),
  };
}

function predictionDrawing(
  { label, tMs, voltageMv, current, simulatedV, spikesMs }: Prediction,
  place: Pick<Drawing, 'id' | 'width'>,
  unit: string,
): Drawing {
  const range = timeRange(tMs);
  const panels = [
    panel(200, range, 'V (mV)', [
      line(tMs, voltageMv, COLOUR.observed, { strokeWidth: 1.6 }),
      line(tMs, simulatedV, COLOUR.simulated, { strokeWidth: 1.1, strokeDasharray: '4 2' }),
    ]),
    spikePanel(spikesMs, range),
    stimulusPanel({ tMs, current }, unit, range),
  ];
  return {
    ...place,
    title: `Prediction of ${label}`,
    description: 'V of the data and of a forward simulation, and the stimulus.',
    panels: withTimeAxis(panels, range),
  };
}

/** Two rows of ticks, where dense trains can be told apart. */
function spikePanel({ observed, simulated }: Prediction['spikesMs'], range: Range): Panel {
  const row = (times: readonly number[], name: string, stroke: string): Plot.Markish =>
    Plot.tickX(times, { x: (t: number) => t, y: () => name, stroke, strokeWidth: 1 });
  const marks = [row(observed, 'data', COLOUR.observed), row(simulated, 'sim.', COLOUR.simulated)];
  return panel(60, range, '', marks, { type: 'band', domain: ['data', 'sim.'], label: null, grid: false, padding: 0.2 });
}
