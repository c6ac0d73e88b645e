/** Bounded least squares against brute force: every way of putting unknowns on their bounds, the rest solved for freely. */
import { describe, expect, test } from 'vitest';
import { innerRange, layoutOf, thetaToParameter } from '../../../../worker/engines/layout.ts';
import { cholesky, solveFactored } from '../../../../worker/engines/reference/dense.ts';
import { Objective } from '../../../../worker/engines/reference/objective.ts';
import { boundedLeastSquares, projectOut } from '../../../../worker/engines/reference/projection.ts';
import { priorResidual, priorSlope } from '../../../../worker/engines/prior.ts';
import { randomStream } from '../../../../schemas/random.ts';
import { memberOf, shapeOf } from '../../../helpers/engine-cohorts.ts';

interface Problem {
  readonly slopes: Float64Array[];
  readonly constant: Float64Array;
  readonly weight: Float64Array;
  readonly ranges: [number, number][];
}

/** Unknown k of a problem is wanted at about `k + 1`, within [0.5, 3]: some bounds hold the solution back. */
function problem(seed: number, unknowns: number, rows = 12): Problem {
  const stream = randomStream(seed, 'test');
  let index = 0;
  const draw = (): number => stream.normal(index++);
  const shared = Float64Array.from({ length: rows }, draw);
  const slopes = Array.from({ length: unknowns }, () => shared.map((value) => 0.7 * value + draw()));
  const constant = Float64Array.from({ length: rows }, (_, j) =>
    slopes.reduce((sum, slope, k) => sum - (k + 1 + draw()) * slope[j]!, draw()),
  );
  const weight = Float64Array.from({ length: rows }, (_, j) => (j === 0 ? 0 : 1 + (j % 3)));
  return { slopes, constant, weight, ranges: slopes.map(() => [0.5, 3]) };
}

function misfit({ slopes, constant, weight }: Problem, x: readonly number[]): number {
  return weight.reduce((sum, w, j) => sum + w * (constant[j]! + slopes.reduce((total, slope, k) => total + x[k]! * slope[j]!, 0)) ** 2, 0);
}

/** Least over all 3^n choices of low, high or free. */
function bruteForce(given: Problem): number {
  const n = given.slopes.length;
  let best = Infinity;
  for (let choice = 0; choice < 3 ** n; choice++) {
    const place = Array.from({ length: n }, (_, k) => Math.floor(choice / 3 ** k) % 3);
    const x = place.map((where, k) => (where === 2 ? 0 : given.ranges[k]![where]!));
    const free = place.flatMap((where, k) => (where === 2 ? [k] : []));
    const A = new Float64Array(free.length ** 2);
    const b = new Float64Array(free.length);
    const residual = given.constant.map((c, j) => c + given.slopes.reduce((sum, slope, k) => sum + x[k]! * slope[j]!, 0));
    free.forEach((k, i) => {
      given.weight.forEach((w, j) => {
        b[i]! -= w * given.slopes[k]![j]! * residual[j]!;
        free.forEach((l, m) => (A[i * free.length + m]! += w * given.slopes[k]![j]! * given.slopes[l]![j]!));
      });
    });
    if (!cholesky(A, free.length)) continue;
    solveFactored(A, free.length, b);
    free.forEach((k, i) => (x[k] = b[i]!));
    if (x.every((value, k) => value >= given.ranges[k]![0] && value <= given.ranges[k]![1])) best = Math.min(best, misfit(given, x));
  }
  return best;
}

test.each([1, 2, 3, 4, 5])('%i unknowns are at the best point within their ranges', (unknowns) => {
  for (let seed = 0; seed < 60; seed++) {
    const given = problem(seed, unknowns);
    const x = boundedLeastSquares(given.slopes, given.constant, given.weight, given.ranges);
    x.forEach((value, k) => expect(value >= given.ranges[k]![0] - 1e-9 && value <= given.ranges[k]![1] + 1e-9).toBe(true));
    expect(misfit(given, x)).toBeLessThanOrEqual(bruteForce(given) * (1 + 1e-8) + 1e-12);
  }
});

describe('a problem that the data leave open', () => {
  test('gives no number where a slope is nothing anywhere but the value of the others', () => {
    const given = problem(1, 2);
    const [value] = boundedLeastSquares(given.slopes.slice(0, 1), given.constant, given.weight, given.ranges.slice(0, 1));
    expect(Number.isFinite(value)).toBe(true);
    const broken = boundedLeastSquares([new Float64Array(12).fill(Number.NaN)], given.constant, given.weight, given.ranges.slice(0, 1));
    expect(broken).toEqual([Number.NaN]);
  });
});

test('at the projected parameters the gradient of the loss with respect to them is 0', () => {
  for (const states of ['network', 'integrated'] as const) {
    const shape = shapeOf('hodgkin-huxley', { states, infer: ['gNa', 'gL'] });
    const member = memberOf(shape, 1);
    // data that a current balance can meet: else every conductance ends on a bound
    const objective = new Objective(shape, { ...member, current: member.current.map(() => 0) });
    const theta = member.theta.slice();
    objective.evaluate(theta, 1);
    const gradient = new Float64Array(theta.length);
    objective.gradient(theta, 1, gradient);
    const places = objective.projection!.places.filter((place) => Math.abs(Math.tanh(theta[place]!)) < 0.9499);
    for (const place of places) expect(Math.abs(gradient[place]!)).toBeLessThan(1e-8);
    expect(objective.projection!.places).toEqual([layoutOf(shape).parameterOffset, layoutOf(shape).parameterOffset + 1]);
  }
});

test('with priors of logarithms, however far from the data, no conductance within its range can be moved to lower the sum of squares', () => {
  const names = ['gNa', 'gK', 'gL'];
  const layout = layoutOf(shapeOf('hodgkin-huxley', { infer: names }));
  for (let seed = 1; seed <= 200; seed++) {
    const stream = randomStream(seed, 'priors');
    let index = 0;
    const draw = (): number => stream.normal(index++);
    const middle = layout.parameters.map((parameter) => thetaToParameter(parameter, 0));
    // what the data want, and what the priors do, apart by factors of up to a hundred
    const wanted = middle.map((value) => value * Math.exp(draw()));
    const slopes = middle.map((value) => Float64Array.from({ length: 12 }, () => draw() / value));
    const constant = slopes[0]!.map((_, j) => -wanted.reduce((sum, value, k) => sum + value * slopes[k]![j]!, 0.1 * draw()));
    const weight = new Float64Array(12).fill(1 / 12);
    const priors = middle.map((value, parameter) => ({ parameter, logarithmic: true, centre: Math.log(value) + 2 * draw(), sd: 0.5 }));
    const [strength, physics] = [Math.exp(3 * draw()) / 10, 1];
    const theta = Float64Array.from({ length: layout.size }, () => draw());
    projectOut(layout, names, slopes, constant, weight, theta, { priors, strength, physics });
    const values = layout.parameters.map((parameter, k) => thetaToParameter(parameter, theta[layout.parameterOffset + k]!));
    const residual = constant.map((c, j) => c + values.reduce((sum, value, k) => sum + value * slopes[k]![j]!, 0));
    layout.parameters.forEach((parameter, k) => {
      const [low, high] = innerRange(parameter);
      const value = values[k]!;
      if (value < low * 1.001 || value > high * 0.999) return;
      const ofData = residual.reduce((sum, r, j) => sum + physics * weight[j]! * r * slopes[k]![j]!, 0);
      const ofPrior = strength * priorResidual(priors[k]!, value) * priorSlope(priors[k]!, value);
      expect(Math.abs(ofData + ofPrior), `seed ${seed}, ${parameter.name}`).toBeLessThan(1e-8 * (Math.abs(ofPrior) + 1 / middle[k]!));
    });
  }
});
