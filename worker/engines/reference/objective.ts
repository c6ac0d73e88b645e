/**
 * One replica's loss, its gradient and its linearisation, in float64. loss.ts says what it is; here it is a sum over rows of residuals,
 * each of a weight of its own, of rho(residual), rho being the square but for data rows with a Huber limit.
 */
import type { Evaluation, LossTerm, LossTerms, Member, Reconstruction, Shape } from '../engine.ts';
import { inferredParameters, layoutOf, type Layout } from '../layout.ts';
import type { FirstOrder } from '../lbfgs.ts';
import { DATA_SCALE_MV, huberFactor, huberLoss, noiseFactor, rowWeights, totalLoss } from '../loss.ts';
import { networkGram, pointPairs, type PointPairs } from './gram.ts';
import type { Head } from './head.ts';
import { IntegratedHead } from './integrated-head.ts';
import { Network } from './network.ts';
import { NetworkHead } from './network-head.ts';
import { PriorRows } from './prior-rows.ts';
import { createProjection, type Projection } from './projection.ts';

export class Objective implements FirstOrder {
  readonly layout: Layout;
  readonly head: Head;
  readonly projection: Projection | null;
  private readonly priors: PriorRows;
  private readonly member: Member;
  private readonly network: Network;
  /** Weight of each row within its term: 1 / (scale^2 * number of rows that count), or 0. */
  private readonly rowWeight: Float64Array;
  /** k of loss.ts as last refreshed. */
  private noiseFactor = 1;
  private featurePairs: PointPairs | undefined;
  private readonly outBar: Float64Array;
  private readonly dOutBar: Float64Array;

  constructor(shape: Shape, member: Member) {
    this.layout = layoutOf(shape);
    this.member = member;
    this.network = new Network(shape, this.layout, member);
    this.head = shape.states === 'network' ? new NetworkHead(shape, this.layout, member) : new IntegratedHead(shape, this.layout, member);
    this.rowWeight = rowWeights(shape, member, this.head.rows);
    const { data, current } = this.head.rows;
    this.projection = createProjection(shape, this.layout, member, this.rowWeight.subarray(data, data + current));
    this.priors = new PriorRows(this.layout, member);
    this.outBar = new Float64Array(this.network.out.length);
    this.dOutBar = new Float64Array(this.network.out.length);
  }

  /** Bring network and residuals to theta. With `project`, first solve for the linear parameters and write them into theta. */
  evaluate(theta: Float64Array, project: number | null = null): LossTerms {
    this.network.forward(theta);
    this.head.evaluate(this.network, theta);
    if (project !== null && this.projection !== null) {
      this.projection.solve(this.head, this.network, theta, project);
      this.head.evaluate(this.network, theta);
    }
    this.priors.evaluate(theta);
    return this.terms();
  }

  private terms(): LossTerms {
    const { data, current } = this.head.rows;
    return {
      data: this.mean(0, data, this.member.huberMv),
      current: this.mean(data, data + current),
      gates: this.mean(data + current, this.rowWeight.length),
      ...this.priors.term(),
    };
  }

  /** Weighted sum over rows of rho(residual). */
  private mean(from: number, to: number, limit = Infinity): number {
    let sum = 0;
    for (let r = from; r < to; r++) {
      const weight = this.rowWeight[r]!;
      if (weight > 0) sum += weight * huberLoss(this.head.residual[r]!, limit);
    }
    return sum;
  }

  refresh(): boolean {
    const before = this.noiseFactor;
    this.noiseFactor = noiseFactor(this.member, DATA_SCALE_MV ** 2 * this.mean(0, this.head.rows.data));
    return this.noiseFactor !== before;
  }

  /** Under the noise last refreshed, and without multipliers of a weighting scheme. */
  total(terms: LossTerms, physics: number): number {
    return totalLoss(terms, this.member.weights, physics, this.noiseFactor);
  }

  /** d loss / d theta at the state and noise last evaluated and refreshed, overwritten. `multipliers` on data, current and gates: weighting.ts. */
  gradient(theta: Float64Array, physics: number, gradient: Float64Array, multipliers?: Float64Array): void {
    const { weights } = this.member;
    const factors = [weights.data * this.noiseFactor, physics * weights.current, physics * weights.gates];
    this.weightedGradient(theta, multipliers === undefined ? factors : factors.map((factor, i) => factor * multipliers[i]!), gradient);
    this.priors.addGradient(weights.data * (multipliers?.[0] ?? 1), gradient);
  }

  /** d term / d w of each unweighted term, w being the network's numbers, at the state last evaluated; null for a term without rows. */
  termGradients(theta: Float64Array): Record<LossTerm, Float64Array | null> {
    const { rows } = this.head;
    const of = (term: LossTerm, factors: readonly number[]): Float64Array | null => {
      if (rows[term] === 0) return null;
      const gradient = new Float64Array(this.layout.size);
      this.weightedGradient(theta, factors, gradient);
      return gradient.subarray(0, this.layout.networkSize);
    };
    return { data: of('data', [1, 0, 0]), current: of('current', [0, 1, 0]), gates: of('gates', [0, 0, 1]) };
  }

  /** Of the terms (data, current, gates) times their factors. */
  private weightedGradient(theta: Float64Array, factors: readonly number[], gradient: Float64Array): void {
    this.head.linearise(this.network, theta);
    const bar = this.rowFactors(factors);
    for (let r = 0; r < bar.length; r++) bar[r] = bar[r] === 0 ? 0 : 2 * bar[r]! * this.head.residual[r]!;
    gradient.fill(0);
    this.pullNetwork(theta, bar, gradient);
  }

  /** Weight of each row's square: in its term, by the term's factor, and by Huber's at the present residual. */
  private rowFactors(factors: readonly number[]): Float64Array {
    const { data, current } = this.head.rows;
    const { huberMv } = this.member;
    return this.rowWeight.map((weight, r) => {
      if (r >= data) return weight * factors[r < data + current ? 1 : 2]!;
      return weight * factors[0]! * huberFactor(this.head.residual[r]!, huberMv);
    });
  }

  evaluation(theta: Float64Array, physics: number): Evaluation {
    const terms = this.evaluate(theta);
    const gradient = new Float64Array(this.layout.size);
    this.refresh();
    this.gradient(theta, physics, gradient);
    return { loss: this.total(terms, physics), terms, gradient };
  }

  reconstruction(theta: Float64Array): Reconstruction {
    this.evaluate(theta);
    return { states: this.head.states(), parameters: inferredParameters(this.layout, theta) };
  }

  /** All residuals, unscaled: the head's, then the priors'. */
  residual(): Float64Array {
    return joined(this.head.residual, this.priors.residual);
  }

  /** Adjoints of the unscaled residuals -> gradient, added. Needs `linearise` at this state. */
  pullback(theta: Float64Array, residualBar: Float64Array, gradient: Float64Array): void {
    const own = this.head.residual.length;
    this.pullNetwork(theta, residualBar.subarray(0, own), gradient);
    this.priors.pullback(residualBar.subarray(own), gradient);
  }

  private pullNetwork(theta: Float64Array, residualBar: Float64Array, gradient: Float64Array): void {
    this.head.pullback(residualBar, this.outBar, this.dOutBar, gradient);
    this.network.backward(theta, this.outBar, this.dOutBar, gradient);
  }

  /** sqrt of each row's weight in the loss, linearised: Huber's weight is that of the present residual. Needs `linearise` at this state. */
  rowScales(physics: number): Float64Array {
    const { weights } = this.member;
    const factors = this.rowFactors([weights.data * this.noiseFactor, physics * weights.current, physics * weights.gates]);
    return joined(
      factors,
      this.priors.residual.map(() => weights.data * this.priors.weight),
    ).map(Math.sqrt);
  }

  /** d residual / d theta beyond the network: [theta.size - networkSize][rows] */
  columns(): readonly Float64Array[] {
    return this.head.columns().map((column, k) => joined(column, this.priors.column(k)));
  }

  /** J_w J_w^T of the unscaled residuals with respect to the network's weights, [rows, rows]. Needs `linearise` at this state. */
  gram(theta: Float64Array): Float64Array {
    if (this.featurePairs === undefined || this.layout.scaleOffset >= 0)
      this.featurePairs = pointPairs(this.network.tapes[0]!, this.network.points);
    const gram = this.head.transform(networkGram(this.network, theta, this.head.functionals(), this.featurePairs));
    return bordered(gram, this.head.residual.length, this.priors.residual.length);
  }

  /** Takes estimated noise anew. */
  linearise(theta: Float64Array): void {
    this.refresh();
    this.head.linearise(this.network, theta);
  }
}

/** The head's rows, then the priors'. */
function joined(rows: Float64Array, priors: Float64Array): Float64Array {
  if (priors.length === 0) return rows;
  const all = new Float64Array(rows.length + priors.length);
  all.set(rows);
  all.set(priors, rows.length);
  return all;
}

/** A square matrix with `more` rows and columns of zeros at its end. */
function bordered(matrix: Float64Array, size: number, more: number): Float64Array {
  if (more === 0) return matrix;
  const all = new Float64Array((size + more) ** 2);
  for (let r = 0; r < size; r++) all.set(matrix.subarray(r * size, (r + 1) * size), r * (size + more));
  return all;
}
