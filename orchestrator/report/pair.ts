/** Two parameters against each other, a dot for each replica: where the data cannot tell them apart, the dots form a line. */
import * as Plot from '@observablehq/plot';
import { fitAxis, labelledScale } from './fitted-axis.ts';
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

/** The drawing, and how many replicas lie beyond its axes. */
export function drawPair({ x, y, ...about }: PairOfParameters): { drawing: Drawing; beyond: number } {
  const axes = { x: fitAxis(x.accepted, x.rejected, x.truths, x.positive), y: fitAxis(y.accepted, y.rejected, y.truths, y.positive) };
  const inside = ([a, b]: readonly [number, number]) => axes.x.holds(a) && axes.y.holds(b);
  const accepted = couples(x.accepted, y.accepted);
  const rejected = couples(x.rejected, y.rejected);
  const seen = { accepted: accepted.filter(inside), rejected: rejected.filter(inside) };
  const ticks = { tickSize: 4 };
  const marks = [
    Plot.frame({ stroke: COLOUR.rule }),
    ...x.truths.map((truth) => Plot.ruleX([truth], { stroke: COLOUR.truth, strokeWidth: 1.4 })),
    ...y.truths.map((truth) => Plot.ruleY([truth], { stroke: COLOUR.truth, strokeWidth: 1.4 })),
    Plot.dot(thinItems(seen.rejected, MOST_DOTS), { x: '0', y: '1', r: 2.4, stroke: COLOUR.rejected, strokeWidth: 1.1 }),
    Plot.dot(thinItems(seen.accepted, MOST_DOTS), { x: '0', y: '1', r: 2.6, fill: COLOUR.ensemble, fillOpacity: 0.75 }),
  ];
  const options = {
    marginTop: 8,
    marginBottom: 42,
    marginLeft: 56,
    x: labelledScale(axes.x, x.label, ticks),
    y: labelledScale(axes.y, y.label, ticks),
    marks,
  };
  const drawing = { ...about, width: WIDTH, panels: [{ height: HEIGHT, options }] };
  return { drawing, beyond: accepted.length + rejected.length - seen.accepted.length - seen.rejected.length };
}

function couples(x: readonly number[], y: readonly number[]): (readonly [number, number])[] {
  return x.map((value, i) => [value, y[i]!]);
}
