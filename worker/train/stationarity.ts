/**
 * How much the inferred parameters still moved at the end: the largest change over the last tenth of the last stage's steps, relative
 * for positive parameters, else as a share of the parameter's range. A truth-free test of convergence.
 */
import type { Parameter } from '../models/model.ts';

export class ParameterHistory {
  private readonly values: Float64Array[] = [];
  private readonly every: number;
  private seen = 0;

  /** Keeps about 200 of `steps` values. */
  constructor(steps: number) {
    this.every = Math.max(1, Math.floor(steps / 200));
  }

  record(values: Float64Array): void {
    if (this.seen % this.every === 0) this.values.push(values.slice());
    this.seen += 1;
  }

  /** `final` are the values after the last step. */
  change(parameters: readonly Parameter[], final: readonly number[]): number {
    const tail = this.values.slice(-Math.max(2, Math.ceil(this.values.length / 10)));
    let largest = 0;
    parameters.forEach((parameter, p) => {
      const reference = parameter.positive ? Math.abs(final[p]!) : parameter.range[1] - parameter.range[0];
      for (const values of tail) largest = Math.max(largest, Math.abs(values[p]! - final[p]!) / reference);
    });
    return largest;
  }
}
