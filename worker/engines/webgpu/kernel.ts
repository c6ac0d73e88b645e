/**
 * The WGSL module of a shape: one workgroup takes one replica after the other through `steps` steps of Adam (mode 1), or evaluates loss
 * and gradient once (mode 0). All of a step happens in the workgroup: forward over all tiles, head, reverse over all tiles, update.
 *
 * Bindings: theta [R][thetaSize] and state [R][gradient, first, second moment] in the device's layout; features [R][F][allPairs] of
 * (sin, cos) pairs; points [R][2 allPairs][2], see wgsl-head.ts; scalars [R][omega, fixed parameters, weights]; scratch, one
 * part per workgroup; outcome [R][OUTCOME], then the trace; schedule, see schedule.ts.
 */
import { ELEMENTARY } from './wgsl-elementary.ts';
import { sumAt, writeNetworkHead, writeSums } from './wgsl-head.ts';
import { writeNetwork } from './wgsl-network.ts';
import { parameterNames, writeParameters } from './wgsl-parameters.ts';
import type { Tiling } from './tiling.ts';

/** u32s of a replica's outcome: step, status (0: goes on; 1 + k: term k broke), and the bits of the terms. */
export const OUTCOME = 8;

/** vec4s of scratch per workgroup. */
export function scratchSize(t: Tiling): number {
  return (t.fused ? 1 : t.tiles) * t.shape.depth * (t.keepsArguments ? 2 : 1) * t.width * t.pairs + t.outputs * t.allPairs;
}

/** Floats of a replica's scalars. */
export function scalarSize(t: Tiling): number {
  return t.frequencies + parameterNames(t).fixed.length + 3;
}

export function writeKernel(t: Tiling): string {
  return [
    /* wgsl */ `
struct Run { count: u32, steps: u32, total: u32, mode: u32, physics: f32, parameterRate: f32, traced: u32, }
@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<storage, read_write> theta: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> state: array<vec4f>;
@group(0) @binding(3) var<storage, read> features: array<vec4f>;
@group(0) @binding(4) var<storage, read> points: array<vec4f>;
@group(0) @binding(5) var<storage, read> scalars: array<f32>;
@group(0) @binding(6) var<storage, read_write> scratch: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> outcome: array<u32>;
@group(0) @binding(8) var<storage, read> schedule: array<vec4f>;
`,
    ELEMENTARY,
    writeNetwork(t).declarations,
    writeParameters(t).declarations,
    writeMain(t),
  ].join('\n');
}

function writeMain(t: Tiling): string {
  const beyond = t.layout.size - t.layout.networkSize;
  const quads = t.thetaSize - t.beyond / 4;
  const bars = Array.from({ length: 4 * quads }, (_, k) => (k < beyond ? `${sumAt(3 + k)} * slope[${k}]` : '0.0f'));
  const network = writeNetwork(t);
  const sums = writeSums(t);
  const forward = `${network.forwardFeatures}
    for (var layer = 1u; layer < DEPTH; layer++) { ${network.forwardHidden} }
    ${network.forwardOutput}`;
  const backward = `let first = tile == 0u;
    ${network.gradientOutput}
    ${network.backwardOutput}
    for (var layer = DEPTH - 1u; layer > 0u; layer--) {
      ${network.gradientHidden}
      ${network.backwardHidden}
    }
    ${network.gradientFeatures}`;
  const head = writeNetworkHead(t);
  return /* wgsl */ `
const THETA = ${t.thetaSize}u;
const SCRATCH = ${scratchSize(t)}u;
const SLOTS = ${t.fused ? 1 : t.tiles}u;
const SCALARS = ${scalarSize(t)}u;
const OUTCOME = ${OUTCOME}u;
var<workgroup> status: u32;
var<workgroup> taken: u32;

fn add_gradient(at: u32, value: vec4f, first: bool) {
  if (first) { state[at] = value; } else { state[at] += value; }
}

fn settle() { storageBarrier(); workgroupBarrier(); }

/** The term that broke, counted from 1; 0 when all are finite. */
fn broken_term(terms: vec3f) -> u32 {
  if (broken(terms.x)) { return 1u; }
  if (broken(terms.y)) { return 2u; }
  return select(0u, 3u, broken(terms.z));
}

fn largest_term(terms: vec3f) -> u32 {
  if (terms.z > terms.y && terms.z > terms.x) { return 3u; }
  return select(1u, 2u, terms.y > terms.x);
}

@compute @workgroup_size(${t.threads})
fn main(@builtin(local_invocation_index) tid: u32, @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let g = tid % G;
  let c = tid / G;
  let busy = c < CG;
  let training = run.mode == 1u;
  let atScratch = group.x * SCRATCH;
  let atOutputs = atScratch + SLOTS * DEPTH * KEPT * H * PP;
  for (var replica = group.x; replica < run.count; replica += groups.x) {
    let atTheta = replica * THETA;
    let atState = replica * 3u * THETA;
    let atFeatures = replica * F * ALL;
    let atPoints = replica * 4u * ALL;
    let atOmega = replica * SCALARS;
    let atOutcome = replica * OUTCOME;
    workgroupBarrier();
    if (tid == 0u) { status = select(0u, outcome[atOutcome + 1u], training); taken = outcome[atOutcome]; }
    let before = workgroupUniformLoad(&taken);
    for (var k = 0u; k < run.steps; k++) {
      if (workgroupUniformLoad(&status) != 0u || (training && before + k >= run.total)) { break; }
      ${writeParameters(t).block}
      let step = before + k;
      let stage_ = schedule[min(step, run.total - 1u)];
      let physics = select(run.physics, stage_.z, training);
      ${sums.declarations}
      ${
        t.fused
          ? `for (var tile = 0u; tile < TILES; tile++) {
        ${forward}
        settle();
        let begin = tile * PP;
        let end = begin + PP;
        ${head}
        settle();
        ${backward}
      }`
          : `for (var tile = 0u; tile < TILES; tile++) { ${forward} }
      settle();
      let begin = 0u;
      let end = ALL;
      ${head}
      settle();
      for (var tile = 0u; tile < TILES; tile++) { ${backward} }`
      }
      ${sums.total}
      if (tid == 0u) {
        ${Array.from({ length: quads }, (_, q) => `state[atState + BEYOND + ${q}u] = vec4f(${bars.slice(4 * q, 4 * q + 4).join(', ')});`).join('\n')}
        status = broken_term(sum0.xyz);
      }
      settle();
      for (var i = tid; i < THETA; i += T) {
        let v = state[atState + i];
        if (broken(v.x) || broken(v.y) || broken(v.z) || broken(v.w)) { taken = NOT_FINITE; }
      }
      if (workgroupUniformLoad(&taken) == NOT_FINITE && tid == 0u && status == 0u) { status = largest_term(sum0.xyz); }
      let healthy = workgroupUniformLoad(&status) == 0u;
      if (healthy && training) {
        for (var i = tid; i < THETA; i += T) {
          let d = state[atState + i];
          let m = 0.9f * state[atState + THETA + i] + 0.1f * d;
          let v = 0.999f * state[atState + 2u * THETA + i] + 0.001f * d * d;
          state[atState + THETA + i] = m;
          state[atState + 2u * THETA + i] = v;
          let rate = select(stage_.x, stage_.x * run.parameterRate, i >= BEYOND);
          theta[atTheta + i] -= rate * m / (sqrt(v * stage_.y) + 1e-8f);
        }
        settle();
      }
      if (tid == 0u) {
        outcome[atOutcome] = select(step, step + 1u, healthy && training);
        outcome[atOutcome + 1u] = status;
        outcome[atOutcome + 2u] = bitcast<u32>(sum0.x);
        outcome[atOutcome + 3u] = bitcast<u32>(sum0.y);
        outcome[atOutcome + 4u] = bitcast<u32>(sum0.z);
      }
      if (run.traced != 0u && tid < INFERRED) {
        let value = theta[atTheta + BEYOND + tid / 4u][tid % 4u];
        outcome[run.count * OUTCOME + (replica * run.steps + k) * INFERRED + tid] = bitcast<u32>(value);
      }
    }
  }
}
const NOT_FINITE = 0xffffffffu;
`;
}

/** Bytes of the largest buffer's share of one replica. */
export function largestShare(t: Tiling): number {
  return Math.max(3 * 16 * t.thetaSize, t.frequencies * 16 * t.allPairs, 64 * t.allPairs);
}
