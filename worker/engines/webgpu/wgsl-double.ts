/**
 * WGSL of double-float arithmetic: a number as the unevaluated sum of two floats (high, low), some 14 digits. Sums by Knuth's two-sum,
 * products by Dekker's, after Veltkamp's splitting (Dekker 1971). `run.unit` is 1, which no compiler knows: a compiler that is allowed to
 * reassociate would cancel the errors away.
 */
export const DOUBLE = /* wgsl */ `
fn two_sum(a: f32, b: f32) -> vec2f {
  let sum = (a + b) * run.unit;
  let part = sum - a;
  return vec2f(sum, (a - (sum - part)) + (b - part));
}

/** The high half of the digits. */
fn split(a: f32) -> f32 {
  let c = (4097.0f * a) * run.unit;
  return c - (c - a) * run.unit;
}

fn two_product(a: f32, b: f32) -> vec2f {
  let product = (a * b) * run.unit;
  let a1 = split(a);
  let b1 = split(b);
  let a0 = a - a1;
  let b0 = b - b1;
  return vec2f(product, ((a1 * b1 - product) + a1 * b0 + a0 * b1) + a0 * b0);
}

fn double_add(a: vec2f, b: vec2f) -> vec2f {
  let sum = two_sum(a.x, b.x);
  return two_sum(sum.x, sum.y + (a.y + b.y));
}

fn double_multiply(a: vec2f, b: vec2f) -> vec2f {
  let product = two_product(a.x, b.x);
  return two_sum(product.x, product.y + (a.x * b.y + a.y * b.x));
}

fn double_divide(a: vec2f, b: vec2f) -> vec2f {
  let first = a.x / b.x;
  let rest = double_add(a, -double_multiply(vec2f(first, 0.0f), b));
  return two_sum(first, rest.x / b.x);
}

fn double_root(a: vec2f) -> vec2f {
  let first = sqrt(a.x);
  let rest = double_add(a, -two_product(first, first));
  return two_sum(first, 0.5f * rest.x / first);
}
`;
