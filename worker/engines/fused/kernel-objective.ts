/** One replica's loss in float64 as the shared second-order drivers ask for it, computed by the core. */
import type { Evaluation, LossTerms, Member } from '../engine.ts';
import type { Layout } from '../layout.ts';
import type { FirstOrder } from '../lbfgs.ts';
import type { DampedStep, SecondOrder } from '../levenberg-marquardt.ts';
import { totalLoss } from '../loss.ts';
import { PriorRows } from '../reference/prior-rows.ts';
import type { KernelCohort } from './kernel.ts';

export class KernelObjective implements FirstOrder, SecondOrder {
  readonly layout: Layout;
  private readonly core: KernelCohort;
  private readonly member: Member;
  private readonly replica: number;
  private readonly terms = new Float64Array(3);
  private readonly step: Float64Array;
  private readonly priors: PriorRows;
  /** On the data term, under the noise last estimated. */
  private noiseFactor = 1;

  constructor(core: KernelCohort, layout: Layout, member: Member, replica: number) {
    this.core = core;
    this.layout = layout;
    this.member = member;
    this.replica = replica;
    this.priors = new PriorRows(layout, member);
    this.step = new Float64Array(layout.size);
  }

  evaluate(theta: Float64Array, project: number | null): LossTerms {
    this.core.evaluate(this.replica, theta, project, this.terms);
    return this.termsAt(theta);
  }

  /** The core's terms, and that of the priors. */
  private termsAt(theta: Float64Array): LossTerms {
    this.priors.evaluate(theta);
    return { ...termsOf(this.terms), ...this.priors.term() };
  }

  total(terms: LossTerms, physics: number): number {
    return totalLoss(terms, this.member.weights, physics, this.noiseFactor);
  }

  refresh(): boolean {
    const before = this.noiseFactor;
    this.noiseFactor = this.core.refresh(this.replica);
    return this.noiseFactor !== before;
  }

  gradient(_theta: Float64Array, physics: number, gradient: Float64Array): void {
    this.core.gradient(this.replica, physics, gradient);
  }

  linearise(_theta: Float64Array, physics: number): void {
    this.refresh();
    this.core.linearise(this.replica, physics);
  }

  solve(damping: number): DampedStep | null {
    const predicted = this.core.solve(this.replica, damping, this.step);
    return predicted === null ? null : { step: this.step, predicted };
  }

  /** Loss and gradient in the arithmetic that Adam uses. */
  evaluation(theta: Float64Array, physics: number): Evaluation {
    if (this.member.noise === 'estimated') {
      this.evaluate(theta.slice(), null);
      this.refresh();
    }
    const gradient = new Float64Array(theta.length);
    this.core.gradient32(this.replica, theta, physics, gradient, this.terms);
    const terms = this.termsAt(theta);
    return { loss: this.total(terms, physics), terms, gradient };
  }
}

export function termsOf(terms: Float64Array): LossTerms {
  return { data: terms[0]!, current: terms[1]!, gates: terms[2]! };
}
