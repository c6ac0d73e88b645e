/** Estimates by axis of the sweep: does the answer depend on the data set, the architecture, the weights? */
import type { InferredParameter, Lock, Summary } from '../../schemas/generated/types.ts';
import * as Plot from '@observablehq/plot';
import type { AxisRow, AxisTable } from '../aggregate/axis-table.ts';
import { fitAxis, labelledScale } from './fitted-axis.ts';
import type { Drawing } from './drawing.ts';
import type { FigureList } from './figure.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatCount, formatNumber, formatPercent, withUnit } from './number-format.ts';
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
        caption: html`Numbered as the rows of the table below. Differences larger than the spread within a row say that the answer depends
        on this axis.`,
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
  const numbered = drawn.map((row) => ({ number: String(axis.rows.indexOf(row) + 1), ...row.parameters[name]! }));
  const ends = numbered.flatMap(({ low, high }) => [low, high]).filter((value) => value !== null);
  const fitted = fitAxis(ends, [], truth, positive);
  const marks = [
    ...truth.map((value) => Plot.ruleX([value], { stroke: COLOUR.truth, strokeWidth: 1.6 })),
    Plot.link(numbered, { x1: 'low', x2: 'high', y1: 'number', y2: 'number', stroke: COLOUR.ensemble, strokeWidth: 2.5 }),
    Plot.dot(numbered, { x: 'median', y: 'number', r: 4, fill: COLOUR.paper, stroke: COLOUR.ensemble, strokeWidth: 2 }),
  ];
  const x = labelledScale(fitted, withUnit(name, unit), { tickSize: 4, grid: true });
  const y: Plot.ScaleOptions = { type: 'point', domain: numbered.map(({ number }) => number), label: null, tickSize: 0 };
  return {
    id: `axis-${axis.axis.replaceAll('.', '-')}-${name}`,
    title: `${name} by ${axis.axis}`,
    description: numbered.map(({ number, median }) => `Row ${number}: median ${formatNumber(median)}.`).join(' '),
    width: 300,
    panels: [{ height: 60 + 22 * numbered.length, options: { marginLeft: 28, marginTop: 6, marginBottom: 42, x, y, marks } }],
  };
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

function axisTable({ rows, omitted }: AxisTable, name: string, infer: readonly InferredParameter[]): Markup {
  const truthful = infer.filter((parameter) => rows.some(({ rmsError }) => (rmsError[parameter.name] ?? null) !== null));
  return html`${renderTable({
    label: `By ${name}`,
    caption: html`Medians over accepted replicas by ${name}; seconds are of all that finished.`,
    rows: html`<thead>
        <tr>
          <th scope="col" class="number">Row</th>
          <th scope="col">${name}</th>
          <th scope="col" class="number">Finished</th>
          <th scope="col" class="number">Accepted</th>
          ${infer.map((parameter) => html`<th scope="col" class="number">${withUnit(parameter.name, parameter.unit)}</th>`)}
          ${truthful.map((parameter) => html`<th scope="col" class="number">error of ${parameter.name} (RMS)</th>`)}
          <th scope="col" class="number">χ² per sample</th>
          <th scope="col" class="number">forward RMSE (mV)</th>
          <th scope="col" class="number">seconds</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ label, finished, accepted, parameters, rmsError, chi2, rmseMv, seconds }, i) =>
            html`<tr>
              <td class="number">${i + 1}</td>
              <th scope="row">${rowLabel(name, label)}</th>
              <td class="number">${formatCount(finished)}</td>
              <td class="number">${formatPercent(finished === 0 ? null : accepted / finished)}</td>
              ${infer.map((parameter) => html`<td class="number">${formatNumber(parameters[parameter.name]?.median)}</td>`)}
              ${truthful.map((parameter) => html`<td class="number">${formatPercent(rmsError[parameter.name] ?? null)}</td>`)}
              <td class="number">${formatNumber(chi2, 3)}</td>
              <td class="number">${formatNumber(rmseMv, 3)}</td>
              <td class="number">${formatNumber(seconds, 2)}</td>
            </tr>`,
        )}
      </tbody>`,
  })}
  ${omitted > 0 && html`<p class="note">${formatCount(omitted)} more rows; all are in replicas.parquet.</p>`}`;
}

function rowLabel(name: string, label: string): string {
  return name === 'noise draw' ? String(Number(label) + 1) : label;
}
