/** Where the injected current steps from one level to another and stays there for a while before and after, in a command or a measured current. */
import { median } from '../../../schemas/sample-quantile.ts';
import type { Sweep } from '../recording.ts';

export interface Edge {
  readonly sweep: Sweep;
  /** the first sample at the new level */
  readonly at: number;
  /** the first sample of the level before, and the first after the new level */
  readonly from: number;
  readonly to: number;
  /** change, in the recording's unit */
  readonly change: number;
}

/** Levels are told from bins of so long. */
const BIN_MS = 1;
/** In the noise of a bin, and as a share of the current's range: a smaller change is no edge. */
const NOISES = 6;
const RANGE_SHARE = 0.005;

export function currentEdges(sweep: Sweep): Edge[] {
  const { current, sampleMs, stimulus } = sweep;
  if (stimulus.source === 'none') return [];
  const starts = levelStarts(current, Math.max(1, Math.round(BIN_MS / sampleMs)));
  const bounds = [0, ...starts, current.length];
  return starts.flatMap((at, k) => {
    const from = bounds[k]!;
    const to = bounds[k + 2]!;
    const change = levelOf(current.subarray(at, to)) - levelOf(current.subarray(from, at));
    return isFlat(current.subarray(from, at), change) && isFlat(current.subarray(at + 1, to), change)
      ? [{ sweep, at, from, to, change }]
      : [];
  });
}

/** First samples of levels after the first. */
function levelStarts(current: Float64Array, bin: number): number[] {
  const bins = Math.floor(current.length / bin);
  const means = Array.from({ length: bins }, (_, b) => mean(current.subarray(b * bin, (b + 1) * bin)));
  const changes = means.slice(1).map((value, b) => Math.abs(value - means[b]!));
  const noise = 1.4826 * (median(changes) ?? 0);
  const range = Math.max(...means) - Math.min(...means);
  const least = Math.max(NOISES * noise, RANGE_SHARE * range, Number.MIN_VALUE);
  const starts: number[] = [];
  for (let b = 1; b < bins; b++) {
    // an edge inside a bin changes two differences: compare across it
    const before = means[b - 2] ?? means[b - 1]!;
    const after = means[b + 1] ?? means[b]!;
    if (!(Math.abs(after - before) > least) || !(changes[b - 1]! > least / 4)) continue;
    const at = steepest(current, Math.max(1, (b - 1) * bin), Math.min(current.length, (b + 1) * bin));
    if (at - (starts.at(-1) ?? -Infinity) > 2 * bin) starts.push(at);
  }
  return starts;
}

function steepest(current: Float64Array, from: number, to: number): number {
  let best = from;
  for (let i = from; i < to; i++) if (Math.abs(current[i]! - current[i - 1]!) > Math.abs(current[best]! - current[best - 1]!)) best = i;
  return best;
}

/** Half of its ends differ by little: no ramp. */
function isFlat(current: Float64Array, change: number): boolean {
  const half = Math.floor(current.length / 2);
  return half > 0 && Math.abs(mean(current.subarray(0, half)) - mean(current.subarray(half))) < 0.05 * Math.abs(change);
}

function levelOf(current: Float64Array): number {
  return mean(current);
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
