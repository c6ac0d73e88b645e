/** Distributions and a table of the parameters by the axes that the reader asked for. */
import * as Plot from '@observablehq/plot';
import type { GroupSummary, InferredParameter, Lock, Summary } from '../../schemas/generated/types.ts';
import type { ReportTables } from '../aggregate/aggregate.ts';
import type { Drawing } from './drawing.ts';
import { fitAxis, labelledScale } from './fitted-axis.ts';
import type { FigureList } from './figure.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatCount, formatInterval, formatNumber, formatPercent, plural, withUnit } from './number-format.ts';
import { columnName } from './numbers-table.ts';
import type { NumbersTable } from './numbers-table.ts';
import { COLOUR } from './palette.ts';
import { renderTable } from './table.ts';
import { thinItems } from './thinning.ts';

/** Ticks of one group, at most. */
const MOST_TICKS = 150;

export function renderGroups(lock: Lock, { groups }: Summary, tables: ReportTables, figures: FigureList): Markup | undefined {
  if (groups === undefined) return undefined;
  const { infer } = lock.resolved.problem;
  const by = groups.by.join(' × ');
  const drawn = infer.map((parameter) => ({ parameter, values: groups.groups.map((_, g) => valuesOf(parameter, tables, g)) }));
  return html`<section id="groups" aria-labelledby="groups-heading">
    <h2 id="groups-heading">By ${by}</h2>
    ${
      groups.groups.some(({ accepted }) => accepted > 0) &&
      figures.add({
        name: 'groups',
        title: `Parameters by ${by}, ${plural(groups.groups.length, 'group')}.`,
        key: [
          { mark: 'tick', colour: COLOUR.ensemble, text: 'an accepted replica' },
          { mark: 'interval', colour: COLOUR.ink, text: 'median and its 95 % interval' },
        ],
        size: 'small',
        cells: drawn.map(({ parameter, values }) => ({ drawing: groupDrawing(parameter, groups.groups, values) })),
        numbers: [groupNumbers(groups.by, groups.groups, infer)],
        caption: html`Numbered as the rows of the table below. At most ${MOST_TICKS} replicas of a group are drawn, evenly chosen. Intervals
        as in the first table, from the group’s replicas alone.`,
      })
    }
    ${groupTable(groups.by, groups.groups, infer)}
    ${groups.omitted > 0 && html`<p class="note">${plural(groups.omitted, 'more group')}: all replicas are in replicas.parquet.</p>`}
  </section> `;
}

/** Accepted estimates of a group, in the order of the expansion. */
function valuesOf({ name }: InferredParameter, { replicas, groupMembers }: ReportTables, group: number): number[] {
  const member = groupMembers[group]!;
  return Array.from(replicas.parameters[name]!).filter((_, row) => member[row] === 1 && replicas.accepted[row] === 1);
}

function groupDrawing(
  { name, unit, positive }: InferredParameter,
  groups: readonly GroupSummary[],
  values: readonly (readonly number[])[],
): Drawing {
  const numbers = groups.map((_, g) => String(g + 1));
  const rows = groups.map(({ parameters }, g) => {
    const { median, ci95 } = parameters[name]!;
    return { number: numbers[g]!, median, low: ci95?.[0], high: ci95?.[1] };
  });
  const ticks = values.flatMap((own, g) => thinItems(own, MOST_TICKS).map((value) => ({ value, number: numbers[g]! })));
  const axis = fitAxis(
    ticks.map(({ value }) => value),
    [],
    [],
    positive,
  );
  const marks = [
    Plot.tickX(ticks, { x: 'value', y: 'number', stroke: COLOUR.ensemble, strokeOpacity: 0.45, insetTop: 2, insetBottom: 2 }),
    Plot.link(rows, { x1: 'low', x2: 'high', y1: 'number', y2: 'number', stroke: COLOUR.ink, strokeWidth: 2.5 }),
    Plot.dot(rows, { x: 'median', y: 'number', r: 4, fill: COLOUR.paper, stroke: COLOUR.ink, strokeWidth: 1.8 }),
  ];
  const x = labelledScale(axis, withUnit(name, unit), { tickSize: 4, grid: true });
  const y: Plot.ScaleOptions = { type: 'band', domain: numbers, label: null, tickSize: 0, padding: 0.2 };
  return {
    id: `groups-${name}`,
    title: `${name} by group`,
    description: rows.map(({ number, median }) => `Row ${number}: median ${formatNumber(median)}.`).join(' '),
    width: 300,
    panels: [{ height: 60 + 24 * rows.length, options: { marginLeft: 28, marginTop: 6, marginBottom: 42, x, y, marks } }],
  };
}

function groupNumbers(by: readonly string[], groups: readonly GroupSummary[], infer: readonly InferredParameter[]): NumbersTable {
  const parts = ['median', 'spread', 'median 95 % from', 'median 95 % to'];
  return {
    columns: [
      ...by,
      'finished',
      'accepted',
      ...infer.flatMap(({ name, unit }) => parts.map((part) => columnName(`${name}, ${part}`, unit))),
    ],
    rows: groups.map(({ values, finished, accepted, parameters }) => [
      ...by.map((axis) => values[axis]),
      finished,
      accepted,
      ...infer.flatMap(({ name }) => {
        const { median, mad, ci95 } = parameters[name]!;
        return [median, mad, ci95?.[0], ci95?.[1]];
      }),
    ]),
  };
}

function groupTable(by: readonly string[], groups: readonly GroupSummary[], infer: readonly InferredParameter[]): Markup {
  return renderTable({
    label: `By ${by.join(' and ')}`,
    caption: html`Each group’s accepted replicas: median, below it the 95 % interval of the median and the spread.`,
    rows: html`<thead>
        <tr>
          <th scope="col" class="number">Row</th>
          ${by.map((axis) => html`<th scope="col">${axis}</th>`)}
          <th scope="col" class="number">Finished</th>
          <th scope="col" class="number">Accepted</th>
          ${infer.map(({ name, unit }) => html`<th scope="col" class="number">${withUnit(name, unit)}</th>`)}
          <th scope="col" class="number">χ² per sample</th>
          <th scope="col" class="number">forward RMSE (mV)</th>
        </tr>
      </thead>
      <tbody>
        ${groups.map(
          ({ values, finished, accepted, parameters, chi2, rmseMv }, g) =>
            html`<tr>
              <th scope="row" class="number">${g + 1}</th>
              ${by.map((axis) => html`<td>${axis === 'draw' ? Number(values[axis]) + 1 : values[axis]}</td>`)}
              <td class="number">${formatCount(finished)}</td>
              <td class="number">${formatPercent(accepted / finished)}</td>
              ${infer.map(({ name }) => groupCell(parameters[name]!))}
              <td class="number">${formatNumber(chi2, 3)}</td>
              <td class="number">${formatNumber(rmseMv, 3)}</td>
            </tr>`,
        )}
      </tbody>`,
  });
}

function groupCell({ median, mad, ci95 }: GroupSummary['parameters'][string]): Markup {
  return html`<td class="number">
    ${formatNumber(median)}${ci95 !== null && html`<span class="below">${formatInterval(ci95)}</span>`}${mad !== null && html`<span class="below">±${formatNumber(mad, 2)}</span>`}
  </td>`;
}
