/**
 * L-BFGS in float64 over any engine's loss and gradient: the two-loop recursion (Nocedal, Wright 2006, algorithm 7.4) with a line search
 * for the strong Wolfe conditions (algorithms 3.5 and 3.6, cubic interpolation as their eq. 3.59, kept away from the bracket's ends).
 * The cheap second-order stage for networks whose normal equations are too large to factor.
 *
 * Parameters move in theta as it is: the curvature pairs find their scale, so there is no rate for them. The physics weight rises along
 * the stage's ramp; each weight starts from the last state with an empty history, because another loss has other curvatures. Each accepted
 * step lowers the loss; theta is always the last accepted. Estimated noise is taken anew between steps and held over a line search, so that
 * its losses and slopes belong to one function. Between iterations everything follows from theta, the pairs and the place in the ramp.
 */
import type { LbfgsStage } from '../../schemas/generated/types.ts';
import type { LossTerms, StageControl, StageOutcome } from './engine.ts';
import { inferredValues, type Layout } from './layout.ts';
import { brokenTerm } from './loss.ts';
import { endSecondOrder, rampOf, secondOrderState, type SecondOrderProgress } from './replica-progress.ts';

/** One replica's loss and gradient, in float64. */
export interface FirstOrder {
  readonly layout: Layout;
  /** Bring the state to theta. With `project`, a physics weight, first solve for the linear parameters under it and write them into theta. */
  evaluate(theta: Float64Array, project: number | null): LossTerms;
  /** The loss under the weights last refreshed. */
  total(terms: LossTerms, physics: number): number;
  /** Take anew the weights that follow the state last evaluated (estimated noise); true when that changed them. */
  refresh(): boolean;
  /** d loss / d theta at the state last evaluated, overwritten. */
  gradient(theta: Float64Array, physics: number, gradient: Float64Array): void;
}

/** Sufficient decrease and curvature: the values that Nocedal, Wright give for quasi-Newton methods (3.1). */
const DECREASE = 1e-4;
const CURVATURE = 0.9;
/** Evaluations of one line search after which the direction is given up. */
const MAX_TRIALS = 25;

/** Moves the replica's theta. Takes up a stage that was interrupted, or begins it. */
export function lbfgs(
  problem: FirstOrder,
  replica: SecondOrderProgress,
  stage: Required<LbfgsStage>,
  control: StageControl,
  index: number,
): StageOutcome {
  const { theta } = replica;
  const weights = rampOf(stage);
  const first = replica.step;
  let resumed = replica.ramp;
  let now = pointAt(theta.length);
  let trial = pointAt(theta.length);
  now.terms = problem.evaluate(theta, stage.project && resumed === null ? weights[0]! : null);
  const broken = brokenTerm(now.terms);
  if (broken !== null) return { kind: 'diverged', step: first, term: broken };
  for (let weight = resumed?.weight ?? 0; weight < weights.length; weight++) {
    const physics = weights[weight]!;
    const history = new History(theta.length, stage.history, resumed?.pairs ?? []);
    now.theta.set(theta);
    now.terms = problem.evaluate(now.theta, null);
    problem.refresh();
    slopesAt(problem, physics, now);
    for (let iteration = resumed?.iteration ?? 0; iteration < stage.steps; iteration++) {
      replica.ramp = { weight, iteration, damping: 0, pairs: history.arrays() };
      if (control.shouldStop()) return { kind: 'interrupted', steps: replica.step - first, terms: now.terms };
      control.checkpoint?.(index, () => secondOrderState(replica));
      const { loss } = now;
      const found = descend(problem, physics, history, now, trial);
      replica.step += 1;
      control.progress(1);
      if (found) {
        history.add(now, trial);
        [now, trial] = [trial, now];
        theta.set(now.theta);
      }
      control.trace?.(index, replica.step, inferredValues(problem.layout, theta));
      if (!found || loss - now.loss < stage.tolerance * loss) break;
      if (problem.refresh()) slopesAt(problem, physics, now);
    }
    resumed = null;
  }
  return endSecondOrder(replica, first, now.terms);
}

/** Where the loss is known with its gradient. */
interface Point {
  readonly theta: Float64Array;
  readonly gradient: Float64Array;
  loss: number;
  terms: LossTerms;
}

function pointAt(size: number): Point {
  return { theta: new Float64Array(size), gradient: new Float64Array(size), loss: 0, terms: { data: 0, current: 0, gates: 0 } };
}

/** Loss and gradient at the state last evaluated, which is the point's. */
function slopesAt(problem: FirstOrder, physics: number, at: Point): void {
  at.loss = problem.total(at.terms, physics);
  problem.gradient(at.theta, physics, at.gradient);
}

/** A step along the quasi-Newton direction; once more along the gradient when no step along it will do. False: neither did. */
function descend(problem: FirstOrder, physics: number, history: History, now: Point, trial: Point): boolean {
  const quasiNewton = history.size > 0;
  const direction = history.direction(now.gradient);
  if (search(problem, physics, now, direction, quasiNewton ? 1 : firstLength(now.gradient), trial)) return true;
  if (!quasiNewton) return false;
  history.clear();
  return search(problem, physics, now, history.direction(now.gradient), firstLength(now.gradient), trial);
}

/** A first step along the gradient moves theta by 0.1 in all: no curvature is known yet. */
function firstLength(gradient: Float64Array): number {
  return 0.1 / Math.max(Math.sqrt(inner(gradient, gradient)), Number.MIN_VALUE);
}

/** Loss and slope along the direction at a step length. */
interface Along {
  readonly length: number;
  readonly loss: number;
  readonly slope: number;
}

/** Algorithm 3.5: fills `trial` with a point of strong Wolfe conditions, or after MAX_TRIALS with the lowest that decreases enough. */
function search(problem: FirstOrder, physics: number, now: Point, direction: Float64Array, first: number, trial: Point): boolean {
  const start: Along = { length: 0, loss: now.loss, slope: inner(now.gradient, direction) };
  if (!(start.slope < 0)) return false;
  const line = new Line(problem, physics, now, direction, trial);
  const decreases = (at: Along): boolean => at.loss <= start.loss + DECREASE * at.length * start.slope;
  const flat = (at: Along): boolean => Math.abs(at.slope) <= -CURVATURE * start.slope;
  let before = start;
  let low: Along | null = null;
  let high = start;
  for (let length = first; low === null && line.trials < MAX_TRIALS; length *= 2) {
    const at = line.at(length);
    if (!decreases(at) || (before !== start && at.loss >= before.loss)) [low, high] = [before, at];
    else if (flat(at)) return true;
    else if (at.slope >= 0) [low, high] = [at, before];
    else before = at;
  }
  low ??= before;
  // algorithm 3.6: the interval between low and high holds such points; low has the least loss of those that decrease enough
  while (line.trials < MAX_TRIALS) {
    const at = line.at(between(low, high));
    if (!decreases(at) || at.loss >= low.loss) high = at;
    else {
      if (flat(at)) return true;
      if (at.slope * (high.length - low.length) >= 0) high = low;
      low = at;
    }
    if (Math.abs(high.length - low.length) <= 1e-12 * Math.max(high.length, low.length)) break;
  }
  if (low.length === 0) return false;
  return line.at(low.length).loss < start.loss;
}

/** The minimum of the cubic through both losses and slopes (eq. 3.59), at least a tenth of the interval from its ends. */
function between(low: Along, high: Along): number {
  const width = high.length - low.length;
  const d1 = low.slope + high.slope - (3 * (low.loss - high.loss)) / (low.length - high.length);
  const d2 = Math.sign(width) * Math.sqrt(d1 * d1 - low.slope * high.slope);
  const share = 1 - (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2);
  // a loss that is not finite tells nothing but that it is too far
  return low.length + width * (Number.isFinite(share) ? Math.min(0.9, Math.max(0.1, share)) : 0.1);
}

/** The loss along a direction; `trial` holds the point last asked for. */
class Line {
  trials = 0;
  private readonly problem: FirstOrder;
  private readonly physics: number;
  private readonly now: Point;
  private readonly direction: Float64Array;
  private readonly trial: Point;

  constructor(problem: FirstOrder, physics: number, now: Point, direction: Float64Array, trial: Point) {
    this.problem = problem;
    this.physics = physics;
    this.now = now;
    this.direction = direction;
    this.trial = trial;
  }

  at(length: number): Along {
    const { problem, physics, now, direction, trial } = this;
    this.trials += 1;
    for (let i = 0; i < direction.length; i++) trial.theta[i] = now.theta[i]! + length * direction[i]!;
    trial.terms = problem.evaluate(trial.theta, null);
    if (!Number.isFinite(problem.total(trial.terms, physics))) return { length, loss: Infinity, slope: Infinity };
    slopesAt(problem, physics, trial);
    return { length, loss: trial.loss, slope: inner(trial.gradient, direction) };
  }
}

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  /** 1 / (s . y) */
  readonly inverse: number;
}

function pairOf(s: Float64Array, y: Float64Array): Pair {
  return { s, y, inverse: 1 / inner(s, y) };
}

/** The last pairs s = change of theta and y = change of the gradient, oldest first. */
class History {
  private readonly kept: number;
  private readonly length: number;
  private pairs: Pair[] = [];

  /** `arrays`: as `arrays()` gave them. */
  constructor(length: number, kept: number, arrays: readonly Float64Array[]) {
    this.length = length;
    this.kept = kept;
    for (let k = 0; k < arrays.length; k += 2) this.pairs.push(pairOf(arrays[k]!, arrays[k + 1]!));
  }

  /** s and y of each pair, oldest first; they are not changed any more. */
  arrays(): Float64Array[] {
    return this.pairs.flatMap(({ s, y }) => [s, y]);
  }

  get size(): number {
    return this.pairs.length;
  }

  clear(): void {
    this.pairs = [];
  }

  /** Pairs without positive curvature, which the Wolfe conditions exclude but rounding does not, are left out. */
  add(from: Point, to: Point): void {
    const s = to.theta.map((value, i) => value - from.theta[i]!);
    const y = to.gradient.map((value, i) => value - from.gradient[i]!);
    if (!(inner(s, y) > Number.EPSILON * Math.sqrt(inner(s, s) * inner(y, y)))) return;
    this.pairs.push(pairOf(s, y));
    if (this.pairs.length > this.kept) this.pairs.shift();
  }

  /** Algorithm 7.4 with the initial scaling of eq. 7.20: minus the inverse Hessian's approximation times the gradient. */
  direction(gradient: Float64Array): Float64Array {
    const q = gradient.map((value) => -value);
    const shares = new Float64Array(this.pairs.length);
    for (let k = this.pairs.length - 1; k >= 0; k--) {
      const { s, y, inverse } = this.pairs[k]!;
      shares[k] = inverse * inner(s, q);
      for (let i = 0; i < this.length; i++) q[i]! -= shares[k]! * y[i]!;
    }
    const last = this.pairs.at(-1);
    if (last !== undefined) {
      const scale = 1 / (last.inverse * inner(last.y, last.y));
      for (let i = 0; i < this.length; i++) q[i]! *= scale;
    }
    this.pairs.forEach(({ s, y, inverse }, k) => {
      const share = shares[k]! - inverse * inner(y, q);
      for (let i = 0; i < this.length; i++) q[i]! += share * s[i]!;
    });
    return q;
  }
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
