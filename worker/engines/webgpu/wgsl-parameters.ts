/**
 * WGSL of a replica's parameters: fixed values and inferred ones, the latter from theta as layout.ts says, into workgroup memory `par`,
 * with the slopes d parameter / d theta in `slope`. A positive parameter is exp(centre + half tanh(theta)); the centre is kept in two
 * floats, so that the value is good to 2e-7 although the exponent's own rounding would cost 4e-7.
 */
import { isPool, type Gate, type Parameter } from '../../models/model.ts';
import { scaleOf } from '../layout.ts';
import { literal } from './wgsl-elementary.ts';
import { slopeByShare, valueAtShare } from './wgsl-gate-range.ts';
import { priorDeclarations, writePriorBar } from './wgsl-prior.ts';
import type { Tiling } from './tiling.ts';

/** Names in the order of `par`: fixed, then inferred. */
export function parameterNames({ shape }: Tiling): { fixed: string[]; inferred: readonly string[] } {
  const fixed = shape.model.parameters.map(({ name }) => name).filter((name) => !shape.infer.includes(name));
  return { fixed, inferred: shape.infer };
}

/** WGSL expression of each parameter's value. */
export function parameterInputs(tiling: Tiling): [string, string][] {
  const { fixed, inferred } = parameterNames(tiling);
  return [...fixed, ...inferred].map((name, k) => [name, `par[${k}]`]);
}

export function writeParameters(tiling: Tiling): { declarations: string; block: string } {
  const { fixed } = parameterNames(tiling);
  const { layout, shape } = tiling;
  const priors = shape.priors > 0;
  const inferred = layout.parameters.map((parameter, p) => writeParameter(parameter, fixed.length + p, p, priors)).join('\n');
  const gates = layout.freeGates.map((_, k) => (shape.segments === 1 ? oneFreeGate(tiling, k) : freeGates(tiling, k))).join('\n');
  const free = shape.segments * layout.freeGates.length;
  const declarations = /* wgsl */ `
const FIXED = ${fixed.length}u;
const INFERRED = ${layout.parameters.length}u;
const BEYOND = ${tiling.beyond / 4}u;
var<workgroup> par: array<f32, ${Math.max(1, fixed.length + layout.parameters.length)}>;
var<workgroup> slope: array<f32, ${Math.max(1, layout.parameters.length + free)}>;
var<workgroup> freeGate: array<f32, ${Math.max(1, free)}>;

/** exp(high + low) */
fn exp_sum(high: f32, low: f32) -> f32 {
  let n = round((high + low) * 1.4426950409f);
  let r = fma(n, -0.693115234375f, high) + fma(n, -3.194618494528e-5f, low);
  return exp_(r) * power_of_two(i32(n));
}
${priors ? priorDeclarations(tiling) : ''}`;
  return { declarations, block: `if (tid < FIXED) { par[tid] = scalars[atScalars + tid]; } ${inferred} ${gates} workgroupBarrier();` };
}

function freeGateOf({ layout, shape }: Tiling, k: number): Gate {
  return shape.model.gates.find(({ name }) => name === layout.freeGates[k])!;
}

/** Free gate k of the one segment. */
function oneFreeGate(tiling: Tiling, k: number): string {
  const at = tiling.layout.parameters.length + k;
  return `if (tid == ${at}u) { ${freeGate(freeGateOf(tiling, k), beyondAt(at), `${k}`, `${at}`)} }`;
}

/** Free gate k of every segment. */
function freeGates(tiling: Tiling, k: number): string {
  const { parameters, freeGates: all } = tiling.layout;
  const body = freeGate(freeGateOf(tiling, k), 'theta[atTheta + BEYOND + at / 4u][at % 4u]', 'place', 'at');
  return `for (var place = ${k}u + tid * ${all.length}u; place < ${tiling.shape.segments * all.length}u; place += T * ${all.length}u) { let at = ${parameters.length}u + place; ${body} }`;
}

/** Its value and slope from its number of theta. */
function freeGate(gate: Gate, number: string, place: string, at: string): string {
  if (!isPool(gate)) return `let x = 1.0f / (1.0f + exp_(-${number})); freeGate[${place}] = x; slope[${at}] = x * (1.0f - x);`;
  return `let share = 1.0f / (1.0f + exp_(-${number})); let rest = 1.0f - share; let x = ${valueAtShare(gate, 'share', 'rest')}; freeGate[${place}] = x; slope[${at}] = ${slopeByShare(gate, 'x')} * share * rest;`;
}

/** Number k of theta beyond the network's weights. */
function beyondAt(k: number): string {
  return `theta[atTheta + BEYOND + ${Math.floor(k / 4)}u].${'xyzw'[k % 4]!}`;
}

function writeParameter(parameter: Parameter, place: number, p: number, priors: boolean): string {
  const { centre, half } = scaleOf(parameter);
  const high = Math.fround(centre);
  const low = centre - high;
  const value = parameter.positive
    ? `exp_sum(${literal(high)}, fma(${literal(half)}, u, ${literal(low)}))`
    : `fma(${literal(half)}, u, ${literal(high)})`;
  return /* wgsl */ `if (tid == ${p}u) {
    let u = tanh_(${beyondAt(p)});
    let value = ${value};
    par[${place}] = value;
    slope[${p}] = ${literal(half)} * (1.0f - u * u)${parameter.positive ? ' * value' : ''};${priors ? ` ${writePriorBar(p, literal(half))}` : ''}
  }`;
}
