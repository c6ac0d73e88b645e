type Values = Readonly<Record<string, number>>;
interface Estimate {
  readonly parameters: Values;
  readonly rmseMv: number;
  readonly spikes: number;
  readonly atBound: readonly string[];
  readonly shares: Values;
}
interface Score {
  readonly rmseMv: number | null;
  readonly coincidence: number | null;
  readonly observed: number | null;
  readonly simulated: number | null;
}
interface Fit {
  readonly spike: number;
  readonly width: number;
  readonly seed: number;
  readonly outcome: string;
  readonly reason: string | null;
  readonly observed: { readonly spikes: number };
  readonly reconstructionMv: number;
  readonly yardstickMv: number | null;
  readonly heldOut: Score | null;
  readonly network: Estimate | null;
  readonly finished: Estimate | null;
}
interface Stage {
  readonly rmseMv: number | null;
  readonly right: number | null;
}
interface Spread {
  readonly median: number | null;
  readonly values: readonly number[];
  readonly cvSpikes: number | null;
  readonly cvSeeds: number | null;
  readonly cvNetworks: number | null;
}
interface Summary {
  readonly spikes: number;
  readonly replicas: number;
  readonly accepted: number;
  readonly network: Stage;
  readonly finished: Stage;
  readonly reconstructionMv: number | null;
  readonly yardstickMv: number | null;
  readonly heldOut: Score | null;
  readonly atBound: Readonly<Record<string, number>>;
  readonly shares: Values | null;
  readonly reasons: Readonly<Record<string, number>>;
  readonly parameters: Readonly<Record<string, Spread>>;
}
export function summariseFits(fits: readonly Fit[], infer: readonly string[]): Summary;
export function cv(values: readonly number[]): number | null;
