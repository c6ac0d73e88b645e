/** Every two parameters against each other, with the correlation of their estimates beside that of the Fisher information. */
import type { Dependence, InferredParameter, Lock, Summary } from '../../schemas/generated/types.ts';
import type { ReplicaTable } from '../aggregate/replica-table.ts';
import type { Cell, FigureList, KeyEntry } from './figure.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatNumber, plural, withUnit } from './number-format.ts';
import { columnName } from './numbers-table.ts';
import type { NumbersCell } from './numbers-table.ts';
import { drawPair } from './pair.ts';
import type { DrawnPair, PairAxis } from './pair.ts';
import { replicaKey, split } from './replica-marks.ts';

/** Parameters in the pair plot; their number of panels grows with its square. */
const MOST_PAIRED = 5;

/** `truthsOf`: true values that are drawn as lines; `truthKey`: what these mean, where there are any. */
export function pairFigure(
  { resolved: { problem } }: Lock,
  { dependence = [] }: Summary,
  table: ReplicaTable,
  truthsOf: (name: string) => readonly number[],
  truthKey: readonly KeyEntry[],
  figures: FigureList,
): Markup {
  const { infer } = problem;
  const chosen = infer.slice(0, MOST_PAIRED);
  const pairs = chosen.flatMap((y, j) => chosen.slice(0, j).map((x) => drawnPair(x, y, table, dependence, truthsOf)));
  return figures.add({
    name: 'pairs',
    title: 'Parameters against each other.',
    key: [...replicaKey(table), ...truthKey],
    size: 'small',
    cells: pairs.map(pairCell),
    numbers: [
      { columns: ['x', 'y', 'replica', 'value of x', 'value of y'], rows: pairs.flatMap(pairRows) },
      {
        part: 'correlation',
        columns: ['x', 'y', 'Kendall tau b', 'correlation of estimates', 'correlation by Fisher information'],
        rows: dependence.map(({ x, y, tau, correlation, fisher }) => [x, y, tau, correlation, fisher]),
      },
    ],
    caption: html`A dot for each replica (at most 500 of each kind are drawn, evenly chosen). Dots along a line say that the data fix a
    combination of the two better than either. r: correlation of the accepted estimates (of logarithms, where positive), robust: sin(πτ/2)
    of Kendall’s τ.
    ${informationWords(dependence, table)}${infer.length > chosen.length && ` Only the first ${MOST_PAIRED} of ${infer.length} parameters are paired.`}`,
  });
}

function informationWords(dependence: readonly Dependence[], table: ReplicaTable): string {
  if (dependence.some(({ fisher }) => fisher !== undefined))
    return 'By information: correlation of the errors that noise alone would make, from the Fisher information at a typical accepted replica; none where the data leave one of the two open. Alike, the spread is that of the data; unlike, something else moves the estimates.';
  if (dependence.length === 0) return 'Of fewer than three accepted replicas there is no correlation.';
  if (table.traces.size === 0)
    return 'What the Fisher information says is not known: no replica kept its time courses, and with them its initial state.';
  return 'The Fisher information says nothing here: it could not be computed, or the data leave parameters open.';
}

interface Pair extends DrawnPair {
  readonly x: InferredParameter;
  readonly y: InferredParameter;
  readonly dependence: Dependence | undefined;
}

function drawnPair(
  x: InferredParameter,
  y: InferredParameter,
  table: ReplicaTable,
  dependences: readonly Dependence[],
  truthsOf: (name: string) => readonly number[],
): Pair {
  const axisOf = ({ name, unit, positive }: InferredParameter): PairAxis => ({
    label: withUnit(name, unit),
    positive,
    ...split(table, estimatedOnly(table, name)),
    truths: truthsOf(name),
  });
  const axes = { x: axisOf(x), y: axisOf(y) };
  const dependence = dependences.find((one) => one.x === x.name && one.y === y.name);
  const drawn = drawPair({
    id: `pair-${x.name}-${y.name}`,
    title: `${y.name} against ${x.name}`,
    description: `Correlation ${formatNumber(dependence?.correlation, 2)} over ${plural(axes.x.accepted.length, 'accepted replica')}.`,
    ...axes,
  });
  return { x, y, dependence, ...drawn };
}

function pairCell({ drawing, beyond, dependence }: Pair): Cell {
  const words = [
    dependence === undefined ? '' : `r = ${formatNumber(dependence.correlation, 2)}`,
    dependence?.fisher === undefined ? '' : `by information ${formatNumber(dependence.fisher, 2)}`,
  ];
  const numbers = words.filter((text) => text !== '').join(', ');
  return {
    drawing,
    note: [numbers, beyond === 0 ? '' : `${plural(beyond, 'replica')} beyond the axes`].filter((text) => text !== '').join('; '),
  };
}

function pairRows({ x, y, seen }: Pair): NumbersCell[][] {
  const names = [columnName(x.name, x.unit), columnName(y.name, y.unit)];
  return (['accepted', 'rejected'] as const).flatMap((group) => seen[group].map((values) => [...names, group, ...values]));
}

/** A parameter's column, with nothing where any other parameter has no estimate: pairs stay pairs. */
function estimatedOnly(table: ReplicaTable, name: string): Float64Array {
  return table.parameters[name]!.map((value, row) => (table.estimated[row] === 1 ? value : NaN));
}
