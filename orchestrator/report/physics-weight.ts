/**
 * Parameters against the weights of the loss, where the sweep varies one: an answer that moves with the weight of the physics is the network's
 * and not the data's. The forward simulation's misfit stands beside them.
 */
import * as Plot from '@observablehq/plot';
import type { Lock } from '../../schemas/generated/types.ts';
import { median } from '../../schemas/sample-quantile.ts';
import type { Coded } from '../aggregate/column.ts';
import type { ReplicaTable } from '../aggregate/replica-table.ts';
import { fitAxis, labelledScale, leftMargin } from './fitted-axis.ts';
import type { Drawing } from './drawing.ts';
import type { Cell, FigureList } from './figure.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { plural, withUnit } from './number-format.ts';
import type { NumbersTable } from './numbers-table.ts';
import { COLOUR } from './palette.ts';
import { replicaKey } from './replica-marks.ts';
import { thinItems } from './thinning.ts';

/** Weights of terms of the loss, in the order of the schema. */
const WEIGHTS = ['loss.data', 'loss.current', 'loss.gates'] as const;
const MOST_DOTS = 400;
/** Of the numbers' file; all replicas are in replicas.parquet. */
const MOST_ROWS = 10_000;

export function weightFigures(lock: Lock, table: ReplicaTable, figures: FigureList): Markup[] {
  return WEIGHTS.flatMap((axis) => {
    const column = table.axes[axis];
    return column === undefined || column.values.length < 2 ? [] : [weightFigure(axis, column, lock, table, figures)];
  });
}

interface Quantity {
  readonly name: string;
  readonly label: string;
  readonly positive: boolean;
  readonly values: Float64Array;
}

function weightFigure(axis: string, column: Coded<string | number>, lock: Lock, table: ReplicaTable, figures: FigureList): Markup {
  const quantities: Quantity[] = [
    ...lock.resolved.problem.infer.map(({ name, unit, positive }) => ({
      name,
      label: withUnit(name, unit),
      positive,
      values: table.parameters[name]!,
    })),
    { name: 'rmse', label: 'forward RMSE (mV)', positive: true, values: table.predictiveRmseMv },
  ];
  return figures.add({
    name: `weight-${axis}`,
    title: `Parameters against the weight ${axis}.`,
    size: 'small',
    key: [...replicaKey(table), { mark: 'line', colour: COLOUR.ensemble, text: 'median of the accepted' }],
    cells: quantities.map((quantity) => weightCell(axis, column, quantity, table)),
    numbers: [weightNumbers(axis, column, quantities, table)],
    caption: html`A dot for each replica. Estimates that still move with the weight are not those of the data; read them where they no
    longer do and the forward simulation’s misfit is least.`,
  });
}

/** Of every replica that has an estimate. */
function weightNumbers(
  axis: string,
  { values, codes }: Coded<string | number>,
  quantities: readonly Quantity[],
  { estimated, accepted }: ReplicaTable,
): NumbersTable {
  const rows = thinItems(
    [...codes.keys()].filter((row) => estimated[row] === 1),
    MOST_ROWS,
  );
  return {
    columns: [axis, 'accepted', ...quantities.map(({ label }) => label)],
    rows: rows.map((row) => [values[codes[row]!], accepted[row], ...quantities.map((quantity) => quantity.values[row])]),
  };
}

interface Dot {
  readonly weight: number;
  readonly value: number;
}

function weightCell(axis: string, { values, codes }: Coded<string | number>, quantity: Quantity, table: ReplicaTable): Cell {
  const dotAt = (row: number): Dot => ({ weight: Number(values[codes[row]!]), value: quantity.values[row]! });
  // rows, not dots: of a million replicas those would fill the memory
  const rowsOf = (wanted: 0 | 1): number[] =>
    [...codes.keys()].filter((row) => {
      if (table.estimated[row] !== 1 || table.accepted[row] !== wanted) return false;
      const { weight, value } = dotAt(row);
      return Number.isFinite(weight) && Number.isFinite(value);
    });
  const [rejected, accepted] = [rowsOf(0), rowsOf(1)];
  const valuesOf = (rows: readonly number[]): number[] => rows.map((row) => quantity.values[row]!);
  const fitted = fitAxis(valuesOf(accepted), valuesOf(rejected), [], quantity.positive);
  const inside = (rows: readonly number[]): number[] => rows.filter((row) => fitted.holds(quantity.values[row]!));
  const within = { accepted: inside(accepted), rejected: inside(rejected) };
  const beyond = accepted.length + rejected.length - within.accepted.length - within.rejected.length;
  const seen = (rows: readonly number[]): Dot[] => thinItems(rows, MOST_DOTS).map(dotAt);
  const weights = values.map(Number).filter(Number.isFinite);
  // also a weight whose replicas all lie beyond the other axis
  const [low, high] = [Math.min(...weights), Math.max(...weights)];
  const x = labelledScale({ log: low > 0 && weights.length === values.length, low, high }, axis, { inset: 8 });
  const y = labelledScale(fitted, quantity.label, { grid: true });
  const marks = [
    Plot.dot(seen(within.rejected), { x: 'weight', y: 'value', r: 2.2, stroke: COLOUR.rejected, strokeWidth: 1.1 }),
    Plot.dot(seen(within.accepted), { x: 'weight', y: 'value', r: 2.4, fill: COLOUR.ensemble, fillOpacity: 0.6 }),
    Plot.line(medians(accepted, dotAt), { x: 'weight', y: 'value', stroke: COLOUR.ensemble, strokeWidth: 1.6 }),
  ];
  const drawing: Drawing = {
    id: `weight-${axis.replaceAll('.', '-')}-${quantity.name}`,
    title: `${quantity.name} against ${axis}`,
    description: `${accepted.length} accepted, ${rejected.length} rejected replicas.`,
    width: 300,
    panels: [{ height: 230, options: { marginTop: 8, marginBottom: 42, marginLeft: leftMargin(fitted), x, y, marks } }],
  };
  return { drawing, note: beyond === 0 ? '' : `${plural(beyond, 'replica')} beyond the axis.` };
}

/** Of the values at each weight, where a weight has several; a line through single dots would be noise. */
function medians(rows: readonly number[], dotAt: (row: number) => Dot): Dot[] {
  const groups = new Map<number, number[]>();
  for (const row of rows) {
    const { weight, value } = dotAt(row);
    const group = groups.get(weight);
    if (group === undefined) groups.set(weight, [value]);
    else group.push(value);
  }
  if (2 * groups.size > rows.length) return [];
  return [...groups].toSorted(([a], [b]) => a - b).map(([weight, values]) => ({ weight, value: median(values) ?? NaN }));
}
