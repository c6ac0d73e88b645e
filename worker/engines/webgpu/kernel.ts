/**
 * The WGSL module of a shape: one workgroup takes one replica after the other through `steps` steps of Adam (mode 1), or evaluates loss
 * and gradient once (mode 0). All of a step happens in the workgroup: forward over all tiles, head, reverse over all tiles, update.
 *
 * Bindings: theta [R][thetaSize] and state [R][gradient, first, second moment] in the device's layout; basis [R][run.basis],
 * see local-basis.ts; points [R][2 allPairs], see wgsl-head.ts; scalars [R], see tables.ts; scratch, one
 * part per workgroup; outcome [R][OUTCOME], then the trace; schedule, see schedule.ts.
 */
import { ELEMENTARY } from './wgsl-elementary.ts';
import { GATE_RECORDS } from './wgsl-gates.ts';
import { BASIS_FUNCTIONS, BASIS_PLACES, BASIS_SCALARS, COEFFICIENTS, coefficientSize, FIRST_GRADIENT } from './wgsl-basis.ts';
import { acrossFunction } from './wgsl-across.ts';
import { DATA_TERM, sumBeyond, type HeadCode, writeNoise, writeSums } from './wgsl-head.ts';
import { writeIntegratedHead } from './wgsl-integrated-head.ts';
import { writeNetwork } from './wgsl-network.ts';
import { writeNetworkHead } from './wgsl-network-head.ts';
import { parameterNames, writeParameters } from './wgsl-parameters.ts';
import { hasPrior, priorSize } from './wgsl-prior.ts';
import { movesGates, projectedPlaces, writeProjection } from './wgsl-projection.ts';
import { segmentDeclarations } from './wgsl-segments.ts';
import { gridSize } from '../layout.ts';
import type { Tiling } from './tiling.ts';

/** u32s of a replica's outcome: step, status (0: goes on; 1 + k: term k broke), and the bits of the terms and of the misfit's mean square. */
export const OUTCOME = 8;

/** vec4s of scratch per workgroup. */
export function scratchSize(t: Tiling): number {
  return (
    (t.fused ? 1 : t.tiles) * t.shape.depth * (t.keepsArguments ? 2 : 1) * t.width * t.pairs +
    t.outputs * t.allPairs +
    headSize(t) +
    coefficientSize(t)
  );
}

/** vec4s that the head keeps: with integrated gates a record per point, and some per point and gate. */
function headSize({ shape, allPairs }: Tiling): number {
  return shape.states === 'network' ? 0 : 2 * allPairs * (1 + GATE_RECORDS * shape.model.gates.length);
}

/** vec4s of a replica's table of points; with integrated gates the lengths of the steps come behind it, four in each. */
export function pointSize({ shape, allPairs }: Tiling): number {
  return 3 * allPairs + (shape.states === 'network' ? 0 : Math.ceil(allPairs / 2));
}

/** Floats of a replica's scalars, see tables.ts. */
export function scalarSize(t: Tiling): number {
  return BASIS_SCALARS + startsAt(t) + t.shape.segments - 1;
}

/** Of the priors' scalars, from `atScalars` on. */
function priorsAt(t: Tiling): number {
  return parameterNames(t).fixed.length + 5;
}

/** Of the first points of later segments. */
function startsAt(t: Tiling): number {
  return priorsAt(t) + priorSize(t);
}

function placesInScalars(t: Tiling): string {
  const priors = t.shape.priors === 0 ? '' : ` let atPriors = atScalars + ${priorsAt(t)}u;`;
  return t.shape.segments === 1 ? priors : `${priors} let atStarts = atScalars + ${startsAt(t)}u;`;
}

export function writeKernel(t: Tiling): string {
  const head = t.shape.states === 'network' ? writeNetworkHead(t) : writeIntegratedHead(t);
  const projection = t.projects ? writeProjection(t, head.readStates) : { declarations: '', block: '' };
  return [
    t.subgroup > 1 ? 'enable subgroups;' : '',
    /* wgsl */ `
struct Run { count: u32, steps: u32, total: u32, mode: u32, physics: f32, parameterRate: f32, traced: u32, project: u32, unit: f32, first: u32, window: u32, basis: u32, }
@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<storage, read_write> theta: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> state: array<vec4f>;
@group(0) @binding(3) var<storage, read> basis: array<vec4f>;
@group(0) @binding(4) var<storage, read> points: array<vec4f>;
@group(0) @binding(5) var<storage, read> scalars: array<f32>;
@group(0) @binding(6) var<storage, read_write> scratch: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> outcome: array<u32>;
@group(0) @binding(8) var<storage, read> schedule: array<vec4f>;
`,
    ELEMENTARY,
    writeNetwork(t).declarations,
    BASIS_FUNCTIONS,
    acrossFunction(t),
    writeParameters(t).declarations + segmentDeclarations(t.shape),
    DATA_TERM,
    head.declarations,
    projection.declarations,
    writeMain(t, head, projection.block),
  ].join('\n');
}

function writeMain(t: Tiling, head: HeadCode, projection: string): string {
  const beyond = t.layout.size - t.layout.networkSize;
  const quads = t.thetaSize - t.beyond / 4;
  const projected = t.projects ? projectedPlaces(t.shape) : [];
  const bar = (k: number): string => {
    if (k >= beyond) return '0.0f';
    const own = `${sumBeyond(t, k)} * slope[${k}]`;
    const value = hasPrior(t, k) ? `${own} + priorBar[${k}]` : own;
    return projected.includes(k) ? `select(${value}, 0.0f, projecting)` : value;
  };
  const bars = Array.from({ length: 4 * quads }, (_, k) => bar(k));
  const parameters = writeParameters(t).block;
  const network = writeNetwork(t);
  const sums = writeSums(t);
  const forward = `${network.forwardFirst}
    for (var layer = 1u; layer < DEPTH; layer++) { ${network.forwardHidden} }
    ${network.forwardOutput}`;
  const backward = `let first = tile == 0u;
    ${network.gradientOutput}
    ${network.backwardOutput}
    for (var layer = DEPTH - 1u; layer > 0u; layer--) {
      ${network.gradientHidden}
      ${network.backwardHidden}
    }
    ${network.gradientBasis}`;
  return /* wgsl */ `
const THETA = ${t.thetaSize}u;
const SCRATCH = ${scratchSize(t)}u;
const M = ${gridSize(t.shape)}u;
const ROWS = ${pointSize(t)}u;
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
  let busy = tid / G < CG;
  // idle ones read what the last have
  let c = min(tid / G, CG - 1u);
  let training = run.mode == 1u;
  let atScratch = group.x * SCRATCH;
  let atOutputs = atScratch + SLOTS * DEPTH * KEPT * H * PP;
  let atBars = atOutputs + OUT * ALL;
  let atGates = atBars + 2u * ALL;
  let atCoefficients = atScratch + SCRATCH - ${coefficientSize(t)}u;
  for (var replica = group.x; replica < run.count; replica += groups.x) {
    let atTheta = replica * THETA;
    let atState = replica * 3u * THETA;
    let atPoints = replica * ROWS;
    let atDriven = atPoints + 2u * ALL;
    let atSteps = atDriven + ALL;
    ${BASIS_PLACES}${placesInScalars(t)}
    let atOutcome = replica * OUTCOME;
    workgroupBarrier();
    if (tid == 0u) { status = select(0u, outcome[atOutcome + 1u], training); taken = outcome[atOutcome]; }
    let before = workgroupUniformLoad(&taken);
    for (var k = 0u; k < run.steps; k++) {
      if (workgroupUniformLoad(&status) != 0u || (training && before + k >= run.total)) { break; }
      ${parameters}
      let step = before + k;
      let stage_ = schedule[min(step - run.first, run.window - 1u)];
      let physics = select(run.physics, stage_.z, training);
      let projecting = run.project != 0u && (training || step >= run.total);
      ${sums.declarations}
      ${COEFFICIENTS}
      ${
        t.fused
          ? `${writeNoise(t)} for (var tile = 0u; tile < TILES; tile++) {
        ${forward}
        settle();
        let begin = tile * PP;
        let end = begin + PP;
        ${head.block}
        settle();
        ${backward}
      }`
          : `for (var tile = 0u; tile < TILES; tile++) { ${forward} }
      settle();
      ${head.states}
      ${projection === '' ? '' : projection + parameters}
      ${projection !== '' && movesGates(t.shape) ? head.states : ''}
      ${writeNoise(t)}
      let begin = 0u;
      let end = ALL;
      ${head.block}
      settle();
      for (var tile = 0u; tile < TILES; tile++) { ${backward} }`
      }
      ${FIRST_GRADIENT}
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
        outcome[atOutcome + 5u] = bitcast<u32>(square);
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

/** Replicas of a group at most: whose largest buffer still binds. */
export function mostReplicas(t: Tiling, limits: Pick<GPUSupportedLimits, 'maxStorageBufferBindingSize' | 'maxBufferSize'>): number {
  const share = Math.max(3 * 16 * t.thetaSize, 16 * pointSize(t));
  return Math.max(1, Math.floor(Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize) / share));
}
