/**
 * Elementary functions in WGSL, accurate to about 1e-7 relative (and tanh of activations to 2e-7 absolute). WGSL's own promise is
 * weaker: exp may be off by 3 + 2|x| units in the last place and sin by 2^-11, too far for gradients to 2e-6.
 *
 * exp: Cody, Waite reduction by n ln 2 in two parts, then Taylor to degree 7 on |r| <= ln(2)/2 (remainder 5e-9); the scale is applied in
 * two factors, so that it underflows as the exact result does. What would overflow is nearly the largest number: exponentials stand in
 * denominators, 1 / (1 + exp(u)), whose slope would be 0 times infinity. sin and cos: reduction by pi/2 in three parts, Taylor to
 * degrees 9 and 10 on |r| <= pi/4 (remainders 2e-9, 2e-10). log: m in [1/sqrt 2, sqrt 2), 2 atanh((m-1)/(m+1)) by its series to s^9 (remainder 4e-10).
 */

/** Taylor coefficients, highest first, for Horner's rule: 1 / k! from k = `degree` down to 0, then `map`ped. */
function horner(coefficients: readonly number[], variable: string): string {
  const [first, ...rest] = coefficients;
  return rest.reduce((sum, coefficient) => `fma(${sum}, ${variable}, ${literal(coefficient)})`, literal(first!));
}

function factorial(k: number): number {
  return k < 2 ? 1 : k * factorial(k - 1);
}

/** Coefficients f(k) for k = last, last - 1, ... 0. */
function descending(last: number, f: (k: number) => number): number[] {
  return Array.from({ length: last + 1 }, (_, k) => f(last - k));
}

/** A number as an f32 literal; beyond its range, the largest there is (WGSL has no literal for infinity). */
export function literal(value: number): string {
  const largest = 3.4028234e38;
  const text = Math.fround(Math.max(-largest, Math.min(largest, value))).toString();
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}

export const ELEMENTARY = /* wgsl */ `
fn power_of_two(n: i32) -> f32 { return bitcast<f32>((n + 127) << 23u); }

fn exp_(x: f32) -> f32 {
  let bounded = clamp(x, -150.0f, 88.72f);
  let n = round(bounded * 1.4426950409f);
  let r = fma(n, -3.194618494528e-5f, fma(n, -0.693115234375f, bounded));
  let p = ${horner(
    descending(7, (k) => 1 / factorial(k)),
    'r',
  )};
  let half = i32(n) / 2;
  return (p * power_of_two(half)) * power_of_two(i32(n) - half);
}

fn exprel_(x: f32) -> f32 {
  if (abs(x) < 1.0f) { return ${horner(
    descending(10, (k) => 1 / factorial(k + 1)),
    'x',
  )}; }
  return (exp_(x) - 1.0f) / x;
}

fn exprel_slope(x: f32) -> f32 {
  if (abs(x) < 1.0f) { return ${horner(
    descending(10, (k) => 1 / (factorial(k) * (k + 2))),
    'x',
  )}; }
  let e = exp_(x);
  if (x > 0.0f) { return (e / x) * (1.0f - 1.0f / x) + 1.0f / (x * x); }
  return ((e - 1.0f) / x - e) / -x;
}

fn tanh_(x: f32) -> f32 {
  let y = 2.0f * clamp(x, -12.0f, 12.0f);
  let e = y * exprel_(y);
  return e / (e + 2.0f);
}

fn sinh_(x: f32) -> f32 { return 0.5f * x * (exprel_(x) + exprel_(-x)); }
fn cosh_(x: f32) -> f32 { return 0.5f * (exp_(x) + exp_(-x)); }

fn log_(x: f32) -> f32 {
  let bits = bitcast<i32>(x);
  if (x < 1.2e-38f || bits >= 0x7f800000) { return log(x); }
  var n = (bits >> 23u) - 127;
  var m = bitcast<f32>((bits & 0x7fffff) | 0x3f800000);
  if (m > 1.41421356f) { m = 0.5f * m; n += 1; }
  let s = (m - 1.0f) / (m + 1.0f);
  let q = s * s;
  let series = ${horner(
    descending(4, (k) => 2 / (2 * k + 1)),
    'q',
  )};
  return fma(f32(n), 0.693115234375f, fma(f32(n), 3.194618494528e-5f, s * series));
}

/** (sin x, cos x) */
fn sincos_(x: f32) -> vec2f {
  let n = round(x * 0.6366197724f);
  let r = fma(n, -1.58932547e-8f, fma(n, -4.838109016418457e-4f, fma(n, -1.5703125f, x)));
  let q = r * r;
  let s = r * ${horner(
    descending(4, (k) => (-1) ** k / factorial(2 * k + 1)),
    'q',
  )};
  let c = ${horner(
    descending(5, (k) => (-1) ** k / factorial(2 * k)),
    'q',
  )};
  let quadrant = i32(n) & 3;
  let swapped = select(vec2f(s, c), vec2f(c, s), (quadrant & 1) == 1);
  return vec2f(select(swapped.x, -swapped.x, quadrant >= 2), select(swapped.y, -swapped.y, quadrant == 1 || quadrant == 2));
}

/** 1 / x for 1 <= x <= 2: the root's reciprocal squared, and a Newton step. Division is three times as many instructions. */
fn reciprocal(x: f32) -> f32 {
  let root = inverseSqrt(x);
  let y = root * root;
  return fma(y, fma(-x, y, 1.0f), y);
}

/** tanh of an activation: 2e-7 absolute, and quick */
fn squash(x: f32) -> f32 {
  let e = exp(-2.0f * abs(x));
  let t = (1.0f - e) * reciprocal(1.0f + e);
  return select(t, -t, x < 0.0f);
}

fn broken(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u; }
`;

/** The normal distribution function by that of the error: Abramowitz, Stegun 7.1.26, 7.5e-8 absolute; below 1 by its series, 1e-8. */
export const ELEMENTARY_GELU = /* wgsl */ `
fn normal_(z: f32) -> f32 {
  let x = min(abs(z) * 0.7071067812f, 6.0f);
  if (x < 1.0f) {
    let q = x * x;
    let half = 0.5641895835f * x * ${horner(
      descending(10, (k) => (-1) ** k / (factorial(k) * (2 * k + 1))),
      'q',
    )};
    return select(0.5f - half, 0.5f + half, z > 0.0f);
  }
  let t = 1.0f / (1.0f + 0.3275911f * x);
  let tail = 0.5f * exp_(-x * x) * t * ${horner([1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592], 't')};
  return select(tail, 1.0f - tail, z > 0.0f);
}
`;
