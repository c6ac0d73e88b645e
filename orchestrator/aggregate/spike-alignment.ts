/**
 * Spike by spike, how alike the accepted replicas draw it: their spikes measured one by one, and laid over each other at their onsets. Of the
 * replicas that keep their traces and have as many spikes as most on their data; the first spike of one is the first of the other.
 */
import type { Lock, SpikeSide, SpikeVariability, Summary } from '../../schemas/generated/types.ts';
import { median, sortedFinite } from '../../schemas/sample-quantile.ts';
import { evenSample } from '../statistics/even-sample.ts';
import { scaledMad } from '../statistics/median-absolute-deviation.ts';
import { ensembleBand } from './band.ts';
import type { Band } from './band.ts';
import { evenCourse } from './even-course.ts';
import { traceGroups } from './reconstruction.ts';
import type { TraceGroup } from './reconstruction.ts';
import type { ReplicaTable } from './replica-table.ts';
import { observationKey } from './shown-data.ts';

/** One spike of a time course; NaN what it does not have. */
export interface MeasuredSpike {
  /** from the first sample */
  readonly onsetMs: number;
  readonly thresholdMv: number;
  readonly peakMv: number;
  readonly halfWidthMs: number;
  readonly ahpMv: number;
}

/** What a spike is, the worker's side knows. */
export type SpikeMeter = (voltageMv: Float64Array, sampleMs: number) => readonly MeasuredSpike[];

/** What is measured of each spike. */
export const MEASURED = ['onsetMs', 'thresholdMv', 'peakMv', 'halfWidthMs', 'ahpMv'] as const satisfies readonly (keyof MeasuredSpike)[];

/** Replicas of one data unit, on all its noise draws: its first spike is the same one for all of them, and so on. On one even grid. */
export interface SpikeGroup {
  readonly startMs: number;
  readonly sampleMs: number;
  /** spikes of each course */
  readonly count: number;
  readonly network: readonly SpikyCourse[];
  readonly simulated: readonly SpikyCourse[];
}

interface SpikyCourse {
  /** see observationKey */
  readonly key: string;
  readonly voltageMv: Float64Array;
  readonly spikes: readonly MeasuredSpike[];
}

/** Traces of larger steps are too coarse to measure a spike of a millisecond in. */
export const LARGEST_STEP_MS = 0.25;

/** Groups of accepted replicas that spike. */
export function spikeGroups({ resolved }: Pick<Lock, 'resolved'>, table: ReplicaTable, meter: SpikeMeter): SpikeGroup[] {
  const { data } = resolved.problem;
  const groups = traceGroups(table, table.accepted);
  return [...new Set(groups.map((group) => group.data))].flatMap((unit) => {
    const own = groups.filter((group) => group.data === unit);
    const tMs = own[0]?.traces[0]?.tMs ?? [];
    const [startMs, endMs] = [tMs[0] ?? 0, tMs.at(-1) ?? 0];
    const sampleMs = (endMs - startMs) / (tMs.length - 1);
    if (!(sampleMs <= LARGEST_STEP_MS)) return [];
    const courses = (courseOf: CourseReader): SpikyCourse[] =>
      own.flatMap((group) => spikyCourses(group, observationKey(data[unit]!.id, group.draw), courseOf, sampleMs, meter));
    const network = courses(({ states }) => states['V']);
    const simulated = courses(({ simulatedV }) => simulatedV);
    const count = mostCommon(network.map(({ spikes }) => spikes.length));
    const alike = ({ spikes }: SpikyCourse): boolean => spikes.length === count;
    return count === 0 ? [] : [{ startMs, sampleMs, count, network: network.filter(alike), simulated: simulated.filter(alike) }];
  });
}

type CourseReader = (one: TraceGroup['traces'][number]) => readonly number[] | undefined;

function spikyCourses({ traces }: TraceGroup, key: string, courseOf: CourseReader, sampleMs: number, meter: SpikeMeter): SpikyCourse[] {
  return traces.flatMap((one) => {
    const values = courseOf(one);
    const voltageMv = values === undefined ? undefined : evenCourse(one.tMs, values);
    return voltageMv === undefined ? [] : [{ key, voltageMv, spikes: meter(voltageMv, sampleMs) }];
  });
}

/** The larger of two that are as common; 0 of none. */
function mostCommon(counts: readonly number[]): number {
  const times = (count: number): number => counts.filter((one) => one === count).length;
  return [...new Set(counts)].toSorted((a, b) => times(b) - times(a) || b - a)[0] ?? 0;
}

/** Nothing without a spike. */
export function summariseSpikeShape(groups: readonly SpikeGroup[]): Pick<Summary, 'spikeShape'> {
  if (groups.length === 0) return {};
  const of = (side: 'network' | 'simulated'): SpikeSide => {
    const entries = MEASURED.map((name) => [name, variability(groups, side, name)] as const);
    // Object.fromEntries widens its keys to string
    return Object.fromEntries(entries) as Record<(typeof MEASURED)[number], SpikeVariability>;
  };
  const total = (read: (group: SpikeGroup) => number): number => groups.reduce((sum, group) => sum + read(group), 0);
  return {
    spikeShape: {
      spikes: total(({ count }) => count),
      replicas: total(({ network }) => network.length),
      network: of('network'),
      simulated: of('simulated'),
    },
  };
}

function variability(groups: readonly SpikeGroup[], side: 'network' | 'simulated', name: keyof MeasuredSpike): SpikeVariability {
  const perSpike = groups.flatMap((group) =>
    Array.from({ length: group.count }, (_, k) => sortedFinite(group[side].map(({ spikes }) => spikes[k]![name]))),
  );
  const medians = sortedFinite(perSpike.map((values) => median(values) ?? NaN));
  return {
    // a time within a window is that of the window
    median: name === 'onsetMs' ? null : median(medians),
    spread: median(perSpike.map((values) => scaledMad(values) ?? NaN)),
    acrossSpikes: name === 'onsetMs' || medians.length < FEWEST_SPIKES ? null : scaledMad(medians),
  };
}

/** Below this a spread over spikes says nothing. */
const FEWEST_SPIKES = 3;

/** Every spike of every replica, laid over each other at its onset. */
export interface AlignedSpikes {
  /** from the onset; length N */
  readonly tMs: Float64Array;
  readonly network: Band;
  readonly simulated: Band;
  /** each course minus the networks' median of the same spike */
  readonly deviation: { readonly network: Band; readonly simulated: Band };
  /** spikes times replicas in the band of the networks */
  readonly courses: number;
  /** where the networks' spikes begin, median over replicas: in the time of the data, by key of the observation */
  readonly onsetsMs: ReadonlyMap<string, readonly number[]>;
}

/** In half-widths of a spike, and in ms. */
const BEFORE = { halfWidths: 2, leastMs: 1, mostMs: 5 } as const;
const AFTER = { halfWidths: 8, leastMs: 4, mostMs: 20 } as const;
const MOST_TIMES = 240;
/** The band ends where fewer of the courses than this reach: at the end of a window, or at the next spike. */
const REACHED = 0.9;
/** More are thinned evenly, but for so many on each spike. */
const MOST_COURSES = 2000;
const FEWEST_COURSES = 20;

/** Nothing where no spike has an onset. */
export function alignSpikes(groups: readonly SpikeGroup[]): AlignedSpikes | undefined {
  const grid = alignedGrid(groups);
  const each = Math.max(FEWEST_COURSES, Math.floor(MOST_COURSES / groups.reduce((sum, { count }) => sum + count, 0)));
  const spikes = groups.flatMap((group) => Array.from({ length: group.count }, (_, k) => coursesOf(group, k, grid, each)));
  const all = spikes.flatMap(({ network }) => network);
  const kept = [...grid.keys()].filter((i) => all.filter((course) => Number.isFinite(course[i]!)).length >= REACHED * all.length);
  if (all.length === 0 || kept.length < 2) return undefined;
  const band = (courses: readonly Float64Array[]): Band => ensembleBand(courses.map((course) => kept.map((i) => course[i]!)));
  const centres = spikes.map(({ network }) => grid.map((_, i) => median(network.map((course) => course[i]!)) ?? NaN));
  const minusOwn = (side: 'network' | 'simulated'): Float64Array[] =>
    spikes.flatMap((spike, s) => spike[side].map((course) => course.map((value, i) => value - centres[s]![i]!)));
  return {
    tMs: Float64Array.from(kept, (i) => grid[i]!),
    network: band(all),
    simulated: band(spikes.flatMap(({ simulated }) => simulated)),
    deviation: { network: band(minusOwn('network')), simulated: band(minusOwn('simulated')) },
    courses: all.length,
    onsetsMs: new Map(groups.flatMap(onsetsOf)),
  };
}

/** Around an onset; empty where no spike has a width. */
function alignedGrid(groups: readonly SpikeGroup[]): Float64Array {
  const width = median(groups.flatMap(({ network }) => network.flatMap(({ spikes }) => spikes.map(({ halfWidthMs }) => halfWidthMs))));
  if (width === null) return new Float64Array();
  const span = ({ halfWidths, leastMs, mostMs }: typeof BEFORE | typeof AFTER): number =>
    Math.min(mostMs, Math.max(leastMs, halfWidths * width));
  const [from, to] = [-span(BEFORE), span(AFTER)];
  const step = Math.max(Math.min(...groups.map(({ sampleMs }) => sampleMs)), (to - from) / MOST_TIMES);
  return Float64Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
}

function onsetsOf({ startMs, count, network }: SpikeGroup): [key: string, onsetsMs: number[]][] {
  return [...new Set(network.map(({ key }) => key))].map((wanted) => {
    const own = network.filter(({ key }) => key === wanted);
    return [wanted, Array.from({ length: count }, (_, k) => startMs + (median(own.map(({ spikes }) => spikes[k]!.onsetMs)) ?? NaN))];
  });
}

/** The k-th spike of each course, of at most `most`, on the grid around its onset. */
function coursesOf(group: SpikeGroup, k: number, grid: Float64Array, most: number): Record<'network' | 'simulated', Float64Array[]> {
  const around = ({ voltageMv, spikes }: SpikyCourse): Float64Array[] => {
    const { onsetMs } = spikes[k]!;
    const untilMs = spikes[k + 1]?.onsetMs ?? Infinity;
    const at = (tMs: number): number => (tMs >= untilMs ? NaN : valueAt(voltageMv, tMs / group.sampleMs));
    return Number.isFinite(onsetMs) ? [grid.map((tMs) => at(onsetMs + tMs))] : [];
  };
  const some = (courses: readonly SpikyCourse[]): SpikyCourse[] => Array.from(evenSample(courses.length, most), (i) => courses[i]!);
  return { network: some(group.network).flatMap(around), simulated: some(group.simulated).flatMap(around) };
}

/** Linear between samples; NaN beyond the ends. */
function valueAt(values: Float64Array, place: number): number {
  const i = Math.floor(place);
  const share = place - i;
  if (i < 0 || i > values.length - 1 || (share > 0 && i === values.length - 1)) return NaN;
  return share === 0 ? values[i]! : values[i]! + share * (values[i + 1]! - values[i]!);
}
