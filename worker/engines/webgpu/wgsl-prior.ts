/**
 * WGSL of priors (prior.ts): their part of a parameter's gradient, and of the least squares of the projection. Which parameters have one is the
 * replica's own, so that each has a row of four scalars:
 * (2 x weight in the loss / sd^2, 0 where there is none; kind; middle of the range less the prior's centre; centre).
 * The third is taken on the host, on the scale that the parameter is fitted on: float32 would not keep the digits of a value near its centre.
 */
import type { Parameter } from '../../models/model.ts';
import type { Member } from '../engine.ts';
import { scaleOf, type Layout } from '../layout.ts';
import { priorWeight } from '../loss.ts';
import type { Prior } from '../prior.ts';
import { literal } from './wgsl-elementary.ts';
import type { Tiling } from './tiling.ts';

const ROW = 4;
/** Of the value of a parameter fitted as it is, or as its logarithm; of that logarithm. */
const PLAIN = 0;
const OF_VALUE = 1;
const OF_LOGARITHM = 2;

/** As reference/projection.ts; what float32 can tell apart. */
const MOST_ROUNDS = 50;
const SETTLED = 3e-7;

/** Whether number k of theta beyond the network may have one. */
export function hasPrior({ shape, layout }: Tiling, k: number): boolean {
  return shape.priors > 0 && k < layout.parameters.length;
}

/** Scalars that a replica has for them. */
export function priorSize({ shape, layout }: Tiling): number {
  return shape.priors === 0 ? 0 : ROW * layout.parameters.length;
}

export function priorScalars({ parameters }: Layout, member: Member): number[] {
  const weight = 2 * member.weights.data * priorWeight(member);
  return parameters.flatMap((parameter, p) => {
    const prior = member.priors.find((candidate) => candidate.parameter === p);
    return prior === undefined ? [0, 0, 0, 0] : row(parameter, prior, weight);
  });
}

function row(parameter: Parameter, { logarithmic, centre, sd }: Prior, weight: number): number[] {
  const middle = scaleOf(parameter).centre;
  if (logarithmic) return [weight / sd ** 2, OF_LOGARITHM, middle - centre, centre];
  if (!parameter.positive) return [weight / sd ** 2, PLAIN, middle - centre, centre];
  // a value that is not positive has no logarithm: nothing is near it
  return [weight / sd ** 2, OF_VALUE, centre > 0 ? middle - Math.log(centre) : 0, centre];
}

/** `priorBar`: d loss / d theta by the prior of each inferred parameter. */
export function priorDeclarations({ layout }: Tiling): string {
  return /* wgsl */ `
var<workgroup> priorBar: array<f32, ${Math.max(1, layout.parameters.length)}>;

/** 'x': of the parameter on the scale of its fit, from the middle of its range; slopes by theta. */
fn prior_bar(row: u32, x: f32, xSlope: f32, value: f32, valueSlope: f32) -> f32 {
  let away = x + scalars[row + 2u];
  if (scalars[row + 1u] != ${literal(OF_VALUE)}) { return scalars[row] * away * xSlope; }
  let centre = scalars[row + 3u];
  return scalars[row] * select(value - centre, centre * away * exprel_(away), centre > 0.0f) * valueSlope;
}
`;
}

/** Of inferred parameter p, whose half range on the scale of the fit is `half`; reads `u`, `value` and `slope`. */
export function writePriorBar(p: number, half: string): string {
  return `priorBar[${p}] = prior_bar(atPriors + ${ROW * p}u, ${half} * u, ${half} * (1.0f - u * u), value, slope[${p}]);`;
}

/**
 * `solve_with_priors`: the bounded least squares with the priors of the parameters at `places`, by slope and curvature at the solution before until it
 * stays (priorBend of prior.ts). `values`: index in `par` of each.
 */
export function priorProjection(places: readonly number[], values: readonly number[]): string {
  const K = places.length;
  const table = (numbers: readonly number[]): string => `array<u32, ${K}>(${numbers.map((n) => `${n}u`).join(', ')})`;
  return /* wgsl */ `
const WITHOUT = ${2 * K * K + 4 * K}u;
var<private> rowOf: array<u32, ${K}> = ${table(places.map((p) => ROW * p))};
var<private> valueOf: array<u32, ${K}> = ${table(values)};

/** 'weight': of the squares that the system sums, in the loss, twice. */
fn solve_with_priors(atPriors: u32, weight: f32) -> u32 {
  for (var k = 0u; k < K * K + K; k++) { put(NORMAL + k, double_multiply(at_(NORMAL + k), vec2f(weight, 0.0f))); }
  var values: array<f32, K>;
  for (var k = 0u; k < K; k++) {
    values[k] = par[valueOf[k]];
    put(WITHOUT + k, at_(NORMAL + k * K + k));
    put(WITHOUT + K + k, at_(RIGHT + k));
  }
  var solved = 0u;
  for (var round = 0u; round < ${MOST_ROUNDS}u; round++) {
    for (var k = 0u; k < K; k++) {
      let row = atPriors + rowOf[k];
      let prior = scalars[row];
      let centre = scalars[row + 3u];
      let value = values[k];
      let ofLogarithm = scalars[row + 1u] == ${literal(OF_LOGARITHM)};
      let below = centre - log_(value);
      let bend = max(0.0f, 1.0f + below);
      let normal = select(prior, bend * prior / (value * value), ofLogarithm);
      let right = select(prior * centre, (prior / value) * (bend + below), ofLogarithm);
      put(NORMAL + k * K + k, double_add(at_(WITHOUT + k), vec2f(normal, 0.0f)));
      put(RIGHT + k, double_add(at_(WITHOUT + K + k), vec2f(right, 0.0f)));
    }
    solved = bounded_least_squares();
    if (solved != (1u << K) - 1u) { break; }
    var settled = true;
    for (var k = 0u; k < K; k++) {
      let value = stage[SOLUTION + k].x;
      settled = settled && abs(value - values[k]) <= ${literal(SETTLED)} * abs(value);
      values[k] = value;
    }
    if (settled) { break; }
  }
  return solved;
}
`;
}
