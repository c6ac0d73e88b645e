/** Time courses: the data against the ensemble's bands, its deviation, the hidden gates, the stimulus. Panels of one drawing share their time axis. */
import * as Plot from '@observablehq/plot';
import type { Band } from '../aggregate/band.ts';
import type { ShownData } from '../aggregate/shown-data.ts';
import type { Drawing, Panel } from './drawing.ts';
import { withUnit } from './number-format.ts';
import { COLOUR } from './palette.ts';
import { thinBand, thinLine } from './thinning.ts';

type Numbers = ArrayLike<number>;

/** One data unit and draw: what was measured, and the noiseless truth where data are synthetic. */
export interface Observation {
  /** ms, length N */
  readonly tMs: Numbers;
  /** mV, length N */
  readonly voltageMv: Numbers;
  /** in the model's unit, length N */
  readonly current: Numbers;
  /** noiseless V and gates, length N each */
  readonly truth?: { readonly states: Readonly<Record<string, Numbers>> };
}

export interface TimeCourse {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly width: number;
  readonly currentUnit: string;
  /** units of states that are pools, by name; the others are gates from 0 to 1 */
  readonly pools?: Readonly<Record<string, string>> | undefined;
  /** mV; sets the scale of the deviation */
  readonly sigmaMv: number;
}

/** Points of a line, and stretches of a band, at most. */
export const MOST_POINTS = 900;
/** Dots of the data, at most. */
const MOST_DOTS = 700;

/** V of data, network and forward simulation; below, the same minus the network's median; below, the stimulus. */
export function voltageDrawing(course: TimeCourse, shown: ShownData, observation: Observation | undefined): Drawing {
  const range = timeRange(shown.tMs, observation?.tMs);
  const panels = [
    panel(
      course.width > 600 ? 270 : 210,
      range,
      'V (mV)',
      [...observed(observation), ...bandMarks(shown.tMs, shown.states['V']), ...simulated(shown)],
      { nice: true },
    ),
    deviationPanel(course, shown, observation, range),
    observation && stimulusPanel(observation, course.currentUnit, range),
  ];
  return {
    ...course,
    panels: withTimeAxis(
      panels.filter((one) => one !== undefined),
      range,
    ),
  };
}

/** Each gate with its band, and its truth where known. */
export function gateDrawing(course: TimeCourse, shown: ShownData, observation: Observation | undefined): Drawing {
  const range = timeRange(shown.tMs, observation?.tMs);
  const gates = Object.entries(shown.states).filter(([state]) => state !== 'V');
  const panels = gates.map(([gate, band]) => {
    const unit = course.pools?.[gate];
    const scale = unit === undefined ? { domain: [0, 1], ticks: [0, 0.5, 1] } : { ticks: 3 };
    const label = unit === undefined ? gate : withUnit(gate, unit);
    return panel(course.width > 600 ? 130 : 105, range, label, [...truthLine(observation, gate), ...bandMarks(shown.tMs, band)], scale);
  });
  return { ...course, panels: withTimeAxis(panels, range) };
}

/** A line of stimulus against time. */
export function stimulusPanel({ tMs, current }: Pick<Observation, 'tMs' | 'current'>, unit: string, range: Range): Panel {
  return panel(
    74,
    range,
    withUnit('I', unit),
    [Plot.ruleY([0], { stroke: COLOUR.rule }), line(tMs, current, COLOUR.ink, { strokeWidth: 1.2 })],
    // no current at all spans no axis
    Array.from(current).every((value) => value === 0) ? { domain: [-1, 1], ticks: [0] } : { ticks: 2 },
  );
}

export type Range = readonly [from: number, to: number];

export function timeRange(...times: readonly (Numbers | undefined)[]): Range {
  const ends = times.flatMap((tMs) => (tMs === undefined || tMs.length === 0 ? [] : [tMs[0]!, tMs[tMs.length - 1]!]));
  return ends.length === 0 ? [0, 1] : [Math.min(...ends), Math.max(...ends)];
}

/** A panel against time, without the axis of time: that is the last panel's. */
export function panel(height: number, range: Range, label: string, marks: Plot.Markish[], y: Plot.ScaleOptions = {}): Panel {
  const axis: Plot.ScaleOptions = { label, labelAnchor: 'center', labelArrow: 'none', grid: true, tickSize: 0, ticks: 5, ...y };
  return { height, options: { marginTop: 10, marginBottom: 10, x: { domain: [...range], axis: null }, y: axis, marks } };
}

/** Gives the last panel the axis of time. */
export function withTimeAxis(panels: readonly Panel[], range: Range, label = 'time (ms)'): Panel[] {
  const x: Plot.ScaleOptions = { domain: [...range], label, labelAnchor: 'center', labelArrow: 'none', tickSize: 4, ticks: 6 };
  return panels.map((one, i) =>
    i < panels.length - 1 ? one : { height: one.height + 30, options: { ...one.options, marginBottom: 40, x } },
  );
}

export function line(tMs: Numbers, values: Numbers, stroke: string, options: Plot.LineYOptions = {}, most = MOST_POINTS): Plot.Markish {
  const kept = thinLine(values, most);
  return Plot.line(kept, { x: (i: number) => tMs[i]!, y: (i: number) => values[i]!, stroke, strokeWidth: 1.4, ...options });
}

/** 95 and 50 % of the replicas, their median, and the outline of 95 % of their whole courses. */
export function bandMarks(tMs: Numbers, band: Band | undefined): Plot.Markish[] {
  if (band === undefined) return [];
  return [
    area(tMs, band.low95, band.high95, COLOUR.ensemble, 0.2),
    area(tMs, band.low50, band.high50, COLOUR.ensemble, 0.4),
    ...outline(tMs, band.lowWhole, band.highWhole),
    line(tMs, band.median, COLOUR.ensemble),
  ];
}

function outline(tMs: Numbers, low: Numbers, high: Numbers): Plot.Markish[] {
  return [low, high].map((edge) => line(tMs, edge, COLOUR.ensemble, { strokeWidth: 0.7 }));
}

function area(tMs: Numbers, low: Numbers, high: Numbers, fill: string, fillOpacity: number): Plot.Markish {
  const thin = thinBand(tMs, low, high, MOST_POINTS);
  return Plot.areaY(thin.t, { x: (t: number) => t, y1: thin.low, y2: thin.high, fill, fillOpacity });
}

function observed(observation: Observation | undefined): Plot.Markish[] {
  if (observation === undefined) return [];
  const { tMs, voltageMv } = observation;
  return [dots(tMs, voltageMv)];
}

function dots(tMs: Numbers, values: Numbers): Plot.Markish {
  const kept = thinLine(values, MOST_DOTS);
  return Plot.dot(kept, { x: (i: number) => tMs[i]!, y: (i: number) => values[i]!, r: 1.2, fill: COLOUR.observed, fillOpacity: 0.75 });
}

function simulated({ tMs, simulatedV }: ShownData): Plot.Markish[] {
  if (simulatedV === undefined) return [];
  return [line(tMs, simulatedV.median, COLOUR.simulated, { strokeDasharray: '5 3' })];
}

function truthLine(observation: Observation | undefined, state: string): Plot.Markish[] {
  const truth = observation?.truth?.states[state];
  return observation === undefined || truth === undefined ? [] : [broadLine(observation.tMs, truth)];
}

/** The truth: broad and pale, so that a line on top of it leaves it visible. */
export function broadLine(tMs: Numbers, values: Numbers): Plot.Markish {
  return line(tMs, values, COLOUR.truth, { strokeWidth: 4.5, strokeOpacity: 0.5 });
}

/** Everything minus the network's median, where a band that is narrow against a spike can be seen. */
function deviationPanel({ sigmaMv }: TimeCourse, shown: ShownData, observation: Observation | undefined, range: Range): Panel | undefined {
  const band = shown.states['V'];
  if (band === undefined) return undefined;
  const { tMs } = shown;
  const { marks, limit, within } = deviationMarks(tMs, band, shown.simulatedV, 4 * sigmaMv);
  const onGrid = (values: Numbers | undefined) =>
    values === undefined || observation === undefined ? undefined : interpolate(observation.tMs, values, tMs);
  const noisy = onGrid(observation?.voltageMv);
  const truth = onGrid(observation?.truth?.states['V']);
  return panel(
    120,
    range,
    '\u0394V (mV)',
    [noisy && dots(tMs, within(noisy)), truth && broadLine(tMs, within(truth)), ...marks].filter((mark) => mark !== undefined),
    { domain: [-limit, limit], ticks: 5 },
  );
}

/** Traces are stored with five digits: differences below this share of a state are rounding, and no axis blows them up. */
const ROUNDING = 1e-4;

/** The band minus its median, with the simulation; limits that a narrow band fills, and values within them. `least`: of the limits, where data are drawn too. */
export function deviationMarks(
  tMs: Numbers,
  band: Band,
  simulatedV: Band | undefined,
  least = 0,
): { marks: Plot.Markish[]; limit: number; within: (values: Numbers) => number[] } {
  const size = band.median.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const limit = Math.max(least, 1.3 * typicalWidth(band), ROUNDING * size) || 1;
  const minus = (values: Numbers, i: number) => values[i]! - band.median[i]!;
  const within = (values: Numbers) => Array.from(tMs, (_, i) => outside(minus(values, i), limit));
  const clamped = (values: Numbers) => Array.from(tMs, (_, i) => Math.max(-limit, Math.min(limit, minus(values, i))));
  const marks = [
    Plot.ruleY([0], { stroke: COLOUR.ensemble, strokeWidth: 1.2 }),
    area(tMs, clamped(band.low95), clamped(band.high95), COLOUR.ensemble, 0.25),
    area(tMs, clamped(band.low50), clamped(band.high50), COLOUR.ensemble, 0.45),
    ...outline(tMs, clamped(band.lowWhole), clamped(band.highWhole)),
    ...(simulatedV === undefined ? [] : [line(tMs, within(simulatedV.median), COLOUR.simulated, { strokeDasharray: '5 3' })]),
  ];
  return { marks, limit, within };
}

/** The greater half of the simultaneous band, at all but the widest twentieth of the times. */
function typicalWidth({ lowWhole, highWhole, median }: Band): number {
  const halves = median.map((centre, i) => Math.max(highWhole[i]! - centre, centre - lowWhole[i]!)).sort();
  return halves[Math.floor(0.95 * halves.length)] ?? 0;
}

function outside(value: number, limit: number): number {
  return Math.abs(value) > limit ? NaN : value;
}

/** Linear between samples of an ascending grid; constant beyond its ends. */
export function interpolate(tMs: Numbers, values: Numbers, at: Numbers): Float64Array {
  let i = 0;
  return Float64Array.from(at, (t) => {
    while (i < tMs.length - 2 && tMs[i + 1]! <= t) i++;
    const share = Math.max(0, Math.min(1, (t - tMs[i]!) / (tMs[i + 1]! - tMs[i]!)));
    return values[i]! + share * (values[i + 1]! - values[i]!);
  });
}
