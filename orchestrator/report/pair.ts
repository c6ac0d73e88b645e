/** Two parameters against each other, a dot for each replica: where the data cannot tell them apart, the dots form a line. */
import * as Plot from '@observablehq/plot';
import { fitAxis, labelledScale, leftMargin } from './fitted-axis.ts';
import type { Axis } from './fitted-axis.ts';
import type { Drawing } from './drawing.ts';
import { COLOUR } from './palette.ts';
import { thinItems } from './thinning.ts';

export interface PairOfParameters {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly x: PairAxis;
  readonly y: PairAxis;
}

export interface PairAxis {
  readonly label: string;
  readonly positive: boolean;
  /** in the same order as the other axis's */
  readonly accepted: readonly number[];
  readonly rejected: readonly number[];
  readonly truths: readonly number[];
}

const WIDTH = 300;
const HEIGHT = 280;
const MOST_DOTS = 500;

export interface DrawnPair {
  readonly drawing: Drawing;
  /** replicas beyond the axes */
  readonly beyond: number;
  /** x and y of the dots that are drawn */
  readonly seen: { readonly accepted: readonly Couple[]; readonly rejected: readonly Couple[] };
}

type Couple = readonly [x: number, y: number];

export function drawPair({ x, y, ...about }: PairOfParameters): DrawnPair {
  const axes = { x: fitAxis(x.accepted, x.rejected, x.truths, x.positive), y: fitAxis(y.accepted, y.rejected, y.truths, y.positive) };
  const within = { accepted: inside(axes, x.accepted, y.accepted), rejected: inside(axes, x.rejected, y.rejected) };
  const seen = {
    accepted: couples(thinItems(within.accepted, MOST_DOTS), x.accepted, y.accepted),
    rejected: couples(thinItems(within.rejected, MOST_DOTS), x.rejected, y.rejected),
  };
  const ticks = { tickSize: 4 };
  const marks = [
    Plot.frame({ stroke: COLOUR.rule }),
    ...x.truths.map((truth) => Plot.ruleX([truth], { stroke: COLOUR.truth, strokeWidth: 1.4 })),
    ...y.truths.map((truth) => Plot.ruleY([truth], { stroke: COLOUR.truth, strokeWidth: 1.4 })),
    Plot.dot(seen.rejected, { x: '0', y: '1', r: 2.4, stroke: COLOUR.rejected, strokeWidth: 1.1 }),
    Plot.dot(seen.accepted, { x: '0', y: '1', r: 2.6, fill: COLOUR.ensemble, fillOpacity: 0.75 }),
  ];
  const options = {
    marginTop: 8,
    marginBottom: 42,
    marginLeft: leftMargin(axes.y),
    x: labelledScale(axes.x, x.label, ticks),
    y: labelledScale(axes.y, y.label, ticks),
    marks,
  };
  const drawing = { ...about, width: WIDTH, panels: [{ height: HEIGHT, options }] };
  return { drawing, beyond: x.accepted.length + x.rejected.length - within.accepted.length - within.rejected.length, seen };
}

/** Places of the replicas within both axes. */
function inside(axes: { readonly x: Axis; readonly y: Axis }, x: readonly number[], y: readonly number[]): number[] {
  const places: number[] = [];
  for (let i = 0; i < x.length; i++) if (axes.x.holds(x[i]!) && axes.y.holds(y[i]!)) places.push(i);
  return places;
}

function couples(places: readonly number[], x: readonly number[], y: readonly number[]): Couple[] {
  return places.map((i) => [x[i]!, y[i]!]);
}
