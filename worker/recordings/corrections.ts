/**
 * Corrections of a recording that the user asks for; each is told in the recording's notes. Nothing is corrected unasked.
 *
 * - Bridge: an electrode whose resistance the bridge did not cancel adds I times that resistance to V; it is subtracted. Negative where the
 *   bridge cancelled too much. It can be estimated from the jumps of V where the current jumps; what a cell's own fastest parts do within
 *   0.2 ms is then taken for the electrode's.
 * - Junction potential: V = recorded - potential, the convention of patch-clamp.
 * - Capacitive transients: samples within a time after each edge of the current are ignored: neither fitted nor scored. They are not
 *   replaced, as nobody knows what V was there.
 */
import { quantile, sortedFinite } from '../../schemas/sample-quantile.ts';
import type { Corrections } from '../../schemas/generated/types.ts';
import { edgeSamples, levelAt } from './edges.ts';
import type { Recording, Sweep } from './recording.ts';
import type { Reason } from './refusal.ts';
import { currentFactor } from './units.ts';

/** V is fitted by a straight line over FIT_MS before an edge, and over as long from SETTLED_MS after it on (amplifiers settle in 0.1 ms). */
const FIT_MS = 0.5;
const SETTLED_MS = 0.2;
/** Smaller jumps than this share of the largest add noise, and little else. */
const SHARE_OF_LARGEST = 0.5;
const MV_PER_MOHM_PA = 1e-3;

type CorrectionReason = Required<Pick<Reason, 'rule' | 'got' | 'remedy'>>;

/** Makes the error that says why a correction cannot be done; `key` is the correction's. */
export type Refuse = (key: keyof Corrections, reason: CorrectionReason) => Error;

export function correctRecording(recording: Recording, corrections: Corrections, refuse: Refuse): Recording {
  const bridge = bridgeOf(recording, corrections, refuse);
  const { junctionPotentialMv = 0, blankMs = 0 } = corrections;
  const sweeps = recording.sweeps.map((sweep): Sweep => {
    const perUnit = bridge.mohm * MV_PER_MOHM_PA * (currentFactor(sweep.stimulus.unit, 'pA') ?? 0);
    const ignored = blankMs === 0 ? [] : transients(sweep, blankMs);
    return {
      ...sweep,
      voltageMv: sweep.voltageMv.map((mv, i) => mv - junctionPotentialMv - perUnit * sweep.current[i]!),
      ...(ignored.length === 0 ? {} : { ignored }),
    };
  });
  const blanked = sweeps.reduce((sum, { ignored = [] }) => sum + ignored.reduce((count, [first, last]) => count + last - first + 1, 0), 0);
  if (blankMs > 0 && blanked === 0) throw refuse('blankMs', noEdges(recording, String(blankMs)));
  return {
    ...recording,
    sweeps,
    notes: [
      ...(recording.notes ?? []),
      ...(bridge.mohm === 0 ? [] : [`Corrected: ${shown(bridge.mohm)} MOhm${bridge.source} times the current is subtracted from V.`]),
      ...(junctionPotentialMv === 0 ? [] : [`Corrected: a junction potential of ${shown(junctionPotentialMv)} mV is subtracted from V.`]),
      ...(blankMs === 0 ? [] : [`Ignored: ${blanked} samples within ${shown(blankMs)} ms after an edge of the current.`]),
    ],
  };
}

function bridgeOf(recording: Recording, { bridgeMohm = 0 }: Corrections, refuse: Refuse): { mohm: number; source: string } {
  if (bridgeMohm === 0) return { mohm: 0, source: '' };
  const { source, unit } = recording.sweeps[0]!.stimulus;
  if (source === 'none' || currentFactor(unit, 'pA') === undefined)
    throw refuse('bridgeMohm', {
      rule: 'the whole-cell current must be known',
      got: source === 'none' ? 'a recording without a current' : `a current in ${unit}`,
      remedy: 'Name its channel with currentChannel.',
    });
  if (bridgeMohm !== 'estimate') return { mohm: bridgeMohm, source: '' };
  const estimates = recording.sweeps.flatMap(jumpsOf);
  const largest = estimates.reduce((most, { pa }) => Math.max(most, Math.abs(pa)), 0);
  const mohms = estimates.filter(({ pa }) => Math.abs(pa) >= SHARE_OF_LARGEST * largest).map(({ mv, pa }) => mv / pa / MV_PER_MOHM_PA);
  const [lower, middle, upper] = [0.25, 0.5, 0.75].map((share) => quantile(sortedFinite(mohms), share));
  if (typeof lower !== 'number' || typeof middle !== 'number' || typeof upper !== 'number')
    throw refuse('bridgeMohm', noEdges(recording, 'estimate'));
  return { mohm: middle, source: ` (estimated from ${mohms.length} jumps of the current, quartiles ${shown(lower)} to ${shown(upper)})` };
}

function noEdges({ sweeps }: Recording, got: string): CorrectionReason {
  return {
    rule: 'the current must have jumps whose times are known',
    got: `${got}, and a current that is ${sweeps[0]!.stimulus.source === 'none' ? 'not known' : 'measured, or without jumps'}`,
    remedy: 'Give bridgeMohm as a number and leave out blankMs, or choose a command with currentChannel.',
  };
}

/** Each jump of the current with what V does at once: the two straight lines at the edge. */
function jumpsOf(sweep: Sweep): { pa: number; mv: number }[] {
  const { voltageMv, current, sampleMs, stimulus } = sweep;
  const perUnit = currentFactor(stimulus.unit, 'pA') ?? NaN;
  const [length, settled] = [Math.max(3, Math.round(FIT_MS / sampleMs)), Math.max(1, Math.round(SETTLED_MS / sampleMs))];
  const edges = edgeSamples(sweep);
  return edges.flatMap((edge, index) => {
    const [before, after] = [edge - length, edge + settled + length];
    if (before < (edges[index - 1] ?? 0) + settled || after > (edges[index + 1] ?? voltageMv.length)) return [];
    const mv = lineAt(voltageMv, edge + settled, length, edge) - lineAt(voltageMv, before, length, edge);
    return [{ pa: (levelAt(current, edge + settled, length) - levelAt(current, before, length)) * perUnit, mv }];
  });
}

/** Least-squares line through `length` samples from `from`, at sample `at`. */
function lineAt(values: Float64Array, from: number, length: number, at: number): number {
  const middle = from + (length - 1) / 2;
  let [sum, slope, squares] = [0, 0, 0];
  for (let i = from; i < from + length; i += 1) {
    sum += values[i]!;
    slope += values[i]! * (i - middle);
    squares += (i - middle) ** 2;
  }
  return sum / length + (slope / squares) * (at - middle);
}

/** Samples [first, last], merged where they touch. */
function transients(sweep: Sweep, blankMs: number): [number, number][] {
  const length = Math.max(1, Math.ceil(blankMs / sweep.sampleMs - 1e-6));
  const stretches: [number, number][] = [];
  for (const first of edgeSamples(sweep)) {
    const last = Math.min(sweep.voltageMv.length, first + length) - 1;
    const before = stretches.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = last;
    else stretches.push([first, last]);
  }
  return stretches;
}

function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}
