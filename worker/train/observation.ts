import type { Ignored } from './ignored.ts';

/**
 * Smallest standard deviation that chi2 is counted in, mV. Data without noise would make chi2 infinite for any fit: what is left there
 * is the error of the network and the optimizer (0.02 mV in V where gates are integrated), five times below this floor.
 */
export const SIGMA_FLOOR_MV = 0.1;

/** One data unit in memory: what a replica is fitted to, and, for synthetic data, the truth it is scored against. */
export interface Observation {
  /**
   * Index of each segment's first sample, from 0 and ascending; [0] when there is one. In each the cell starts anew, with its own V and
   * gates: time and V jump from the last sample of one segment to the first of the next.
   */
  readonly segments: Int32Array;
  /** ms, uniform from 0; length N. It runs on from segment to segment */
  readonly tMs: Float64Array;
  /** mV, length N */
  readonly voltageMv: Float64Array;
  /** stimulus in the model's unit, length N; linear between samples */
  readonly current: Float64Array;
  readonly sampleMs: number;
  /** samples that are neither fitted nor scored; none when absent */
  readonly ignored?: Ignored;
  /** standard deviation of V's noise, mV */
  readonly sigmaMv: number;
  /** how far the cell's spikes differ from their mean shape, mV; absent without enough spikes, and for synthetic data */
  readonly spikeShapeMv?: number;
  readonly truth?: {
    readonly parameters: Readonly<Record<string, number>>;
    /** noiseless V and gates by state name, length N each */
    readonly states: Readonly<Record<string, Float64Array>>;
  };
}
