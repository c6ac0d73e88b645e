/** The answer first: a sentence on trust, and every parameter with its interval, spread, truth and error. */
import type { Lock, ParameterSummary, StretchSummary, Summary } from '../../schemas/generated/types.ts';
import { median } from '../../schemas/sample-quantile.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import {
  formatCount,
  formatInterval,
  formatMedianCount,
  formatNumber,
  formatPercent,
  formatUnit,
  NOTHING,
  plural,
} from './number-format.ts';
import { renderTable } from './table.ts';
import { judge } from './verdict.ts';
import { describeFixed } from './fixed-values.ts';

export function renderAnswer(lock: Lock, summary: Summary, fittedData: number): Markup {
  const { level, lead, rest } = judge(lock, summary, fittedData);
  return html`<section id="answer" aria-labelledby="answer-heading">
    <h2 id="answer-heading">What the ensemble says</h2>
    <p class="verdict ${level}"><strong>${lead}</strong> ${rest}</p>
    ${keyNumbers(summary)} ${parameterTable(summary)} ${effectiveNote(lock)}
  </section> `;
}

function keyNumbers({ counts, heldOut, predictive, reconstruction, yardstick }: Summary): Markup {
  const items: [string, string, string][] = [
    [
      'Accepted',
      formatPercent(counts.finished === 0 ? null : counts.accepted / counts.finished),
      `${formatCount(counts.accepted)} of ${plural(counts.finished, 'finished replica')}`,
    ],
    ['Predictive misfit', withMv(predictive.rmseMv, 3), 'simulation against data, median'],
    ['\u03c7\u00b2 per sample', formatNumber(predictive.chi2, 3), yardstickNote(yardstick)],
    [
      'Spikes',
      predictive.spikes.simulated === null
        ? NOTHING
        : `${formatMedianCount(predictive.spikes.simulated)} of ${formatMedianCount(predictive.spikes.observed)}`,
      'simulated of observed, medians',
    ],
    ...(heldOut === undefined ? [] : [heldOutNumber(heldOut)]),
    ['V band', withMv(reconstruction['V']?.variability ?? null, 2), 'width of the 95 % band, median'],
  ];
  return html`<dl class="numbers">
    ${items.map(
      ([name, value, note]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
          <dd class="note">${note}</dd>
        </div>`,
    )}
  </dl>`;
}

function yardstickNote(yardstick: Summary['yardstick']): string {
  if (yardstick?.kind !== 'spikeShape') return '1 is what noise alone gives';
  return `1 is the spread of the cell\u2019s own spikes, ${withMv(yardstick.mv, 2)}`;
}

/** Median over stretches of the median over replicas. */
function heldOutNumber(heldOut: readonly StretchSummary[]): [string, string, string] {
  const coincidence = median(heldOut.map((stretch) => stretch.coincidence ?? NaN));
  return ['Held out', formatNumber(coincidence, 2), `coincidence of spikes, ${plural(heldOut.length, 'stretch', 'stretches')}`];
}

function withMv(value: number | null, digits: number): string {
  return value === null ? NOTHING : `${formatNumber(value, digits)} mV`;
}

function parameterTable({ parameters }: Summary): Markup {
  const entries = Object.entries(parameters);
  const known = entries.some(([, { truth }]) => truth !== undefined);
  const errors = entries.some(([, { relativeError }]) => relativeError !== undefined);
  return html`${renderTable({
    label: 'Inferred parameters',
    caption: html`Inferred parameters over accepted replicas. ${errors && 'Errors are of the median, signed. '}Last column: the median over
    every replica that has an estimate, accepted or not.`,
    rows: html`<thead>
        <tr>
          <th scope="col">Parameter</th>
          <th scope="col">Unit</th>
          <th scope="col" class="number">Median</th>
          <th scope="col" class="number">95 % interval of the median</th>
          <th scope="col" class="number">Spread</th>
          ${known && html`<th scope="col" class="number">Truth</th>`}${errors && html`<th scope="col" class="number">Error</th>`}
          <th scope="col" class="number">Replicas</th>
          <th scope="col" class="number">Unfiltered</th>
        </tr>
      </thead>
      <tbody>
        ${entries.map(([name, summary]) => parameterRow(name, summary, known, errors))}
      </tbody>`,
  })}
  ${truthTable(entries)}`;
}

function parameterRow(name: string, summary: ParameterSummary, known: boolean, errors: boolean): Markup {
  const { unit, n, median, ci95, truth, relativeError, unfiltered } = summary;
  return html`<tr>
    <th scope="row">${name}</th>
    <td>${formatUnit(unit)}</td>
    <td class="number strong">${formatNumber(median)}</td>
    <td class="number">${formatInterval(ci95)}</td>
    <td class="number">${spread(summary)}</td>
    ${known && html`<td class="number">${formatNumber(truth)}</td>`}${errors && html`<td class="number">${formatPercent(relativeError, { sign: true })}</td>`}
    <td class="number">${formatCount(n)}</td>
    <td class="number">${formatNumber(unfiltered.median)}</td>
  </tr>`;
}

/** Synthetic data have a truth; a cell has none that the model could find. */
function effectiveNote({ resolved: { problem, space } }: Lock): Markup | undefined {
  if (problem.data.every(({ source }) => source.kind === 'synthetic')) return undefined;
  const fixed = describeFixed({ problem, space });
  return html`<p class="note">
    These are effective parameters: they hold given the kinetics of
    ${problem.model.name}${fixed === '' ? '' : ` and the values held fixed (${fixed})`}. Other fixed values give other estimates that may
    fit as well.
  </p>`;
}

/** In per cent of the median for positive parameters, in the unit for others. */
function spread({ scale, mad, median, unit }: ParameterSummary): string {
  if (mad === null || median === null) return NOTHING;
  return scale === 'log' ? `\u00b1${formatPercent(mad / median)}` : `\u00b1${formatNumber(mad, 2)} ${formatUnit(unit)}`;
}

/** Where data have several truths: each with its median. */
function truthTable(entries: readonly (readonly [string, ParameterSummary])[]): Markup | undefined {
  const rows = entries.flatMap(([name, { perTruth }]) => (perTruth ?? []).map((truth) => ({ name, ...truth })));
  if (rows.length === 0) return undefined;
  return html`${renderTable({
    label: 'Estimates by true value',
    caption: html`Estimates by true value, over accepted replicas on data with that truth.`,
    rows: html`<thead>
        <tr>
          <th scope="col">Parameter</th>
          <th scope="col" class="number">Truth</th>
          <th scope="col" class="number">Median</th>
          <th scope="col" class="number">Error</th>
          <th scope="col" class="number">Replicas</th>
        </tr>
      </thead>
      <tbody>
        ${rows.slice(0, MOST_TRUTHS).map(
          ({ name, truth, median, relativeError, n }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td class="number">${formatNumber(truth)}</td>
              <td class="number strong">${formatNumber(median)}</td>
              <td class="number">${formatPercent(relativeError, { sign: true })}</td>
              <td class="number">${formatCount(n)}</td>
            </tr>`,
        )}
      </tbody>`,
  })}
  ${rows.length > MOST_TRUTHS && html`<p class="note">${formatCount(rows.length - MOST_TRUTHS)} more in summary.json.</p>`}`;
}

const MOST_TRUTHS = 30;
