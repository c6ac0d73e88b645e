/**
 * A recording as every importer delivers it: channels by unit, sweeps of equal sampling, the injected current stored or rebuilt.
 * One importer per file format; importers.ts picks it by content, not by extension.
 *
 * Promised by every importer: voltages in mV and currents in pA (or uA/cm2 for a CSV that says so), decoded by the rules of the
 * format; a wrong, truncated or foreign file is a LoligoError with the file's path and the place, never a crash or a silent zero.
 * Not promised: that the stored current is what entered the cell (offsets and lags of amplifiers are reported as they are).
 */
export interface Channel {
  readonly name: string;
  readonly unit: string;
}

export type StimulusSource = 'stored' | 'header' | 'none';

export interface Sweep {
  readonly index: number;
  readonly sampleMs: number;
  /** Name of the channel that V comes from. */
  readonly voltageChannel: string;
  /** mV */
  readonly voltageMv: Float64Array;
  /** In `stimulus.unit`, one value per sample; zeros when the source is `none`. */
  readonly current: Float64Array;
  readonly stimulus: {
    readonly source: StimulusSource;
    readonly unit: string;
    /** steps, ramp, pulses, constant, unknown: what the protocol or the trace says. */
    readonly kind: string;
  };
}

export interface Recording {
  readonly file: string;
  /** e.g. "ABF 2.6", "CSV" */
  readonly format: string;
  readonly channels: readonly Channel[];
  readonly sweeps: readonly Sweep[];
  /** True when a sweep goes on where the one before it ended, so that they may be joined. */
  readonly continuous: boolean;
}
