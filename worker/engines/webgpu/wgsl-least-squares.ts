/**
 * WGSL of the bounded least squares of reference/projection.ts in double-floats: by active sets (Stark, Parker 1995, BVLS), what leaves
 * its range is put on its bound, what is held there against the slope of the misfit is let go again. One invocation runs it, with the
 * staging area as its memory.
 *
 * In: normal equations, stage[NORMAL ..] and stage[RIGHT ..]. Out: stage[SOLUTION ..] = (high, low) for each bit of the mask returned.
 */
import { literal } from './wgsl-elementary.ts';

/** Slopes below this, scaled, are rounding. */
const HELD = 1e-9;
/** Added to the diagonal of the scaled system. */
const RIDGE = 1e-12;

export function writeLeastSquares(ranges: readonly (readonly [low: number, high: number])[]): string {
  const K = ranges.length;
  const array = (values: readonly number[]): string => `array<f32, ${K}>(${values.map(literal).join(', ')})`;
  return /* wgsl */ `
const K = ${K}u;
const NORMAL = 0u;
const RIGHT = ${K * K}u;
const SOLUTION = ${K * K + K}u;
const FACTOR = ${K * K + 2 * K}u;
const TRIAL = ${2 * K * K + 2 * K}u;
const SCALE = ${2 * K * K + 3 * K}u;
var<private> low: array<f32, ${K}> = ${array(ranges.map(([low]) => low))};
var<private> high: array<f32, ${K}> = ${array(ranges.map(([, high]) => high))};
var<private> chosen: array<u32, ${K}>;

fn at_(k: u32) -> vec2f { return stage[k].xy; }
fn put(k: u32, value: vec2f) { stage[k] = vec4f(value, 0.0f, 0.0f); }

/** A x of the unknowns in the mask, for row k. */
fn row_times(k: u32, mask: u32) -> vec2f {
  var sum = vec2f(0.0f);
  for (var l = 0u; l < K; l++) {
    if (((mask >> l) & 1u) != 0u) { sum = double_add(sum, double_multiply(at_(NORMAL + k * K + l), at_(SOLUTION + l))); }
  }
  return sum;
}

/** Solve for the free unknowns, the others at their value, columns scaled to unit length: TRIAL and the number of free ones, 0 without a solution. */
fn solve_subset(free: u32) -> u32 {
  var n = 0u;
  for (var k = 0u; k < K; k++) { if (((free >> k) & 1u) != 0u) { chosen[n] = k; n++; } }
  for (var i = 0u; i < n; i++) {
    let k = chosen[i];
    let diagonal = stage[NORMAL + k * K + k].x;
    put(SCALE + i, vec2f(select(inverseSqrt(diagonal), 1.0f, diagonal == 0.0f || broken(diagonal)), 0.0f));
    put(TRIAL + i, double_multiply(double_add(at_(RIGHT + k), -row_times(k, ~free)), at_(SCALE + i)));
  }
  for (var i = 0u; i < n; i++) {
    for (var j = 0u; j <= i; j++) {
      var sum = double_multiply(at_(NORMAL + chosen[i] * K + chosen[j]), two_product(stage[SCALE + i].x, stage[SCALE + j].x));
      if (i == j) { sum = double_add(sum, vec2f(${literal(RIDGE)}, 0.0f)); }
      for (var m = 0u; m < j; m++) { sum = double_add(sum, -double_multiply(at_(FACTOR + i * K + m), at_(FACTOR + j * K + m))); }
      if (i != j) {
        sum = double_divide(sum, at_(FACTOR + j * K + j));
      } else {
        if (!(sum.x > 0.0f) || broken(sum.x)) { return 0u; }
        sum = double_root(sum);
      }
      put(FACTOR + i * K + j, sum);
    }
  }
  for (var i = 0u; i < n; i++) {
    var sum = at_(TRIAL + i);
    for (var m = 0u; m < i; m++) { sum = double_add(sum, -double_multiply(at_(FACTOR + i * K + m), at_(TRIAL + m))); }
    put(TRIAL + i, double_divide(sum, at_(FACTOR + i * K + i)));
  }
  for (var r = n; r > 0u; r--) {
    let i = r - 1u;
    var sum = at_(TRIAL + i);
    for (var m = r; m < n; m++) { sum = double_add(sum, -double_multiply(at_(FACTOR + m * K + i), at_(TRIAL + m))); }
    put(TRIAL + i, double_divide(sum, at_(FACTOR + i * K + i)));
  }
  for (var i = 0u; i < n; i++) { put(TRIAL + i, double_multiply(at_(TRIAL + i), at_(SCALE + i))); }
  return n;
}

/** First what is out of its range is dropped onto its bound, the worst at a time; then what pulls away from its bound is let go, as far as its own range and the others' admit. */
fn bounded_least_squares() -> u32 {
  let all = (1u << K) - 1u;
  var free = all;
  var onLow = 0u;
  var dropping = true;
  var round = 0u;
  loop {
    if (free != 0u) {
      let n = solve_subset(free);
      if (n == 0u) { return select(all, all & ~free, dropping); }
      var out = n;
      var most = 0.0f;
      var share = 1.0f;
      for (var i = 0u; i < n; i++) {
        let k = chosen[i];
        let value = stage[TRIAL + i].x;
        let bound = select(high[k], low[k], value < low[k]);
        let inside = value >= low[k] && value <= high[k];
        if (dropping) {
          let excess = abs(value - bound) / (high[k] - low[k]);
          if (!inside && excess > most) { most = excess; out = i; }
        } else {
          let from_ = stage[SOLUTION + k].x;
          let own = (bound - from_) / (value - from_);
          if (!inside && own < share) { share = own; out = i; }
        }
      }
      if (!dropping || out == n) {
        for (var i = 0u; i < n; i++) {
          let place = SOLUTION + chosen[i];
          let step = double_add(at_(TRIAL + i), -at_(place));
          put(place, select(double_add(at_(place), double_multiply(vec2f(share, 0.0f), step)), at_(TRIAL + i), out == n));
        }
      }
      if (out < n) {
        let k = chosen[out];
        let below = stage[TRIAL + out].x < low[k];
        put(SOLUTION + k, vec2f(select(high[k], low[k], below), 0.0f));
        onLow = select(onLow & ~(1u << k), onLow | (1u << k), below);
        free &= ~(1u << k);
        continue;
      }
    }
    dropping = false;
    var steepest = K;
    var most = ${literal(HELD)};
    for (var k = 0u; k < K; k++) {
      if (((free >> k) & 1u) != 0u) { continue; }
      let slope = double_add(row_times(k, all), -at_(RIGHT + k)).x;
      let size = sqrt(stage[NORMAL + k * K + k].x) * sqrt(abs(stage[RIGHT + k].x) + 1e-30f);
      let pull = select(slope, -slope, ((onLow >> k) & 1u) != 0u) / size;
      if (pull > most) { most = pull; steepest = k; }
    }
    if (steepest == K || round == 3u * K) { return all; }
    round++;
    free |= 1u << steepest;
  }
}
`;
}
