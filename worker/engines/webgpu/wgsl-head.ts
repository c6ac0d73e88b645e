/**
 * WGSL that both formulations share of what follows the network: sums over points, factors of the terms, the data term.
 *
 * points[..] = (recording + 40 mV, stimulus, data weight, weight of the point in the physics terms). V is held as V + 40 mV = 40 mV * output
 * until the programs need it: the difference to the recording keeps the digits of small misfits.
 */
import { DATA_SCALE_MV } from '../loss.ts';
import { VOLTAGE_SCALE } from '../layout.ts';
import { range } from './wgsl-block.ts';
import { literal } from './wgsl-elementary.ts';
import type { Tiling } from './tiling.ts';

/** What a formulation puts between the network forward and back. */
export interface HeadCode {
  readonly declarations: string;
  /** States that follow from the network's outputs and theta; before the projection, and again after it where it moves them. */
  readonly states: string;
  /** Declares V, dV and x<gate> of point `j`, after `states`. */
  readonly readStates: string;
  /** Residuals and their adjoints of the points `begin` to `end` (in pairs): adjoints of the network's outputs in place of these. */
  readonly block: string;
}

/** Sums over points: data, current, gates, then the inferred parameters, then free initial gates, where these are of one segment. */
function sumCount({ layout, shape }: Tiling): number {
  return 3 + layout.parameters.length + (shape.segments === 1 ? layout.freeGates.length : 0);
}

/** Adjoint of number k of theta beyond the network, but for its own slope. Of several segments the initial gates' are no sums: there may be many. */
export function sumBeyond({ layout, shape }: Tiling, k: number): string {
  const { parameters, freeGates } = layout;
  if (k < parameters.length || shape.segments === 1) return sumAt(3 + k);
  const free = k - parameters.length;
  const { gates } = shape.model;
  const gate = gates.findIndex(({ name }) => name === freeGates[free % freeGates.length]);
  return `initialBar[${Math.floor(free / freeGates.length) * gates.length + gate}]`;
}

/** An invocation's sums, `sum0` .. of four each; and their totals over the workgroup, left with every invocation. */
export function writeSums(tiling: Tiling): { declarations: string; total: string } {
  const quads = range(Math.ceil(sumCount(tiling) / 4));
  return { declarations: quads.map((q) => `var sum${q} = vec4f(0.0f);`).join(' '), total: quads.map((q) => total(`sum${q}`)).join('\n') };
}

/** Total over the workgroup of a vec4f, left with every invocation. */
function total(sum: string): string {
  return /* wgsl */ `
  workgroupBarrier();
  stage[tid] = ${sum};
  for (var half = T / 2u; half > 0u; half = half / 2u) {
    workgroupBarrier();
    if (tid < half) { stage[tid] += stage[tid + half]; }
  }
  workgroupBarrier();
  ${sum} = stage[0];`;
}

export function sumAt(k: number): string {
  return `sum${Math.floor(k / 4)}.${'xyzw'[k % 4]!}`;
}

/** 2 x weights of the residuals: data, current (per (50 mV/ms)^2), gates; from the replica's scalars and the stage. */
export const FACTORS = /* wgsl */ `
    let dataFactor = 2.0f * noise * scalars[atScalars + FIXED];
    let currentFactor = 2.0f * physics * scalars[atScalars + FIXED + 1u] / 2500.0f;
    let gatesFactor = 2.0f * physics * scalars[atScalars + FIXED + 2u];
    let huber = scalars[atScalars + FIXED + 3u];`;

/** (rho(r), rho'(r) / 2) of loss.ts. NaN stays NaN. */
export const DATA_TERM = /* wgsl */ `
fn data_term(misfit: f32, huber: f32) -> vec2f {
  let size = abs(misfit);
  let bounded = select(size, huber, size > huber);
  return vec2f(bounded * (2.0f * size - bounded), select(bounded, -bounded, misfit < 0.0f));
}

/** (value, time derivative) of the network's first output at point j. */
fn output_at(at: u32, j: u32) -> vec2f {
  let both = scratch[at + j / 2u];
  return select(both.xy, both.zw, (j & 1u) == 1u);
}
`;

/** `noise`: the factor k of loss.ts on the data term, 1 where the noise is known; and the mean square of the misfit, mV^2, in `square`. */
export function writeNoise({ measures }: Tiling): string {
  if (!measures) return 'let noise = 1.0f; let square = 0.0f;';
  return /* wgsl */ `
  var noise = 1.0f;
  var squares = vec4f(0.0f);
  for (var j = tid; j < M; j += T) {
    let point = points[atPoints + j];
    let misfit = ${literal(VOLTAGE_SCALE)} * output_at(atOutputs, j).x - point.x;
    if (point.z > 0.0f) { squares.x += point.z * misfit * misfit; }
  }
  ${total('squares')}
  let square = ${literal(DATA_SCALE_MV ** 2)} * squares.x;
  if (scalars[atScalars + FIXED + 4u] != 0.0f) { noise = 1.0f / select(square, 1e-4f, square < 1e-4f); }`;
}
