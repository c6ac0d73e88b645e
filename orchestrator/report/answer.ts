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
  withUnit,
} from './number-format.ts';
import { renderTable } from './table.ts';
import { standings, standingSentence, STANDING_RULE } from './identified.ts';
import type { Standing } from './identified.ts';
import { judge } from './verdict.ts';
import { describeFixed } from './fixed-values.ts';

export function renderAnswer(lock: Lock, summary: Summary, fittedData: number): Markup {
  const standing = standings(lock, summary, fittedData);
  const { level, lead, rest, objections } = judge(lock, summary, fittedData, standing);
  return html`<section id="answer" aria-labelledby="answer-heading">
    <h2 id="answer-heading">What the ensemble says</h2>
    <div class="verdict ${level}">
      <p><strong>${lead}</strong> ${level === 'none' ? rest : standingSentence(standing)}</p>
      ${level !== 'none' && html`<p>${rest}</p>`}
      ${
        objections.length > 0 &&
        html`<p>What speaks against them:</p>
          <ul>
            ${objections.map((text) => html`<li>${text}</li>`)}
          </ul>`
      }
    </div>
    ${parameterTable(summary, standing)} ${effectiveNote(lock)} ${keyNumbers(summary)}
  </section> `;
}

function keyNumbers({ counts, heldOut, predictive, reconstruction, yardstick }: Summary): Markup {
  const voltage = reconstruction['V'];
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
    ['V band', withMv(voltage?.overDraws ?? voltage?.variability ?? null, 2), 'width of the 95 % band over replicas'],
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

function parameterTable({ parameters, calibration }: Summary, standing: readonly Standing[]): Markup {
  const entries = Object.entries(parameters);
  const known = entries.some(([, { truth }]) => truth !== undefined);
  const errors = entries.some(([, { relativeError }]) => relativeError !== undefined);
  return html`${renderTable({
      label: 'Inferred parameters',
      caption: html`Inferred parameters over accepted replicas. Spread: 1.4826 MAD. ${errors && 'Errors are of the median, signed. '}Last
      column: the median over every replica that has an estimate, accepted or not.`,
      rows: html`<thead>
          <tr>
            <th scope="col">Parameter</th>
            <th scope="col">Identified</th>
            <th scope="col" class="number">Median</th>
            <th scope="col" class="number">95 % interval of the median</th>
            <th scope="col" class="number">Spread</th>
            ${known && html`<th scope="col" class="number">Truth</th>`}${errors && html`<th scope="col" class="number">Error</th>`}
            <th scope="col" class="number">Replicas</th>
            <th scope="col" class="number">Unfiltered</th>
          </tr>
        </thead>
        <tbody>
          ${entries.map(([name, summary]) => parameterRow(name, summary, standing.find((one) => one.name === name)?.standing ?? 'unknown', known, errors))}
        </tbody>`,
    })}
    <p class="note">${STANDING_RULE}</p>
    ${calibration === undefined ? truthTable(entries) : manyTruths(calibration.truths)}`;
}

const STANDING_WORDS: Readonly<Record<Standing['standing'], string>> = {
  yes: 'yes',
  roughly: 'roughly',
  no: 'no',
  unknown: 'cannot say',
};

function parameterRow(name: string, summary: ParameterSummary, standing: Standing['standing'], known: boolean, errors: boolean): Markup {
  const { unit, tied, n, median, ci95, truth, relativeError, unfiltered } = summary;
  return html`<tr>
    <th scope="row">${withUnit(name, unit)}</th>
    <td class="standing ${standing}">${tied === undefined ? STANDING_WORDS[standing] : `tied: ${tied}`}</td>
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

/** A row for each would say nothing that their calibration does not say better. */
function manyTruths(truths: number): Markup | undefined {
  if (truths === 1) return undefined;
  return html`<p class="note">
    The data have ${formatCount(truths)} different true values: how they are met stands under <a href="#calibration">Calibration</a>.
  </p>`;
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
