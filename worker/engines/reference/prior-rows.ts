/** The priors of one replica as residuals by theta: values and slopes at one theta at a time. */
import type { Member } from '../engine.ts';
import { parameterSlope, thetaToParameter, type Layout } from '../layout.ts';
import { priorWeight } from '../loss.ts';
import { priorResidual, priorSlope, type Prior } from '../prior.ts';

export class PriorRows {
  /** In standard deviations, one per prior, after `evaluate`. */
  readonly residual: Float64Array;
  /** Of each squared residual in the loss, without the data's weight: q of loss.ts. */
  readonly weight: number;
  private readonly priors: readonly Prior[];
  private readonly layout: Layout;
  /** d residual / d theta at the prior's own place. */
  private readonly slope: Float64Array;

  constructor(layout: Layout, member: Member) {
    this.layout = layout;
    this.priors = member.priors;
    this.weight = priorWeight(member);
    this.residual = new Float64Array(member.priors.length);
    this.slope = new Float64Array(member.priors.length);
  }

  evaluate(theta: Float64Array): void {
    const { parameters, parameterOffset } = this.layout;
    this.priors.forEach((prior, r) => {
      const at = theta[parameterOffset + prior.parameter]!;
      const value = thetaToParameter(parameters[prior.parameter]!, at);
      this.residual[r] = priorResidual(prior, value);
      this.slope[r] = priorSlope(prior, value) * parameterSlope(parameters[prior.parameter]!, at);
    });
  }

  /** As LossTerms has it; nothing without priors. */
  term(): { readonly prior?: number } {
    if (this.priors.length === 0) return {};
    return { prior: this.weight * this.residual.reduce((sum, residual) => sum + residual ** 2, 0) };
  }

  /** Adjoints of the residuals -> gradient, added. */
  pullback(residualBar: ArrayLike<number>, gradient: Float64Array): void {
    this.priors.forEach(({ parameter }, r) => (gradient[this.layout.parameterOffset + parameter]! += residualBar[r]! * this.slope[r]!));
  }

  /** Gradient of the term times `factor`, added. */
  addGradient(factor: number, gradient: Float64Array): void {
    this.pullback(
      this.residual.map((residual) => 2 * factor * this.weight * residual),
      gradient,
    );
  }

  /** d residual / d theta[parameterOffset + column] */
  column(column: number): Float64Array {
    return this.slope.map((slope, r) => (this.priors[r]!.parameter === column ? slope : 0));
  }
}
