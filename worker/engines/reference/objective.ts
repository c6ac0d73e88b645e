/**
 * One replica's loss, its gradient and its linearisation, in float64.
 * loss.ts says what it is; here it is a sum of squares, loss = sum_r (rowScale[r] residual[r])^2.
 */
import type { Evaluation, LossTerms, Member, Reconstruction, Shape } from '../engine.ts';
import { gridStepMs, inferredParameters, layoutOf, type Layout } from '../layout.ts';
import { rowWeights, totalLoss } from '../loss.ts';
import { networkGram, pointPairs, type PointPairs } from './gram.ts';
import type { Head } from './head.ts';
import { IntegratedHead } from './integrated-head.ts';
import { Network } from './network.ts';
import { NetworkHead } from './network-head.ts';
import { createProjection, type Projection } from './projection.ts';

export class Objective {
  readonly layout: Layout;
  readonly head: Head;
  readonly projection: Projection | null;
  private readonly member: Member;
  private readonly network: Network;
  /** Weight of each row within its term: 1 / (scale^2 * number of rows that count), or 0. */
  private readonly rowWeight: Float64Array;
  private featurePairs: PointPairs | undefined;
  private readonly outBar: Float64Array;
  private readonly dOutBar: Float64Array;

  constructor(shape: Shape, member: Member) {
    this.layout = layoutOf(shape);
    this.member = member;
    this.network = new Network(shape, this.layout, member.frequencies, gridStepMs(shape, member));
    this.head = shape.states === 'network' ? new NetworkHead(shape, this.layout, member) : new IntegratedHead(shape, this.layout, member);
    this.rowWeight = rowWeights(shape, member, this.head.rows);
    this.projection = createProjection(
      shape,
      this.layout,
      member,
      this.rowWeight.subarray(this.head.rows.data, this.head.rows.data + this.head.rows.current),
    );
    this.outBar = new Float64Array(this.network.out.length);
    this.dOutBar = new Float64Array(this.network.out.length);
  }

  /** Bring network and residuals to theta. With `project`, first solve for the linear parameters and write them into theta. */
  evaluate(theta: Float64Array, project = false): LossTerms {
    this.network.forward(theta);
    this.head.evaluate(this.network, theta);
    if (project && this.projection !== null) {
      this.projection.solve(this.head, this.network, theta);
      this.head.evaluate(this.network, theta);
    }
    return this.terms();
  }

  private terms(): LossTerms {
    const { data, current } = this.head.rows;
    return {
      data: this.meanSquare(0, data),
      current: this.meanSquare(data, data + current),
      gates: this.meanSquare(data + current, this.rowWeight.length),
    };
  }

  private meanSquare(from: number, to: number): number {
    let sum = 0;
    for (let r = from; r < to; r++) {
      const weight = this.rowWeight[r]!;
      if (weight > 0) sum += weight * this.head.residual[r]! ** 2;
    }
    return sum;
  }

  total(terms: LossTerms, physics: number): number {
    return totalLoss(terms, this.member.weights, physics);
  }

  /** d loss / d theta at the state last evaluated, added to nothing: `gradient` is overwritten. */
  gradient(theta: Float64Array, physics: number, gradient: Float64Array): void {
    this.head.linearise(this.network, theta);
    const bar = this.rowScales(physics);
    for (let r = 0; r < bar.length; r++) bar[r] = bar[r] === 0 ? 0 : 2 * bar[r]! ** 2 * this.head.residual[r]!;
    gradient.fill(0);
    this.pullback(theta, bar, gradient);
  }

  evaluation(theta: Float64Array, physics: number): Evaluation {
    const terms = this.evaluate(theta);
    const gradient = new Float64Array(this.layout.size);
    this.gradient(theta, physics, gradient);
    return { loss: this.total(terms, physics), terms, gradient };
  }

  reconstruction(theta: Float64Array): Reconstruction {
    this.evaluate(theta);
    return { states: this.head.states(), parameters: inferredParameters(this.layout, theta) };
  }

  /** Adjoints of the unscaled residuals -> gradient, added. Needs `linearise` at this state. */
  pullback(theta: Float64Array, residualBar: Float64Array, gradient: Float64Array): void {
    this.head.pullback(residualBar, this.outBar, this.dOutBar, gradient);
    this.network.backward(theta, this.outBar, this.dOutBar, gradient);
  }

  /** sqrt of each row's weight in the loss. */
  rowScales(physics: number): Float64Array {
    const { data, current } = this.head.rows;
    const { weights } = this.member;
    return this.rowWeight.map((weight, r) =>
      Math.sqrt(weight * (r < data ? weights.data : physics * (r < data + current ? weights.current : weights.gates))),
    );
  }

  /** J_w J_w^T of the unscaled residuals with respect to the network's weights, [rows, rows]. Needs `linearise` at this state. */
  gram(theta: Float64Array): Float64Array {
    this.featurePairs ??= pointPairs(this.network.tapes[0]!, this.network.points);
    return this.head.transform(networkGram(this.network, theta, this.head.functionals(), this.featurePairs));
  }

  linearise(theta: Float64Array): void {
    this.head.linearise(this.network, theta);
  }
}
