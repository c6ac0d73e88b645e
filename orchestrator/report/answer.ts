/** The answer first: a sentence on trust, and every parameter with its interval, spread, truth and error. */
import type { Lock, ParameterSummary, Summary } from '../../schemas/generated/types.ts';
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

export function renderAnswer(lock: Lock, summary: Summary, fittedData: number): Markup {
  const { level, lead, rest } = judge(lock, summary, fittedData);
  return html`<section id="answer" aria-labelledby="answer-heading">
    <h2 id="answer-heading">What the ensemble says</h2>
    <p class="verdict ${level}"><strong>${lead}</strong> ${rest}</p>
    ${keyNumbers(summary)} ${parameterTable(summary)}
  </section> `;
}

function keyNumbers({ counts, predictive, reconstruction }: Summary): Markup {
  const items: [string, string, string][] = [
    [
      'Accepted',
      formatPercent(counts.finished === 0 ? null : counts.accepted / counts.finished),
      `${formatCount(counts.accepted)} of ${plural(counts.finished, 'finished replica')}`,
    ],
    ['Predictive misfit', withMv(predictive.rmseMv, 3), 'simulation against data, median'],
    ['\u03c7\u00b2 per sample', formatNumber(predictive.chi2, 3), '1 is what noise alone gives'],
    [
      'Spikes',
      predictive.spikes.simulated === null
        ? NOTHING
        : `${formatMedianCount(predictive.spikes.simulated)} of ${formatMedianCount(predictive.spikes.observed)}`,
      'simulated of observed, medians',
    ],
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
