/**
 * Distributions of one number over replicas: a dot for each replica while there are few, a histogram when there are many. Accepted and
 * rejected replicas are told apart by form and colour. The axis is fitted to the accepted ones, so that a rejected outlier
 * does not squash them; what lies beyond it is counted and told.
 */
import * as Plot from '@observablehq/plot';
import { sortedFinite } from '../../schemas/sample-quantile.ts';
import { kernelDensity } from '../statistics/kernel-density.ts';
import type { Drawing, Panel } from './drawing.ts';
import { fitAxis, labelledScale, scaleOptions, type Axis } from './fitted-axis.ts';
import { plural } from './number-format.ts';
import type { NumbersTable } from './numbers-table.ts';
import { COLOUR } from './palette.ts';

export interface Distribution {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly label: string;
  readonly accepted: readonly number[];
  readonly rejected: readonly number[];
  /** may be drawn on a logarithmic axis; its density is that of the logarithm */
  readonly positive: boolean;
  readonly references: readonly Reference[];
  /** median, its 95 % interval, and where 95 % of the accepted replicas lie */
  readonly summary?: {
    readonly median: number;
    readonly ci95: readonly [number, number] | null;
    readonly replicas95: readonly [number, number] | null;
  };
}

/** A vertical line at a value that matters. */
export interface Reference {
  readonly value: number;
  readonly colour: string;
  readonly dashed: boolean;
}

const WIDTH = 300;
const HEIGHT = { dots: 96, bars: 124 } as const;
const MARGIN = 10;
/** Room for the axis of counts, which dots do without. */
const MARGIN_LEFT = { dots: 14, bars: 56 } as const;
/** Replicas beyond which a histogram is drawn. */
const MOST_DOTS = 160;
const BINS = 40;
/** Below this many accepted replicas a density is that of its kernels. */
export const FEWEST = 8;

export interface DrawnDistribution {
  readonly drawing: Drawing;
  /** A sentence about what lies beyond its axis. */
  readonly beyond: string | undefined;
  /** What is drawn: values while they are dots, else counts; and the density. */
  readonly bins: readonly Bin[];
  readonly kind: 'dots' | 'bars';
  readonly curve: readonly CurvePoint[];
}

export function drawDistribution(distribution: Distribution): DrawnDistribution {
  const { id, title, description, accepted, rejected, references, positive } = distribution;
  const axis = fitAxis(
    accepted,
    rejected,
    references.map(({ value }) => value),
    positive,
  );
  const shown = countOf(accepted, axis) + countOf(rejected, axis);
  const hidden = accepted.length + rejected.length - shown;
  const kind = shown <= MOST_DOTS ? 'dots' : 'bars';
  const bins = binned(distribution, axis, kind);
  const curve = densityCurve(accepted, axis, positive);
  const panels = [bulkPanel(bins, curve, axis, references, kind), axisPanel(distribution, axis, references, kind)];
  return {
    drawing: { id, title, description, width: WIDTH, panels },
    beyond: hidden === 0 ? undefined : `${plural(hidden, 'replica')} beyond the axis.`,
    bins,
    kind,
    curve,
  };
}

/** Of several quantities together: the replicas where they are dots, histograms where they are bars, and the densities. */
export function distributionNumbers(drawn: readonly { readonly name: string; readonly distribution: DrawnDistribution }[]): NumbersTable[] {
  const of = <T>(rows: (name: string, distribution: DrawnDistribution) => T[]): T[] =>
    drawn.flatMap(({ name, distribution }) => rows(name, distribution));
  const dots = of((name, { kind, bins }) =>
    (['accepted', 'rejected'] as const).flatMap((group) =>
      kind === 'dots' ? bins.flatMap((bin) => bin[group].values.toSorted((a, b) => a - b).map((value) => [name, group, value])) : [],
    ),
  );
  const bars = of((name, { kind, bins }) =>
    kind === 'bars' ? bins.map((bin) => [name, bin.from, bin.to, bin.accepted.count, bin.rejected.count]) : [],
  );
  const curves = of((name, { curve }) => curve.map(({ value, density, count }) => [name, value, density, count]));
  return [
    { part: 'replicas', columns: ['quantity', 'replica', 'value'], rows: dots },
    { part: 'histogram', columns: ['quantity', 'from', 'to', 'accepted', 'rejected'], rows: bars },
    { part: 'density', columns: ['quantity', 'value', 'density', 'replicas in a bin of the figure'], rows: curves },
  ];
}

interface Bin {
  readonly from: number;
  readonly to: number;
  readonly accepted: Held;
  readonly rejected: Held;
}

interface Held {
  count: number;
  /** of dots; bars are counts */
  readonly values: number[];
}

function countOf(values: readonly number[], axis: Axis): number {
  return values.reduce((count, value) => (axis.holds(value) ? count + 1 : count), 0);
}

function binned(distribution: Distribution, axis: Axis, kind: DrawnDistribution['kind']): Bin[] {
  const forward = axis.log ? Math.log : (value: number) => value;
  const [low, high] = [forward(axis.low), forward(axis.high)];
  const edge = (i: number) => (axis.log ? Math.exp(low + (i * (high - low)) / BINS) : low + (i * (high - low)) / BINS);
  const bins: Bin[] = Array.from({ length: BINS }, (_, i) => ({
    from: edge(i),
    to: edge(i + 1),
    accepted: { count: 0, values: [] },
    rejected: { count: 0, values: [] },
  }));
  const binOf = (value: number) => bins[Math.max(0, Math.min(BINS - 1, Math.floor(((forward(value) - low) / (high - low)) * BINS)))]!;
  for (const group of ['accepted', 'rejected'] as const) {
    for (const value of distribution[group]) {
      if (!axis.holds(value)) continue;
      const held = binOf(value)[group];
      held.count += 1;
      if (kind === 'dots') held.values.push(value);
    }
  }
  return bins;
}

interface CurvePoint {
  readonly value: number;
  /** per unit of the value */
  readonly density: number;
  /** accepted replicas that the density expects in a bin there */
  readonly count: number;
}

/** The density of the accepted, of the logarithm where values are positive, in the units of bars. */
function densityCurve(accepted: readonly number[], axis: Axis, positive: boolean): CurvePoint[] {
  if (accepted.length < FEWEST) return [];
  const found = kernelDensity(sortedFinite(accepted.map((value) => (positive ? Math.log(value) : value))));
  if (found === null) return [];
  const binWidth = (axis.log ? Math.log(axis.high / axis.low) : axis.high - axis.low) / BINS;
  return Array.from(found.at, (at, i) => {
    const value = positive ? Math.exp(at) : at;
    const density = positive ? found.density[i]! / value : found.density[i]!;
    return { value, density, count: accepted.length * binWidth * (axis.log ? density * value : density) };
  }).filter(({ value }) => axis.holds(value));
}

function bulkPanel(
  bins: readonly Bin[],
  curve: readonly CurvePoint[],
  axis: Axis,
  references: readonly Reference[],
  kind: DrawnDistribution['kind'],
): Panel {
  const peak = curve.reduce((most, { count }) => Math.max(most, count), 0);
  const tallest = Math.max(1, kind === 'bars' ? peak : 0, ...bins.map((bin) => bin.accepted.count + bin.rejected.count));
  const radius = Math.min(4, (WIDTH - 26) / BINS / 2 + 0.4, (HEIGHT[kind] - MARGIN) / tallest / 2);
  const rows = kind === 'dots' ? (HEIGHT[kind] - MARGIN) / (2 * radius) : 1.05 * tallest;
  const y: Plot.ScaleOptions =
    kind === 'dots'
      ? { domain: [0, rows], axis: null }
      : {
          domain: [0, rows],
          label: 'replicas',
          labelAnchor: 'center',
          labelArrow: 'none',
          ticks: 4,
          tickSize: 0,
          tickFormat: (count: number) => (count >= 1000 ? `${count / 1000}k` : String(count)),
          grid: true,
        };
  const marks = kind === 'dots' ? stackedDots(bins, radius) : stackedBars(bins);
  // dots have no axis: among few of them a density in their units would be flat
  const height = kind === 'dots' ? (0.9 * rows) / peak : 1;
  const density = { x: 'value', y: ({ count }: CurvePoint) => height * count } as const;
  return {
    height: HEIGHT[kind],
    options: {
      marginTop: MARGIN,
      marginBottom: 0,
      marginLeft: MARGIN_LEFT[kind],
      x: { ...scaleOptions(axis), axis: null },
      y,
      marks: [
        Plot.areaY(curve, { ...density, fill: COLOUR.ink, fillOpacity: 0.07 }),
        ...referenceMarks(references),
        ...marks,
        Plot.line(curve, { ...density, stroke: COLOUR.ink, strokeWidth: 1 }),
      ],
    },
  };
}

/** One dot a replica, stacked where bins are full: Wilkinson, "Dot plots", The American Statistician 53 (1999) 276. */
function stackedDots(bins: readonly Bin[], radius: number): Plot.Markish[] {
  const dots = bins.flatMap(({ accepted, rejected }) => {
    const good = accepted.values.toSorted((a, b) => a - b).map((value, i) => ({ value, row: i + 0.5, good: true }));
    return [
      ...good,
      ...rejected.values.toSorted((a, b) => a - b).map((value, i) => ({ value, row: accepted.count + i + 0.5, good: false })),
    ];
  });
  const position = { x: 'value', y: 'row' } as const;
  return [
    Plot.dot(
      dots.filter(({ good }) => good),
      { ...position, r: radius - 0.4, fill: COLOUR.ensemble },
    ),
    Plot.dot(
      dots.filter(({ good }) => !good),
      { ...position, r: radius - 0.9, stroke: COLOUR.rejected, strokeWidth: 1.2 },
    ),
  ];
}

function stackedBars(bins: readonly Bin[]): Plot.Markish[] {
  const bar = (from: (bin: Bin) => number, to: (bin: Bin) => number, options: Plot.RectYOptions) =>
    Plot.rect(
      bins.filter((bin) => to(bin) > from(bin)),
      { x1: 'from', x2: 'to', y1: from, y2: to, insetLeft: 0.5, insetRight: 0.5, ...options },
    );
  const all = (bin: Bin) => bin.accepted.count + bin.rejected.count;
  return [
    bar(
      () => 0,
      (bin) => bin.accepted.count,
      { fill: COLOUR.ensemble, fillOpacity: 0.85 },
    ),
    bar((bin) => bin.accepted.count, all, { fill: COLOUR.rejected, fillOpacity: 0.25, stroke: COLOUR.rejected, strokeWidth: 0.8 }),
  ];
}

/** Below the replicas: median, its interval, the spread, and the axis. */
function axisPanel({ label, summary }: Distribution, axis: Axis, references: readonly Reference[], kind: DrawnDistribution['kind']): Panel {
  const marks: Plot.Markish[] = [...referenceMarks(references)];
  if (summary?.replicas95) marks.push(rule(summary.replicas95, 1.5));
  if (summary?.ci95) marks.push(rule(summary.ci95, 6));
  if (summary !== undefined)
    marks.push(
      Plot.dot([summary.median], {
        x: (value: number) => value,
        y: () => 0,
        r: 4.5,
        fill: COLOUR.paper,
        stroke: COLOUR.ink,
        strokeWidth: 1.8,
      }),
    );
  return {
    height: 68,
    options: {
      marginTop: 0,
      marginLeft: MARGIN_LEFT[kind],
      marginBottom: 42,
      x: labelledScale(axis, label, { tickSize: 4 }),
      y: { domain: [-1, 1], axis: null },
      marks: [Plot.frame({ anchor: 'bottom', stroke: COLOUR.rule }), ...marks],
    },
  };
}

function rule(range: readonly [number, number], strokeWidth: number): Plot.Markish {
  return Plot.ruleY([0], { y: 0, x1: range[0], x2: range[1], stroke: COLOUR.ink, strokeWidth, strokeLinecap: 'round' });
}

function referenceMarks(references: readonly Reference[]): Plot.Markish[] {
  return references.map(({ value, colour, dashed }) =>
    Plot.ruleX([value], { stroke: colour, strokeWidth: 1.8, ...(dashed ? { strokeDasharray: '4 3' } : {}) }),
  );
}
