/** What windows are cut from: one sweep, or several that follow each other joined into one. */
import type { Ignored } from '../train/ignored.ts';
import { concatenated, firstSamples } from '../train/segments.ts';
import { edgesMs } from './edges.ts';
import type { ProtocolEpoch, Sweep } from './recording.ts';

export interface Trace {
  /** "cell.abf sweep 10" */
  readonly label: string;
  /** indices; several when joined */
  readonly sweeps: readonly [number, ...number[]];
  /** of each sweep */
  readonly sweepSamples: number;
  readonly startMs: number;
  readonly sampleMs: number;
  /** mV */
  readonly voltageMv: Float64Array;
  /** in the recording's unit */
  readonly current: Float64Array;
  /** edges of the command, ms from the first sample */
  readonly edgesMs: readonly number[];
  /** of the protocol; none when joined */
  readonly epochs: readonly ProtocolEpoch[];
  /** samples [first, last] that are neither fitted nor scored */
  readonly ignored: Ignored;
}

export function sweepTrace(file: string, sweep: Sweep, epochs: readonly ProtocolEpoch[]): Trace {
  const { index, startMs, sampleMs, voltageMv, current, ignored = [] } = sweep;
  return {
    label: `${file} sweep ${index}`,
    sweeps: [index],
    sweepSamples: voltageMv.length,
    startMs,
    sampleMs,
    voltageMv,
    current,
    edgesMs: edgesMs(sweep),
    epochs,
    ignored,
  };
}

/** Time runs on from the first sweep; `sweeps` must be continuous. */
export function joinedTrace(file: string, sweeps: readonly [Sweep, ...Sweep[]]): Trace {
  const [first, ...others] = sweeps;
  const whole = {
    ...first,
    voltageMv: concatenated(sweeps.map(({ voltageMv }) => voltageMv)),
    current: concatenated(sweeps.map(({ current }) => current)),
  };
  const { startMs, sampleMs, voltageMv, current } = whole;
  const starts = firstSamples(sweeps.map((sweep) => sweep.voltageMv.length));
  return {
    label: `${file} sweeps ${first.index}-${first.index + others.length}`,
    sweeps: [first.index, ...others.map(({ index }) => index)],
    sweepSamples: first.voltageMv.length,
    startMs,
    sampleMs,
    voltageMv,
    current,
    edgesMs: edgesMs(whole),
    epochs: [],
    ignored: sweeps.flatMap(({ ignored = [] }, k) => ignored.map(([from, to]) => [from + starts[k]!, to + starts[k]!] as const)),
  };
}
