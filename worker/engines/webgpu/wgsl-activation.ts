/**
 * WGSL of the activation functions: `activate` (z, dz) -> (a, da), and `adjoint` (kept, (a_, da_)) -> (z_, dz_), on pairs of points. What is
 * kept is (a, da) for tanh, whose derivatives follow from its value, and (z, dz) for the others.
 */
import type { Shape } from '../engine.ts';
import { ELEMENTARY_GELU } from './wgsl-elementary.ts';

const TANH = /* wgsl */ `
fn activate(z: vec4f) -> vec4f {
  let a = vec2f(squash(z.x), squash(z.z));
  let d = (1.0f - a * a) * z.yw;
  return vec4f(a.x, d.x, a.y, d.y);
}
fn adjoint(v: vec4f, bar: vec4f) -> vec4f {
  let a = v.xz;
  let d = (1.0f - a * a) * bar.yw;
  let z = (1.0f - a * a) * bar.xz - 2.0f * a * v.yw * bar.yw;
  return vec4f(z.x, d.x, z.y, d.y);
}
`;

/** `derivatives`: value, slope and curvature at z. */
const FROM_DERIVATIVES = /* wgsl */ `
fn activate(z: vec4f) -> vec4f {
  let p = derivatives(z.x);
  let q = derivatives(z.z);
  return vec4f(p.x, p.y * z.y, q.x, q.y * z.w);
}
fn adjoint(z: vec4f, bar: vec4f) -> vec4f {
  let p = derivatives(z.x);
  let q = derivatives(z.z);
  return vec4f(p.y * bar.x + p.z * z.y * bar.y, p.y * bar.y, q.y * bar.z + q.z * z.w * bar.w, q.y * bar.w);
}
`;

const DERIVATIVES: Readonly<Record<Exclude<Shape['activation'], 'tanh'>, string>> = {
  sin: /* wgsl */ `
fn derivatives(z: f32) -> vec3f {
  let both = sincos_(z);
  return vec3f(both.x, both.y, -both.x);
}`,
  swish: /* wgsl */ `
fn derivatives(z: f32) -> vec3f {
  let e = exp_(-abs(z));
  let near = e / (1.0f + e);
  let far = 1.0f / (1.0f + e);
  let s = select(near, far, z > 0.0f);
  let ds = near * far;
  return vec3f(z * s, s + z * ds, ds * (2.0f + z * (1.0f - 2.0f * s)));
}`,
  gelu: /* wgsl */ `
${ELEMENTARY_GELU}
fn derivatives(z: f32) -> vec3f {
  let below = normal_(z);
  let density = 0.3989422804f * exp_(-0.5f * z * z);
  return vec3f(z * below, below + z * density, density * (2.0f - z * z));
}`,
};

export function activation(name: Shape['activation']): string {
  return name === 'tanh' ? TANH : DERIVATIVES[name] + FROM_DERIVATIVES;
}
