/**
 * Smallest standard deviation that chi2 is counted in, mV. Data without noise would make chi2 infinite for any fit: what is left there
 * is the error of the network and the optimizer (0.02 mV in V where gates are integrated), five times below this floor.
 */
export const SIGMA_FLOOR_MV = 0.1;

/** One data unit in memory: what a replica is fitted to, and, for synthetic data, the truth it is scored against. */
export interface Observation {
  /** ms, uniform from 0; length N */
  readonly tMs: Float64Array;
  /** mV, length N */
  readonly voltageMv: Float64Array;
  /** stimulus in the model's unit, length N; linear between samples */
  readonly current: Float64Array;
  readonly sampleMs: number;
  /** standard deviation that chi2 is counted in, mV */
  readonly sigmaMv: number;
  readonly truth?: {
    readonly parameters: Readonly<Record<string, number>>;
    /** noiseless V and gates by state name, length N each */
    readonly states: Readonly<Record<string, Float64Array>>;
  };
}
