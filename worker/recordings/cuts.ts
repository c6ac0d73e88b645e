/**
 * Which samples of which trace become a stretch of data: whole traces, windows in time, epochs of the protocol, a window around the onset
 * of the current step or around each spike. A window must lie in its trace and hold enough samples; spikes too near an end are left out
 * with a note.
 */
import type { Interval, Onset, PerSpike, RecordingSpec } from '../../schemas/generated/types.ts';
import type { Violation } from '../../schemas/errors.ts';
import type { ProtocolEpoch } from './recording.ts';
import { findCrossings } from './spikes.ts';
import type { SpikeOptions } from './spikes.ts';
import type { Trace } from './trace.ts';

/** Fewer samples than this determine no parameters. */
export const FEWEST_SAMPLES = 20;

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

export interface CutRequest {
  readonly selection: Pick<RecordingSpec, 'sweeps' | 'windowMs' | 'window'>;
  /** every so many samples are kept */
  readonly every: number;
  /** path of the entry */
  readonly where: string;
  /** name of the epoch that begins with the step; undefined where the current has none */
  readonly step: string | undefined;
}

/** Cuts of all traces, in the order of the traces. */
export function cutsOf(traces: readonly Trace[], request: CutRequest): Cuts {
  const { selection, every, where } = request;
  const { windowMs, window: rule } = selection;
  const windows = windowList(windowMs);
  const violations = [...outside(traces, windows, `${where}.windowMs`, isList(windowMs)), ...epochViolations(traces, request)];
  if (violations.length > 0 || traces.length === 0) return { cuts: [], notes: [], violations };
  if (rule?.perSpike !== undefined) return spikeCuts(traces, rule.perSpike, request);
  if (rule?.onset !== undefined) return onsetCuts(traces, rule.onset, request);
  if (rule?.epoch !== undefined) return epochCuts(traces, request);
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

function outside(traces: readonly Trace[], windows: readonly Interval[], where: string, listed: boolean): Violation[] {
  const [shortest] = traces.toSorted((a, b) => a.voltageMv.length - b.voltageMv.length);
  if (shortest === undefined) return [];
  return windows.flatMap((window, index) => windowViolations(shortest, window, `${where}${listed ? `[${index}]` : ''}`));
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
  // + 0: a window that begins at 0 begins at 0 and not at -0
  const from = Math.ceil(fromMs / sampleMs - GRID_SLACK) + 0;
  const to = Math.floor(toMs / sampleMs + GRID_SLACK);
  return { from, to: to === voltageMv.length ? to - 1 : to };
}

function namedEpochs({ window: rule }: CutRequest['selection']): readonly string[] {
  const epoch = rule?.epoch ?? rule?.onset?.epoch ?? [];
  return typeof epoch === 'string' ? [epoch] : epoch;
}

/** Names that no trace has, and an onset where the current has no step. */
function epochViolations(traces: readonly Trace[], { selection, where, step }: CutRequest): Violation[] {
  const { epoch, onset } = selection.window ?? {};
  if ((epoch === undefined && onset === undefined) || traces.length === 0) return [];
  const rule = epoch === undefined ? 'onset' : 'epoch';
  const place = `${where}.window.${rule}`;
  if (traces.some(({ sweeps }) => sweeps.length > 1))
    return [specData(place, 'joined sweeps have no epochs of their own', 'joinSweeps', 'Take the window by windowMs.')];
  if (onset !== undefined && onset.epoch === undefined && step === undefined)
    return [specData(place, 'the current must have a step', 'none', 'Take the window by windowMs.')];
  const known = [...new Set(traces.flatMap(({ epochs }) => epochs.map(({ name }) => name)))];
  return namedEpochs(selection)
    .filter((name) => !known.includes(name))
    .map((name) => specData(place, `the protocol has the epochs ${known.join(', ') || '(none)'}`, name));
}

function epochCuts(traces: readonly Trace[], { selection, every, where }: CutRequest): Cuts {
  const names = namedEpochs(selection);
  const cuts = traces.flatMap((trace) =>
    names.flatMap((name, index) =>
      epochsNamed(trace, [name]).map(({ from, to }): Cut => {
        const cut = { trace, from, to: to - 1, label: `${trace.label} epoch ${name}` };
        return names.length > 1 ? { ...cut, window: index } : cut;
      }),
    ),
  );
  return { cuts, notes: [], violations: tooShort(cuts, every, `${where}.window.epoch`) };
}

function onsetCuts(traces: readonly Trace[], { beforeMs, afterMs, epoch }: Onset, { every, where, step }: CutRequest): Cuts {
  const place = `${where}.window.onset`;
  const cuts = traces.flatMap((trace) =>
    epochsNamed(trace, [epoch ?? step ?? '']).map(({ name, from }): Cut => {
      const atMs = from * trace.sampleMs;
      return { trace, ...samplesBetween(trace, atMs - beforeMs, atMs + afterMs), label: `${trace.label} onset of ${name}` };
    }),
  );
  const beyond = cuts
    .filter(({ trace, from, to }) => from < 0 || to >= trace.voltageMv.length)
    .map(({ label }) => specData(place, 'a window must lie inside its sweep', label, 'Shorten it.'));
  return { cuts, notes: [], violations: beyond.length > 0 ? beyond : tooShort(cuts, every, place) };
}

function epochsNamed({ epochs }: Trace, names: readonly string[]): ProtocolEpoch[] {
  return epochs.filter(({ name, from, to }) => names.includes(name) && to > from);
}

/** Around every spike; with windowMs or an epoch, around the spikes in those windows. */
function spikeCuts(traces: readonly Trace[], around: PerSpike, { selection, every, where }: CutRequest): Cuts {
  const place = `${where}.window.perSpike`;
  const [cuts, notes, violations]: [Cut[], string[], Violation[]] = [[], [], []];
  for (const trace of traces) {
    const spikes = spikesIn(trace, around, selection);
    if (spikes.length === 0 && selection.sweeps !== undefined) violations.push(noSpikes(place, trace.label));
    if (spikes.length === 0) notes.push(`${trace.label}: no spikes, left out.`);
    const inside: Cut[] = [];
    for (const { atMs, number } of spikes) {
      const { from, to } = samplesBetween(trace, atMs - around.beforeMs, atMs + around.afterMs);
      const label = `${trace.label} spike ${number}`;
      if (from >= 0 && to < trace.voltageMv.length) inside.push({ trace, from, to, label, window: number });
      else notes.push(`${label} at ${shown(trace.startMs + atMs)} ms: its window reaches beyond the sweep, left out.`);
    }
    const apart = withoutOverlap(inside);
    const shared = inside.length - apart.length;
    if (shared > 0)
      notes.push(
        `${trace.label}: ${shared} of ${inside.length} windows share samples with the one before them${around.overlap === 'drop' ? ', left out' : ''}.`,
      );
    cuts.push(...(around.overlap === 'drop' ? apart : inside));
  }
  if (cuts.length === 0 && violations.length === 0) violations.push(noSpikes(place, traces.map(({ label }) => label).join(', ')));
  return { cuts, notes, violations: [...violations, ...tooShort(cuts.slice(0, 1), every, place)] };
}

/** Each cut that begins after the end of the last one that was kept. */
function withoutOverlap(cuts: readonly Cut[]): Cut[] {
  let end = -1;
  return cuts.filter(({ from, to }) => {
    if (from <= end) return false;
    end = to;
    return true;
  });
}

function spikesIn(
  trace: Trace,
  { thresholdMv, returnMv, refractoryMs }: PerSpike,
  { windowMs, window }: CutRequest['selection'],
): { atMs: number; number: number }[] {
  const epochs = epochsNamed(trace, namedEpochs({ window: window?.epoch === undefined ? {} : window }));
  const stretches = [
    ...windowList(windowMs).map(([from, to]) => [from - trace.startMs, to - trace.startMs] as const),
    ...epochs.map(({ from, to }) => [from * trace.sampleMs, to * trace.sampleMs] as const),
  ];
  const everywhere = windowMs === undefined && window?.epoch === undefined;
  const options: SpikeOptions = {
    edgesMs: trace.edgesMs,
    ignored: trace.ignored,
    ...(thresholdMv === undefined ? {} : { thresholdMv }),
    ...(returnMv === undefined ? {} : { rearmMv: returnMv }),
    ...(refractoryMs === undefined ? {} : { refractoryMs }),
  };
  return findCrossings(trace.voltageMv, trace.sampleMs, options)
    .spikesMs.map((atMs, number) => ({ atMs, number }))
    .filter(({ atMs }) => everywhere || stretches.some(([from, to]) => atMs >= from && atMs <= to));
}

function noSpikes(where: string, sweep: string): Violation {
  return specData(
    where,
    'windows per spike need a spike whose window lies inside the sweep',
    `none in ${sweep}`,
    'Choose sweeps with spikes (loligo inspect lists them), shorten the window, or use windowMs.',
  );
}

/** Samples [first, last] of a cut that do not count, of those that are kept. */
export function keptIgnored({ trace, from, to }: Cut, every: number): [number, number][] {
  return trace.ignored.flatMap(([first, last]): [number, number][] => {
    const [a, b] = [Math.ceil((Math.max(first, from) - from) / every), Math.floor((Math.min(last, to) - from) / every)];
    return a <= b ? [[a, b]] : [];
  });
}

/** How many samples of a cut are kept and count. */
export function countedIn(cut: Cut, every: number): number {
  const samples = Math.max(0, Math.floor((cut.to - cut.from) / every) + 1);
  return keptIgnored(cut, every).reduce((count, [first, last]) => count - (last - first + 1), samples);
}

function tooShort(cuts: readonly Cut[], every: number, where: string): Violation[] {
  return cuts
    .map((cut) => ({ label: cut.label, samples: countedIn(cut, every), blanked: keptIgnored(cut, every).length > 0 }))
    .filter(({ samples }) => samples < FEWEST_SAMPLES)
    .map(({ label, samples, blanked }) =>
      specData(
        where,
        `a window needs at least ${FEWEST_SAMPLES} samples${blanked ? ' beside those that blankMs leaves out' : ''}`,
        `${samples} (${label})`,
        'Widen it, or lower sampleMs.',
      ),
    );
}

function specData(where: string, rule: string, got: string, remedy?: string): Violation {
  return { code: 'SPEC_DATA', where, rule, got, ...(remedy === undefined ? {} : { remedy }) };
}

function shown(valueMs: number): string {
  return String(Number(valueMs.toPrecision(7)));
}
