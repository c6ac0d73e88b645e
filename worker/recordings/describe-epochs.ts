/** The epochs of a recording as windows can name them (`window: { epoch: B }`): when each is, and what the current is in it. */
import { median } from '../../schemas/sample-quantile.ts';
import { epochsOf } from './epochs.ts';
import type { Sweep } from './recording.ts';

export interface EpochInspection {
  readonly name: string;
  /** on the file's own time axis, the end not included */
  readonly startMs: number;
  readonly endMs: number;
  /** medians of the current over the epoch, its first tenth and its last, in the unit of the stimulus; absent where it is not known */
  readonly level?: number;
  readonly startLevel?: number;
  readonly endLevel?: number;
  /** least and largest value in it, of a command alone: a measured current has transients */
  readonly extremes?: readonly [number, number];
}

/** Of each sweep, in the order of the sweeps, which are all of a recording's: they share edges. */
export function inspectEpochs(sweeps: readonly Sweep[]): EpochInspection[][] {
  const epochs = epochsOf(sweeps);
  return sweeps.map((sweep, k) => epochs[k]!.filter(({ from, to }) => to > from).map((epoch) => inspectEpoch(sweep, epoch)));
}

function inspectEpoch({ startMs, sampleMs, current, stimulus }: Sweep, epoch: { name: string; from: number; to: number }): EpochInspection {
  const { name, from, to } = epoch;
  const times = { name, startMs: rounded(startMs + from * sampleMs), endMs: rounded(startMs + to * sampleMs) };
  if (stimulus.source === 'none') return times;
  const tenth = Math.max(1, Math.floor((to - from) / 10));
  const levelOf = (a: number, b: number): number => Number((median(current.subarray(a, b)) ?? NaN).toPrecision(6));
  const levels = { level: levelOf(from, to), startLevel: levelOf(from, from + tenth), endLevel: levelOf(to - tenth, to) };
  return { ...times, ...levels, ...(stimulus.source === 'header' ? { extremes: extremesOf(current.subarray(from, to)) } : {}) };
}

function extremesOf(values: Float64Array): [number, number] {
  return values.reduce<[number, number]>(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
}

/** A line for each epoch; none where sweeps are one epoch as a whole. */
export function describeEpochs(sweeps: readonly InspectedSweep[], unit: string): string[] {
  const all = sweeps.flatMap(({ index, epochs }) => epochs.map((epoch) => ({ ...epoch, index })));
  if (sweeps.every(isOneEpoch)) return [];
  const names = [...new Set(all.map(({ name }) => name))].toSorted(byLength);
  const levels = all.flatMap(({ startLevel = 0, endLevel = 0 }) => [startLevel, endLevel]);
  const noticeable = RAMP_SHARE * (Math.max(...levels) - Math.min(...levels));
  const rows = names.map((name) => {
    const own = all.filter((epoch) => epoch.name === name);
    return [name, timeWords(own), levelWords(own, noticeable)] as const;
  });
  const widths = [0, 1].map((column) => rows.reduce((width, row) => Math.max(width, row[column]!.length), 0));
  const known = all.some(({ level }) => level !== undefined);
  return [
    `epochs, as windows name them${known ? `; current in ${unit}` : ''}:`,
    ...rows.map(([name, times, words]) => `  ${name.padEnd(widths[0]!)}  ${times.padEnd(widths[1]!)}  ${words}`.trimEnd()),
  ];
}

interface InspectedSweep {
  readonly index: number;
  readonly samples: number;
  readonly sampleMs: number;
  readonly epochs: readonly EpochInspection[];
}

function isOneEpoch({ epochs: [first, ...others], samples, sampleMs }: InspectedSweep): boolean {
  return first === undefined || (others.length === 0 && first.endMs - first.startMs > (samples - 1) * sampleMs);
}

/** A to Z, then AA. */
function byLength(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}

type Occurrence = EpochInspection & { readonly index: number };

function timeWords(own: readonly Occurrence[]): string {
  const [first, last] = [own[0]!, own.at(-1)!];
  const words = ({ startMs, endMs }: Occurrence): string => `${startMs} to ${endMs} ms`;
  if (own.every((one) => words(one) === words(first))) return words(first);
  return `${words(first)} in sweep ${first.index}, ${words(last)} in sweep ${last.index}`;
}

/** Change within an epoch that is worth a word, as a share of the range of all epochs' levels. */
const RAMP_SHARE = 0.05;

function levelWords(own: readonly Occurrence[], noticeable: number): string {
  const known = own.flatMap(({ level, startLevel, endLevel, extremes }) =>
    level === undefined || startLevel === undefined || endLevel === undefined ? [] : [{ level, startLevel, endLevel, extremes }],
  );
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return '';
  if (known.some(({ startLevel, endLevel }) => Math.abs(endLevel - startLevel) > noticeable)) {
    const course = ({ startLevel, endLevel }: typeof first): string => `from ${short(startLevel)} to ${short(endLevel)}`;
    return known.length === 1 ? course(first) : `${course(first)} in the first sweep, ${course(last)} in the last`;
  }
  const [least, most] = last.extremes ?? [last.level, last.level];
  const words = stepsWords(
    known.map(({ level }) => level),
    noticeable,
  );
  return most - least > noticeable ? `${words}, with values from ${short(least)} to ${short(most)}` : words;
}

/** "0", "-100 to 300 by 25", or the first and the last of levels that grow unevenly. */
function stepsWords(levels: readonly number[], noticeable: number): string {
  const [first, last] = [levels[0]!, levels.at(-1)!];
  const steps = levels.slice(1).map((level, k) => level - levels[k]!);
  const step = (last - first) / Math.max(1, steps.length);
  if (Math.max(...levels) - Math.min(...levels) <= noticeable) return short(median(levels) ?? first);
  return `${short(first)} to ${short(last)}${steps.every((own) => Math.abs(own - step) <= 1e-3 * Math.abs(step)) ? ` by ${short(step)}` : ''}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function rounded(timeMs: number): number {
  return Number(timeMs.toFixed(4));
}
