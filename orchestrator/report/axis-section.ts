/** Estimates by axis of the sweep: does the answer depend on the data set, the architecture, the weights? */
import type { InferredParameter, Lock, Summary } from '../../schemas/generated/types.ts';
import * as Plot from '@observablehq/plot';
import type { AxisRow, AxisTable } from '../aggregate/axis-table.ts';
import { fitAxis, labelledScale } from './fitted-axis.ts';
import type { Drawing } from './drawing.ts';
import type { FigureList } from './figure.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatCount, formatNumber, formatPercent, NOTHING, withUnit } from './number-format.ts';
import { columnName } from './numbers-table.ts';
import type { NumbersTable } from './numbers-table.ts';
import { COLOUR } from './palette.ts';
import { truths } from './parameter-section.ts';
import { renderTable } from './table.ts';

const NAMES: Readonly<Record<string, string>> = { data: 'data', draw: 'noise draw' };

export function renderAxes(lock: Lock, summary: Summary, axes: readonly AxisTable[], figures: FigureList): Markup {
  return html`<section id="axes" aria-labelledby="axes-heading">
    <h2 id="axes-heading">Configurations</h2>
    ${axes.length === 0 ? html`<p>All replicas share one configuration and one data set; they differ in their seed.</p>` : axes.map((axis) => renderAxis(lock, summary, axis, figures))}
  </section> `;
}

function renderAxis(lock: Lock, summary: Summary, axis: AxisTable, figures: FigureList): Markup {
  const { infer } = lock.resolved.problem;
  const name = NAMES[axis.axis] ?? axis.axis;
  const drawn = axis.rows.filter(({ accepted }) => accepted > 0);
  const known = infer.some((parameter) => truths(summary.parameters[parameter.name]!).length > 0);
  return html`<h3>By ${name}</h3>
    ${
      drawn.length > 1 &&
      figures.add({
        name: `by-${axis.axis}`,
        title: `Parameters by ${name}.`,
        key: [
          { mark: 'interval', colour: COLOUR.ensemble, text: 'median and middle half of the accepted replicas' },
          ...(known ? ([{ mark: 'reference', colour: COLOUR.truth, text: 'truth' }] as const) : []),
        ],
        size: 'small',
        cells: infer.map((parameter) => ({
          drawing: axisDrawing(axis, drawn, parameter, truths(summary.parameters[parameter.name]!)),
        })),
        numbers: [axisNumbers(axis, infer)],
        caption: html`${rowWords(axis)}Differences larger than the spread within a row say that the answer depends on this axis.`,
      })
    }
    ${axisTable(axis, name, infer)}`;
}

function axisDrawing(
  axis: AxisTable,
  drawn: readonly AxisRow[],
  { name, unit, positive }: InferredParameter,
  truth: readonly number[],
): Drawing {
  const names = shortNames(axis) ?? axis.rows.map((_, i) => String(i + 1));
  const named = drawn.map((row) => ({ row: names[axis.rows.indexOf(row)]!, ...row.parameters[name]! }));
  const ends = named.flatMap(({ low, high }) => [low, high]).filter((value) => value !== null);
  const fitted = fitAxis(ends, [], truth, positive);
  const marks = [
    ...truth.map((value) => Plot.ruleX([value], { stroke: COLOUR.truth, strokeWidth: 1.6 })),
    Plot.link(named, { x1: 'low', x2: 'high', y1: 'row', y2: 'row', stroke: COLOUR.ensemble, strokeWidth: 2.5 }),
    Plot.dot(named, { x: 'median', y: 'row', r: 4, fill: COLOUR.paper, stroke: COLOUR.ensemble, strokeWidth: 2 }),
  ];
  const x = labelledScale(fitted, withUnit(name, unit), { tickSize: 4, grid: true });
  const y: Plot.ScaleOptions = { type: 'point', domain: named.map(({ row }) => row), label: null, tickSize: 0 };
  return {
    id: `axis-${axis.axis.replaceAll('.', '-')}-${name}`,
    title: `${name} by ${axis.axis}`,
    description: named.map(({ row, median }) => `${NAMES[axis.axis] ?? axis.axis} ${row}: median ${formatNumber(median)}.`).join(' '),
    width: 300,
    panels: [{ height: 60 + 22 * named.length, options: { marginLeft: marginFor(names), marginTop: 6, marginBottom: 42, x, y, marks } }],
  };
}

/** Letters of a name that fits beside a small drawing. */
const MOST_LETTERS = 14;

/** The values of the axis, where they are short enough to stand in the drawing. */
function shortNames(axis: AxisTable): readonly string[] | undefined {
  const { names } = namesOf(axis);
  return names.every((name) => name.length <= MOST_LETTERS) ? names : undefined;
}

/** The values of the axis, without the words that they all begin with: "spike 7" of a recording's sweep. Draws are counted from 1 on the page. */
function namesOf({ axis, rows }: AxisTable): { readonly common: string; readonly names: readonly string[] } {
  const labels = rows.map(({ label }) => (axis === 'draw' ? String(Number(label) + 1) : label).split(' '));
  const [first = []] = labels;
  let shared = 0;
  while (labels.every((words) => words.length > shared + 1 && words[shared] === first[shared])) shared++;
  return { common: first.slice(0, shared).join(' '), names: labels.map((words) => words.slice(shared).join(' ')) };
}

/** What the rows of the drawing are, where they do not say it themselves. */
function rowWords(axis: AxisTable): string {
  if (shortNames(axis) === undefined) return 'Numbered as the rows of the table below. ';
  const { common } = namesOf(axis);
  return common === '' ? '' : `Rows: ${common} \u2026. `;
}

/** px */
function marginFor(names: readonly string[]): number {
  return 12 + 6.5 * Math.max(2, ...names.map((name) => name.length));
}

function axisNumbers({ axis, rows }: AxisTable, infer: readonly InferredParameter[]): NumbersTable {
  const names = infer.flatMap(({ name, unit }) => ['25 %', 'median', '75 %'].map((part) => columnName(`${name}, ${part}`, unit)));
  return {
    columns: [axis, 'finished', 'accepted', ...names],
    rows: rows.map(({ label, finished, accepted, parameters }) => [
      label,
      finished,
      accepted,
      ...infer.flatMap(({ name }) => [parameters[name]?.low, parameters[name]?.median, parameters[name]?.high]),
    ]),
  };
}

function axisTable(table: AxisTable, name: string, infer: readonly InferredParameter[]): Markup {
  const { rows, omitted } = table;
  const errors = rows.some(({ rmsError }) => Object.values(rmsError).some((error) => error !== null));
  const numbered = shortNames(table) === undefined;
  const { common, names } = namesOf(table);
  return html`${renderTable({
    label: `By ${name}`,
    caption: html`Medians over accepted replicas by
    ${name}${common !== '' && ` (${common} …)`}${errors && ', below them the root mean square errors'}${
      rows.some(isRejected) && '; where none was accepted, in brackets, over all that finished'
    };
    seconds are of all that finished.`,
    rows: html`<thead>
        <tr>
          ${numbered && html`<th scope="col" class="number">Row</th>`}
          <th scope="col">${name}</th>
          <th scope="col" class="number">Finished</th>
          <th scope="col" class="number">Accepted</th>
          ${infer.map((parameter) => html`<th scope="col" class="number">${withUnit(parameter.name, parameter.unit)}</th>`)}
          <th scope="col" class="number">χ² per sample</th>
          <th scope="col" class="number">forward RMSE (mV)</th>
          <th scope="col" class="number">seconds</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row, i) => {
          const { finished, accepted, parameters, rmsError, chi2, rmseMv, seconds } = row;
          const shown = (text: string): string => (isRejected(row) && text !== NOTHING ? `(${text})` : text);
          return html`<tr>
            ${numbered && html`<td class="number">${i + 1}</td>`}
            <th scope="row">${names[i]}</th>
            <td class="number">${formatCount(finished)}</td>
            <td class="number">${formatPercent(finished === 0 ? null : accepted / finished)}</td>
            ${infer.map(({ name: one }) => estimateCell(shown(formatNumber(parameters[one]?.median)), rmsError[one] ?? null))}
            <td class="number">${shown(formatNumber(chi2, 3))}</td>
            <td class="number">${shown(formatNumber(rmseMv, 3))}</td>
            <td class="number">${formatNumber(seconds, 2)}</td>
          </tr>`;
        })}
      </tbody>`,
  })}
  ${omitted > 0 && html`<p class="note">${formatCount(omitted)} more rows; all are in replicas.parquet.</p>`}`;
}

/** A row of rejected replicas alone. */
function isRejected({ finished, accepted }: AxisRow): boolean {
  return accepted === 0 && finished > 0;
}

function estimateCell(median: string, error: number | null): Markup {
  return html`<td class="number">${median}${error !== null && html`<span class="below">${formatPercent(error)}</span>`}</td>`;
}
