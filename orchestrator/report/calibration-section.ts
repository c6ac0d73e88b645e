/** How often intervals of single data sets hold the truth, and intervals that a calibration has widened. */
import * as Plot from '@observablehq/plot';
import type {
  Calibrated,
  CalibratedParameter,
  Calibration,
  Coverage,
  InferredParameter,
  Lock,
  ParameterCalibration,
  Summary,
} from '../../schemas/generated/types.ts';
import { LEVELS, type Level } from '../calibration/levels.ts';
import type { Drawing } from './drawing.ts';
import type { FigureList } from './figure.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatCount, formatInterval, formatNumber, formatPercent, NOTHING, plural, withUnit } from './number-format.ts';
import { COLOUR } from './palette.ts';
import { renderTable } from './table.ts';

/** Rows of the table of calibrated intervals. */
const MOST_ROWS = 30;
// summary.schema.json has these keys
const NAMES = Object.keys(LEVELS) as Level[];

export function hasCalibration({ calibration, calibrated }: Summary): boolean {
  return calibration !== undefined || calibrated !== undefined;
}

export function renderCalibration(lock: Lock, summary: Summary, figures: FigureList): Markup | undefined {
  const { calibration, calibrated } = summary;
  if (!hasCalibration(summary)) return undefined;
  const { infer, data } = lock.resolved.problem;
  return html`<section id="calibration" aria-labelledby="calibration-heading">
    <h2 id="calibration-heading">Calibration</h2>
    ${whichInterval()} ${calibration !== undefined && renderOwn(infer, calibration, figures)}
    ${calibrated !== undefined && renderCalibrated(infer, calibrated, !data.every(({ source }) => source.kind === 'synthetic'))}
  </section> `;
}

/** Before any number: the interval meant here is not the one of the answer. */
function whichInterval(): Markup {
  return html`<p>
    Intervals here are of a parameter on one data set: the median of its accepted replicas, plus and minus a multiple of σ, where σ² is the
    replicas’ standard error, squared (what the noise of the data allows; median over replicas), plus their spread, squared (what optimizer
    and seed do). The interval of the median in the answer above is another one: it is of the median over data sets, and is not calibrated.
  </p>`;
}

function renderOwn(infer: readonly InferredParameter[], calibration: Calibration, figures: FigureList): Markup {
  const shown = shownOf(infer, calibration);
  const { n, truths, withoutInterval } = calibration;
  return html`<p>
      ${judgeCoverage(infer, calibration).words} The truths of ${plural(n, 'data set')} are known, ${formatCount(truths)} of them different.
      ${withoutInterval > 0 && `${plural(withoutInterval, 'more data set')} ${withoutInterval === 1 ? 'has' : 'have'} no interval, for lack of an accepted replica or because V does not determine the parameters: they do not count.`}
    </p>
    ${rankFigure(shown, figures)} ${coverageTable(shown)} ${errorTable(shown)}`;
}

type Shown = readonly { readonly name: string; readonly own: ParameterCalibration }[];

function shownOf(infer: readonly InferredParameter[], { parameters }: Calibration): Shown {
  return infer.flatMap(({ name }) => {
    const own = parameters[name];
    return own === undefined ? [] : [{ name, own }];
  });
}

/** Whether the 80 % intervals hold what they promise. */
export function judgeCoverage(
  infer: readonly InferredParameter[],
  calibration: Calibration,
): { readonly tooNarrow: boolean; readonly words: string } {
  const shown = shownOf(infer, calibration);
  const level = (own: ParameterCalibration): Coverage => own.levels['80'];
  const worst = shown.map(({ own }) => level(own)).toSorted((a, b) => a.coverage - b.coverage)[0];
  if (worst === undefined) return { tooNarrow: false, words: '' };
  const narrow = shown.filter(({ own }) => level(own).ci95[1] < LEVELS['80']).map(({ name }) => name);
  const wide = shown.filter(({ own }) => level(own).ci95[0] > LEVELS['80']).map(({ name }) => name);
  if (narrow.length > 0)
    return {
      tooNarrow: true,
      words: `The 80 % intervals of ${narrow.join(', ')} are too narrow: they hold the truth in ${formatPercent(worst.coverage)} at worst.`,
    };
  return {
    tooNarrow: false,
    words:
      wide.length > 0
        ? `The 80 % intervals of ${wide.join(', ')} are wider than they need be.`
        : `The 80 % intervals hold the truth about as often as they promise: in ${formatPercent(worst.coverage)} at worst.`,
  };
}

function rankFigure(shown: Shown, figures: FigureList): Markup {
  return figures.add({
    name: 'calibration',
    title: 'Rank of each truth in the distribution that its interval is of.',
    size: 'small',
    key: [
      { mark: 'broad', colour: COLOUR.ensemble, text: 'data sets' },
      { mark: 'dashed', colour: COLOUR.ink, text: 'uniform: what right intervals give' },
      { mark: 'band', colour: COLOUR.muted, text: 'where 95 % of uniform samples stay throughout' },
    ],
    cells: shown.map(({ name, own }) => ({ heading: name, drawing: rankDrawing(name, own), note: rankWords(own) })),
    numbers: [
      {
        columns: ['parameter', 'rank from', 'rank to', 'data sets', 'data sets up to here', 'band from', 'band to'],
        rows: shown.flatMap(({ name, own: { n, ranks } }) =>
          ranks.counts.map((count, part) => [
            name,
            part / ranks.counts.length,
            (part + 1) / ranks.counts.length,
            count,
            ranks.cumulative[part] ?? n,
            ranks.low[part] ?? n,
            ranks.high[part] ?? n,
          ]),
        ),
      },
    ],
    caption: html`Above: a histogram of the ranks (Talts et al., arXiv 1804.06788). Many at both ends: intervals are too narrow; many in the
    middle: too wide; many at the left: estimates are too high. Below: share of the data sets up to each rank, minus that rank, with the
    band that 95 % of uniform samples do not leave anywhere (Säilynoja, Bürkner and Vehtari 2022). p: of the test that this band belongs to.`,
  });
}

function rankWords({ ranks, bias }: ParameterCalibration): string {
  return `p = ${formatNumber(ranks.p, 2)}. Bias ${formatNumber(bias.z, 2)} \u03c3.`;
}

const WIDTH = 300;

function rankDrawing(name: string, { n, ranks }: ParameterCalibration): Drawing {
  const parts = ranks.counts.length;
  const bars = ranks.counts.map((count, part) => ({ from: part / parts, to: (part + 1) / parts, count }));
  const ends = { z: 1, low: 0, high: 0, difference: 0 };
  const steps = ranks.cumulative.map((count, edge) => {
    const z = (edge + 1) / parts;
    return { z, low: ranks.low[edge]! / n - z, high: ranks.high[edge]! / n - z, difference: count / n - z };
  });
  const course = [{ ...ends, z: 0 }, ...steps, ends];
  const centred = { labelAnchor: 'center', labelArrow: 'none', tickSize: 0, ticks: 3 } as const;
  const margins = { marginLeft: 62, marginTop: 8 };
  return {
    id: `calibration-${name}`,
    title: `Ranks of the true ${name}`,
    description: `${plural(n, 'data set')} in ${parts} parts: ${ranks.counts.join(', ')}. Test of uniformity: p = ${formatNumber(ranks.p, 2)}.`,
    width: WIDTH,
    panels: [
      {
        height: 110,
        options: {
          ...margins,
          marginBottom: 6,
          x: { domain: [0, 1], axis: null },
          y: { ...centred, label: 'data sets', domain: [0, 1.1 * Math.max(...ranks.counts, 1)] },
          marks: [
            Plot.rect(bars, {
              x1: 'from',
              x2: 'to',
              y1: 0,
              y2: 'count',
              insetLeft: 0.5,
              insetRight: 0.5,
              fill: COLOUR.ensemble,
              fillOpacity: 0.85,
            }),
            Plot.ruleY([n / parts], { stroke: COLOUR.ink, strokeDasharray: '4 3' }),
          ],
        },
      },
      {
        height: 136,
        options: {
          ...margins,
          marginBottom: 42,
          x: { domain: [0, 1], label: 'rank of the truth', labelAnchor: 'center', labelArrow: 'none', ticks: 4, tickSize: 4 },
          y: { ...centred, label: 'difference', inset: 6 },
          marks: [
            Plot.areaY(course, { x: 'z', y1: 'low', y2: 'high', fill: COLOUR.muted, fillOpacity: 0.22 }),
            Plot.ruleY([0], { stroke: COLOUR.ink, strokeDasharray: '4 3' }),
            Plot.line(course, { x: 'z', y: 'difference', stroke: COLOUR.ensemble, strokeWidth: 1.8 }),
          ],
        },
      },
    ],
  };
}

function coverageTable(shown: Shown): Markup {
  return renderTable({
    label: 'Coverage',
    caption: html`How often intervals hold the truth, with Wilson’s 95 % intervals. The factor on their width is split conformal and never
    below 1; coverage after calibration is cross-validated: each tenth of the truths with the factor of the other nine. All of it is on
    average over the truths that were drawn: around one of them intervals may hold more often or less.`,
    rows: html`<thead>
        <tr>
          <th scope="col">Parameter</th>
          <th scope="col" class="number">Interval</th>
          <th scope="col" class="number">holds the truth in</th>
          <th scope="col" class="number">factor</th>
          <th scope="col" class="number">after calibration</th>
        </tr>
      </thead>
      <tbody>
        ${shown.flatMap(({ name, own }) =>
          NAMES.map((level, i) => {
            const { factor, calibrated, ...before } = own.levels[level];
            return html`<tr>
              ${i === 0 && html`<th scope="rowgroup" rowspan="${NAMES.length}">${name}</th>`}
              <td class="number">${level} %</td>
              <td class="number">${coverageText(before)}</td>
              <td class="number">${formatNumber(factor, 3)}</td>
              <td class="number">${coverageText(calibrated)}</td>
            </tr>`;
          }),
        )}
      </tbody>`,
    width: 'fit',
  });
}

function coverageText(coverage: Coverage | null): string {
  if (coverage === null) return NOTHING;
  const [low, high] = coverage.ci95;
  return `${formatPercent(coverage.coverage)} (${formatPercent(low)} to ${formatPercent(high)})`;
}

function errorTable(shown: Shown): Markup {
  return renderTable({
    label: 'Errors in units of sigma',
    caption: html`Errors of the estimates in units of their σ: right intervals have bias 0 and spread 1. Last column: how often an 80 %
    interval would hold the truth that took the replicas’ agreement for certainty (their spread alone in place of σ).`,
    rows: html`<thead>
        <tr>
          <th scope="col">Parameter</th>
          <th scope="col" class="number">Data sets</th>
          <th scope="col" class="number">bias (σ)</th>
          <th scope="col" class="number">spread (σ)</th>
          <th scope="col" class="number">p of uniform ranks</th>
          <th scope="col" class="number">by spread alone</th>
        </tr>
      </thead>
      <tbody>
        ${shown.map(
          ({ name, own: { n, bias, spread, ranks, spreadAlone80 } }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td class="number">${formatCount(n)}</td>
              <td class="number">${formatNumber(bias.z, 2)} (${formatInterval(bias.ci95, 2)})</td>
              <td class="number">${formatNumber(spread, 3)}</td>
              <td class="number">${formatNumber(ranks.p, 2)}</td>
              <td class="number">${formatPercent(spreadAlone80)}</td>
            </tr>`,
        )}
      </tbody>`,
    width: 'fit',
  });
}

/** `real`: of recordings. */
function renderCalibrated(infer: readonly InferredParameter[], { from, dataSets, coverage }: Calibrated, real: boolean): Markup {
  const sets = dataSets.map(({ label, draw, parameters }) => ({
    label: draw === 0 ? label : `${label}, draw ${draw + 1}`,
    rows: infer.flatMap((parameter) => {
      const own = parameters[parameter.name];
      return own === undefined ? [] : [{ parameter, own }];
    }),
  }));
  const most = Math.max(1, Math.floor(MOST_ROWS / infer.length));
  return html`${renderTable({
    label: 'Calibrated intervals',
    caption: html`Calibrated intervals of each data set, by the run ${from.name} (${from.sweep.slice(0, 12)}), which had the same problem,
    network and training on ${plural(from.n, 'data set')} with ${plural(from.truths, 'known truth')}. They hold what they promise on average
    over those truths, not around each of them${real && ', and for a cell that obeys the model: a real one is not the model'}.`,
    rows: html`<thead>
        <tr>
          <th scope="col">Data</th>
          <th scope="col">Parameter</th>
          <th scope="col" class="number">Estimate</th>
          <th scope="col" class="number">80 % interval</th>
          <th scope="col" class="number">95 % interval</th>
          <th scope="col" class="number">Replicas</th>
        </tr>
      </thead>
      <tbody>
        ${sets.slice(0, most).flatMap(({ label, rows }) =>
          rows.map(
            ({ parameter, own }, i) =>
              html`<tr>
                ${i === 0 && html`<th scope="rowgroup" rowspan="${rows.length}">${label}</th>`}
                <td>${withUnit(parameter.name, parameter.unit)}</td>
                <td class="number strong">${formatNumber(own.estimate)}</td>
                <td class="number">${intervalText(own, '80')}</td>
                <td class="number">${intervalText(own, '95')}</td>
                <td class="number">${formatCount(own.n)}</td>
              </tr>`,
          ),
        )}
      </tbody>`,
    width: 'fit',
  })}
  ${sets.length > most && html`<p class="note">${plural(sets.length - most, 'more data set')} in summary.json.</p>`}
  ${coverage !== undefined && appliedTable(coverage)}`;
}

function intervalText({ outside, intervals }: CalibratedParameter, level: Level): string {
  return outside ? 'not calibrated: beyond the truths that were tried' : formatInterval(intervals[level]);
}

function appliedTable(coverage: NonNullable<Calibrated['coverage']>): Markup {
  return renderTable({
    label: 'Coverage of the calibrated intervals',
    caption: html`How often the calibrated intervals hold the truths of this run, with Wilson’s 95 % intervals. No truth of this run helped
    to make the factors.`,
    rows: html`<thead>
        <tr>
          <th scope="col">Parameter</th>
          <th scope="col" class="number">Data sets</th>
          ${NAMES.map((level) => html`<th scope="col" class="number">${level} % intervals</th>`)}
        </tr>
      </thead>
      <tbody>
        ${Object.entries(coverage).map(
          ([name, own]) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td class="number">${formatCount(own.n)}</td>
              ${NAMES.map((level) => html`<td class="number">${coverageText(own[level])}</td>`)}
            </tr>`,
        )}
      </tbody>`,
    width: 'fit',
  });
}
