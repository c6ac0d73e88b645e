/**
 * A recording as every importer delivers it: channels by unit, sweeps (of event-driven and NWB files possibly of different length and
 * sampling), the injected current stored or rebuilt. One importer per file format; importers.ts picks it by content, not by extension.
 *
 * Promised by every importer: voltages in mV, finite and of possible size; currents in the file's own unit, those of NWB in pA
 * (`stimulus.unit`; selection.ts converts), decoded by the rules of the format; a wrong, truncated or foreign file is a LoligoError with
 * the file's path and the place, never a crash or a silent zero.
 * Not promised: that the stored current is what entered the cell (offsets and lags of amplifiers are reported as they are).
 */
export interface Channel {
  readonly name: string;
  readonly unit: string;
}

/** stored: a channel or column holds the current; header: rebuilt from the protocol; none: not known. */
export type StimulusSource = 'stored' | 'header' | 'none';

/** What the protocol, or the trace itself, looks like. */
export type StimulusKind = 'steps' | 'ramp' | 'pulses' | 'constant' | 'unknown';

export interface RecordedStimulus {
  readonly source: StimulusSource;
  /** Channel, column or output (DAC) that the current comes from; empty when the source is `none`. */
  readonly channel: string;
  readonly unit: string;
  readonly kind: StimulusKind;
}

/** A part of the protocol: samples `from` up to and without `to`. */
export interface ProtocolEpoch {
  /** A, B, C ... */
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface Sweep {
  readonly index: number;
  /** Time of the first sample on the file's own time axis; 0 where the file has none. */
  readonly startMs: number;
  readonly sampleMs: number;
  /** Name of the channel that V comes from. */
  readonly voltageChannel: string;
  /** mV */
  readonly voltageMv: Float64Array;
  /** In `stimulus.unit`, one value per sample; zeros when the source is `none`. */
  readonly current: Float64Array;
  readonly stimulus: RecordedStimulus;
  /** In order; absent where the file does not describe its protocol, and windows look for them in the current (epochs.ts). */
  readonly epochs?: readonly ProtocolEpoch[];
  /** Samples [first, last] that are neither fitted nor scored (corrections.ts); none when absent. */
  readonly ignored?: readonly (readonly [number, number])[];
}

export interface Recording {
  readonly file: string;
  /** e.g. "ABF 2.6", "CSV" */
  readonly format: string;
  readonly channels: readonly Channel[];
  readonly sweeps: readonly Sweep[];
  /** True when each sweep starts when the one before it ends, so that they may be joined. */
  readonly continuous: boolean;
  /** What was left out, assumed or corrected, as sentences for the user; absent when nothing was. */
  readonly notes?: readonly string[];
}

/** How a caller names channels; each importer takes what its format has. */
export interface ChannelChoice {
  readonly voltageChannel?: string;
  /** A stored channel, or an output (DAC) whose protocol is rebuilt. */
  readonly currentChannel?: string;
}
