/** What windows are cut from: one sweep, or several that follow each other joined into one. */
import { edgesMs } from './edges.ts';
import type { Sweep } from './recording.ts';

export interface Trace {
  /** "cell.abf sweep 10" */
  readonly label: string;
  /** absent when joined */
  readonly sweep?: number;
  readonly startMs: number;
  readonly sampleMs: number;
  /** mV */
  readonly voltageMv: Float64Array;
  /** in the recording's unit */
  readonly current: Float64Array;
  /** edges of the command, ms from the first sample */
  readonly edgesMs: readonly number[];
}

export function sweepTrace(file: string, sweep: Sweep): Trace {
  const { index, startMs, sampleMs, voltageMv, current } = sweep;
  return { label: `${file} sweep ${index}`, sweep: index, startMs, sampleMs, voltageMv, current, edgesMs: edgesMs(sweep) };
}

/** Time runs on from the first sweep; `sweeps` must be continuous. */
export function joinedTrace(file: string, sweeps: readonly [Sweep, ...Sweep[]]): Trace {
  const [first] = sweeps;
  const whole = {
    ...first,
    voltageMv: concatenated(sweeps.map(({ voltageMv }) => voltageMv)),
    current: concatenated(sweeps.map(({ current }) => current)),
  };
  const { startMs, sampleMs, voltageMv, current } = whole;
  return {
    label: `${file} sweeps ${first.index}-${first.index + sweeps.length - 1}`,
    startMs,
    sampleMs,
    voltageMv,
    current,
    edgesMs: edgesMs(whole),
  };
}

function concatenated(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
