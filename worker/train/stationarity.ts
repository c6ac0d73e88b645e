/**
 * How much the inferred parameters still moved at the end: the largest change over the last tenth of the last stage's steps, relative
 * for positive parameters, else as a share of the parameter's range. A truth-free test of convergence.
 */
import type { Parameter } from '../models/model.ts';

/** What is needed of a history to go on with it. */
export interface HistoryState {
  /** Steps seen */
  readonly seen: number;
  /** The last kept values, as many as the end may look at: one after the other */
  readonly values: Float64Array;
}

export class ParameterHistory {
  /** The last ones that were kept. */
  private readonly values: Float64Array[];
  private readonly every: number;
  private seen: number;

  /** Keeps about 200 of `steps` values of `parameters` numbers each. */
  constructor(steps: number, parameters: number, { seen, values }: HistoryState = { seen: 0, values: new Float64Array() }) {
    this.every = Math.max(1, Math.floor(steps / 200));
    this.seen = seen;
    this.values = Array.from({ length: lookedAt(this.kept()) }, (_, k) => values.slice(k * parameters, (k + 1) * parameters));
  }

  record(values: Float64Array): void {
    if (this.seen % this.every === 0) this.values.push(values.slice());
    this.seen += 1;
  }

  state(): HistoryState {
    return { seen: this.seen, values: Float64Array.from(this.tail().flatMap((values) => [...values])) };
  }

  /** `final` are the values after the last step. */
  change(parameters: readonly Parameter[], final: readonly number[]): number {
    let largest = 0;
    parameters.forEach((parameter, p) => {
      const reference = parameter.positive ? Math.abs(final[p]!) : parameter.range[1] - parameter.range[0];
      for (const values of this.tail()) largest = Math.max(largest, Math.abs(values[p]! - final[p]!) / reference);
    });
    return largest;
  }

  /** Of all values kept since the beginning of the stage; the earlier ones may be gone: as it grows, its tail begins no earlier. */
  private tail(): readonly Float64Array[] {
    return this.values.slice(this.values.length - lookedAt(this.kept()));
  }

  private kept(): number {
    return Math.ceil(this.seen / this.every);
  }
}

/** Of `kept` values, so many last ones. */
function lookedAt(kept: number): number {
  return Math.min(kept, Math.max(2, Math.ceil(kept / 10)));
}
