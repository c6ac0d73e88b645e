/**
 * Which samples of which trace become a unit: whole sweeps, windows in time, or a window around each spike. A window must lie in its
 * trace and hold enough samples; spikes too near an end are left out with a note.
 */
import type { Interval, RecordingSpec } from '../../schemas/generated/types.ts';
import type { Violation } from '../../schemas/errors.ts';
import { spikeTimes } from './spikes.ts';
import type { Trace } from './trace.ts';

/** Fewer samples than this determine no parameters. */
const FEWEST_SAMPLES = 20;

/** Share of a sample by which a window may miss the grid: rounding of decimal times. */
const GRID_SLACK = 1e-6;

export interface Cut {
  readonly trace: Trace;
  /** first and last sample, both kept */
  readonly from: number;
  readonly to: number;
  readonly label: string;
  /** position in the list of windows, or spike of the trace; absent for a whole trace */
  readonly window?: number;
}

export interface Cuts {
  readonly cuts: Cut[];
  readonly notes: string[];
  readonly violations: Violation[];
}

/** Cuts of all traces, in the order of the traces; `every` is the decimation, `where` the path of the recording entry. */
export function cutsOf(traces: readonly Trace[], entry: RecordingSpec, every: number, where: string): Cuts {
  const windows = windowList(entry.windowMs);
  const [shortest] = traces.toSorted((a, b) => a.voltageMv.length - b.voltageMv.length);
  const violations =
    shortest === undefined
      ? []
      : windows.flatMap((window, index) =>
          windowViolations(shortest, window, `${where}.windowMs${isList(entry.windowMs) ? `[${index}]` : ''}`),
        );
  if (violations.length > 0) return { cuts: [], notes: [], violations };
  if (entry.window !== undefined) return spikeCuts(traces, entry, entry.window.perSpike, every, where);
  const cuts = traces.flatMap((trace) =>
    windows.length === 0
      ? [wholeCut(trace)]
      : windows.map((window, index) => windowCut(trace, window, windows.length > 1 ? index : undefined)),
  );
  return { cuts, notes: [], violations: tooShort(cuts, every, windows.length === 0 ? where : `${where}.windowMs`) };
}

/** One window, a list of windows, or none. */
function windowList(windowMs: RecordingSpec['windowMs']): readonly Interval[] {
  if (windowMs === undefined) return [];
  return isList(windowMs) ? windowMs : [windowMs];
}

function isList(windowMs: RecordingSpec['windowMs']): windowMs is [Interval, ...Interval[]] {
  return windowMs !== undefined && typeof windowMs[0] !== 'number';
}

function windowViolations(trace: Trace, [from, to]: Interval, where: string): Violation[] {
  const [start, end] = [trace.startMs, trace.startMs + trace.voltageMv.length * trace.sampleMs];
  const got = `[${from}, ${to}]`;
  if (!(from < to)) return [{ code: 'SPEC_DATA', where, rule: 'a window must end after it starts', got }];
  const slack = GRID_SLACK * trace.sampleMs;
  if (from >= start - slack && to <= end + slack) return [];
  return [
    { code: 'SPEC_DATA', where, rule: `a window must lie inside the recording (${trace.label}: ${shown(start)} to ${shown(end)} ms)`, got },
  ];
}

function wholeCut(trace: Trace): Cut {
  return { trace, from: 0, to: trace.voltageMv.length - 1, label: trace.label };
}

function windowCut(trace: Trace, [from, to]: Interval, window: number | undefined): Cut {
  const cut = {
    trace,
    ...samplesBetween(trace, from - trace.startMs, to - trace.startMs),
    label: `${trace.label}, ${shown(from)}-${shown(to)} ms`,
  };
  return window === undefined ? cut : { ...cut, window };
}

/** The samples in a stretch of ms from the first sample. The end of the last sample's interval counts as that sample. */
function samplesBetween({ sampleMs, voltageMv }: Trace, fromMs: number, toMs: number): { from: number; to: number } {
  const from = Math.ceil(fromMs / sampleMs - GRID_SLACK);
  const to = Math.floor(toMs / sampleMs + GRID_SLACK);
  return { from, to: to === voltageMv.length ? to - 1 : to };
}

/** Around every spike; with windowMs, around the spikes in those windows. */
function spikeCuts(
  traces: readonly Trace[],
  entry: RecordingSpec,
  around: { beforeMs: number; afterMs: number },
  every: number,
  where: string,
): Cuts {
  const [cuts, notes, violations]: [Cut[], string[], Violation[]] = [[], [], []];
  for (const trace of traces) {
    const spikes = spikesIn(trace, windowList(entry.windowMs));
    if (spikes.length === 0 && entry.sweeps !== undefined) violations.push(noSpikes(`${where}.window.perSpike`, trace.label));
    if (spikes.length === 0) notes.push(`${trace.label}: no spikes, left out.`);
    for (const { atMs, number } of spikes) {
      const { from, to } = samplesBetween(trace, atMs - around.beforeMs, atMs + around.afterMs);
      const label = `${trace.label} spike ${number}`;
      if (from >= 0 && to < trace.voltageMv.length) cuts.push({ trace, from, to, label, window: number });
      else notes.push(`${label} at ${shown(trace.startMs + atMs)} ms: its window reaches beyond the sweep, left out.`);
    }
  }
  if (cuts.length === 0 && violations.length === 0 && traces.length > 0)
    violations.push(noSpikes(`${where}.window.perSpike`, traces.map(({ label }) => label).join(', ')));
  return { cuts, notes, violations: [...violations, ...tooShort(cuts.slice(0, 1), every, `${where}.window.perSpike`)] };
}

function spikesIn(trace: Trace, windows: readonly Interval[]): { atMs: number; number: number }[] {
  const inside = (atMs: number): boolean => windows.length === 0 || windows.some(([from, to]) => atMs >= from && atMs <= to);
  return spikeTimes(trace.voltageMv, trace.sampleMs, { edgesMs: trace.edgesMs })
    .map((atMs, number) => ({ atMs, number }))
    .filter(({ atMs }) => inside(trace.startMs + atMs));
}

function noSpikes(where: string, sweep: string): Violation {
  return {
    code: 'SPEC_DATA',
    where,
    rule: 'windows per spike need a spike whose window lies inside the sweep',
    got: `none in ${sweep}`,
    remedy: 'Choose sweeps with spikes (loligo inspect lists them), shorten the window, or use windowMs.',
  };
}

function tooShort(cuts: readonly Cut[], every: number, where: string): Violation[] {
  return cuts
    .map(({ from, to, label }) => ({ label, samples: Math.max(0, Math.floor((to - from) / every) + 1) }))
    .filter(({ samples }) => samples < FEWEST_SAMPLES)
    .map(({ label, samples }) => ({
      code: 'SPEC_DATA' as const,
      where,
      rule: `a window needs at least ${FEWEST_SAMPLES} samples`,
      got: `${samples} (${label})`,
      remedy: 'Widen it, or lower sampleMs.',
    }));
}

function shown(valueMs: number): string {
  return String(Number(valueMs.toPrecision(7)));
}
