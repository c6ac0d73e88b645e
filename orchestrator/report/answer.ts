/** The answer first: which parameters are identified, a sentence on trust, and every parameter with its interval, spread, truth and error. */
import type { Lock, ParameterSummary, StretchSummary, Summary } from '../../schemas/generated/types.ts';
import { median } from '../../schemas/sample-quantile.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatCount, formatInterval, formatMedianCount, formatNumber, formatPercent, NOTHING, plural, withUnit } from './number-format.ts';
import { renderTable } from './table.ts';
import { amount, standardError, standings, STANDING_RULE } from './identified.ts';
import type { Standing, Uncertain } from './identified.ts';
import { judge } from './verdict.ts';
import { describeFixed, type Units } from './fixed-values.ts';

/** `meanings`: what each parameter is, where the model's file says so. */
export function renderAnswer(lock: Lock, summary: Summary, fittedData: number, meanings: Meanings = {}, units: Units = {}): Markup {
  const standing = standings(lock, summary, fittedData);
  const { level, lead, answer, support, objections } = judge(lock, summary, fittedData, standing);
  return html`<section id="answer" aria-labelledby="answer-heading">
    <h2 id="answer-heading">Which parameters are identified</h2>
    <div class="verdict ${level}">
      <p><strong>${lead}</strong> ${answer}</p>
      ${support !== undefined && html`<p>${support}</p>`}
      ${
        objections.length > 0 &&
        html`<p>What speaks against them:</p>
          <ul>
            ${objections.map((text) => html`<li>${text}</li>`)}
          </ul>`
      }
    </div>
    ${parameterTable(lock, summary, standing, meanings)} ${effectiveNote(lock, units)} ${keyNumbers(summary)}
  </section> `;
}

/** By name of a parameter or state: "leak conductance". */
export type Meanings = Readonly<Record<string, string>>;

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
    ${items
      .filter(([, value]) => value !== NOTHING)
      .map(
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

/** What the table has only where it says something. */
interface Shown {
  readonly error: boolean;
  readonly truth: boolean;
  readonly off: boolean;
  /** some replica with an estimate was not accepted */
  readonly unfiltered: boolean;
}

function parameterTable({ resolved }: Lock, summary: Summary, standing: readonly Standing[], meanings: Meanings): Markup {
  const { parameters, calibration, counts } = summary;
  const entries = Object.entries(parameters);
  const estimates = Math.max(0, ...entries.map(([, { unfiltered }]) => unfiltered.n));
  const shown: Shown = {
    error: entries.some(([name]) => standardError(name, summary) !== undefined),
    truth: entries.some(([, { truth }]) => truth !== undefined),
    off: entries.some(([, { relativeError }]) => relativeError !== undefined),
    unfiltered: entries.some(([, { n, unfiltered }]) => unfiltered.n !== n),
  };
  const inferred = new Map(resolved.problem.infer.map(({ name }) => [name, standing.find((one) => one.name === name)]));
  return html`${renderTable({
      label: 'Inferred parameters',
      caption: html`Estimates over
      ${plural(counts.accepted, 'accepted replica')}${shown.unfiltered && `; small, below the median, over all ${formatCount(estimates)} that have one`}.`,
      rows: html`<thead>
          <tr>
            <th scope="col">Parameter</th>
            <th scope="col">Identified</th>
            <th scope="col" class="number">Median</th>
            <th scope="col" class="number">95 % interval</th>
            <th scope="col" class="number">Spread</th>
            ${shown.error && html`<th scope="col" class="number">Standard error</th>`}
            ${(shown.truth || shown.off) && html`<th scope="col" class="number">${shown.truth ? (shown.off ? 'Truth, error' : 'Truth') : 'Error'}</th>`}
          </tr>
        </thead>
        <tbody>
          ${entries.map(([name, own]) =>
            parameterRow({ name, own, standing: inferred.get(name), meaning: meanings[name], error: standardError(name, summary) }, shown),
          )}
        </tbody>`,
    })}
    <p class="note">
      Interval: of the median. Spread: of the estimates, 1.4826 times their median absolute deviation.
      ${shown.error && ` Standard error: what the noise of one data set, as large as the misfit, leaves open (${summary.identifiability === undefined ? 'by the finish' : 'Cram\u00e9r-Rao bound'}).`}
    </p>
    <p class="note">${STANDING_RULE}</p>
    ${calibration === undefined ? truthTable(entries) : manyTruths(calibration.truths)}`;
}

const STANDING_WORDS: Readonly<Record<Standing['standing'], string>> = {
  yes: 'yes',
  roughly: 'roughly',
  no: 'no',
  unknown: 'cannot say',
};

interface ParameterRow {
  readonly name: string;
  readonly own: ParameterSummary;
  /** absent of a tied one */
  readonly standing: Standing | undefined;
  readonly meaning: string | undefined;
  readonly error: number | null | undefined;
}

function parameterRow({ name, own, standing, meaning, error }: ParameterRow, shown: Shown): Markup {
  const { unit, tied, median, mad, ci95, truth, relativeError, unfiltered } = own;
  const uncertainty = (value: number | null | undefined): string =>
    typeof value !== 'number' || median === null ? NOTHING : `\u00b1${amount({ positive: own.scale === 'log', unit }, median, value)}`;
  const cell = (text: string, kind: Uncertain): Markup =>
    html`<td class="number">${standing?.by === kind ? html`<strong>${text}</strong>` : text}</td>`;
  const off = formatPercent(relativeError, { sign: true });
  const word = standing?.standing ?? 'unknown';
  return html`<tr>
    <th scope="row" class="name">${withUnit(name, unit)}${below(meaning)}</th>
    <td class="standing ${word}">${tied === undefined ? standingText(standing) : html`tied: ${tied}`}</td>
    <td class="number strong">${formatNumber(median)}${shown.unfiltered && below(formatNumber(unfiltered.median))}</td>
    ${cell(formatInterval(ci95), 'interval')} ${cell(uncertainty(mad), 'spread')}
    ${shown.error && cell(error === null ? 'without bound' : uncertainty(error), 'error')}
    ${(shown.truth || shown.off) && html`<td class="number">${shown.truth ? html`${formatNumber(truth)}${shown.off && below(off)}` : off}</td>`}
  </tr>`;
}

/** The word, and the number that it goes by. */
function standingText(standing: Standing | undefined): Markup {
  const word = STANDING_WORDS[standing?.standing ?? 'unknown'];
  return standing?.size === undefined ? html`${word}` : html`${word} <span class="size">${standing.size}</span>`;
}

/** A second line of a cell. */
function below(text: string | undefined): Markup | undefined {
  return text === undefined ? undefined : html`<span class="below">${text}</span>`;
}

/** Synthetic data have a truth; a cell has none that the model could find. */
function effectiveNote({ resolved: { problem, space } }: Lock, units: Units): Markup | undefined {
  if (problem.data.every(({ source }) => source.kind === 'synthetic')) return undefined;
  const fixed = describeFixed({ problem, space }, units);
  return html`<p class="note">
    These are effective parameters: they hold given the kinetics of
    ${problem.model.name}${fixed === '' ? '' : ` and the values held fixed (${fixed})`}. Other fixed values give other estimates that may
    fit as well.
  </p>`;
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
