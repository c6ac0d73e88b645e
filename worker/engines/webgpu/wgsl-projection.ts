/**
 * WGSL of variable projection (reference/projection.ts) in the middle of a step: normal equations of the current balance, summed over all
 * points in double-floats, and their bounded solution, written into theta. Points that count all have the same weight, which cancels without priors.
 */
import { linearParameters, linearParts } from '../../models/linear.ts';
import type { Parameter } from '../../models/model.ts';
import type { Shape } from '../engine.ts';
import { innerRange, scaleOf } from '../layout.ts';
import { range } from './wgsl-block.ts';
import { DOUBLE } from './wgsl-double.ts';
import { literal } from './wgsl-elementary.ts';
import { writeLeastSquares } from './wgsl-least-squares.ts';
import { parameterInputs, parameterNames } from './wgsl-parameters.ts';
import { priorProjection } from './wgsl-prior.ts';
import { writeProgram } from './wgsl-program.ts';
import type { Tiling } from './tiling.ts';

/** Places among the inferred parameters of those that the current balance is jointly linear in. */
export function projectedPlaces({ model, infer }: Shape): number[] {
  return linearParameters(model.currentResidual, 'residual:V', infer).map((name) => infer.indexOf(name));
}

/** Whether a gate's rates depend on a projected parameter, so that gates must be integrated again after it moved. */
export function movesGates(shape: Shape): boolean {
  return projectedPlaces(shape).some((p) => shape.model.gateRates.inputs.includes(shape.infer[p]!));
}

export interface ProjectionCode {
  readonly declarations: string;
  /** Runs where `projecting`; leaves theta solved for. */
  readonly block: string;
}

/** `readStates`: WGSL that declares V, dV and x<gate> of point `j`, whose row of the table is `point`. */
export function writeProjection(tiling: Tiling, readStates: string): ProjectionCode {
  const { shape, layout, threads } = tiling;
  const places = projectedPlaces(shape);
  const names = places.map((p) => shape.infer[p]!);
  const inputs = new Map([
    ...parameterInputs(tiling),
    ['V', 'V'],
    ['d:V', 'dV'],
    ['I', 'point.y'],
    ...shape.model.gates.map(({ name }, k): [string, string] => [name, `x${k}`]),
  ]);
  const { code, outputs } = writeProgram(linearParts(shape.model.currentResidual, 'residual:V', names), inputs, 'l');
  const sums = sumsOf(names.length);
  const quads = range(Math.ceil(sums.length / 2));
  const factor = (k: number): string => (k < 0 ? `-(${outputs.get('constant')!})` : outputs.get(`slope:${names[k]!}`)!);
  const product = (s: number): string => (s < sums.length ? `two_product(${factor(sums[s]!.a)}, ${factor(sums[s]!.b)})` : 'vec2f(0.0f)');
  const perRound = Math.max(1, Math.floor(tiling.staging / 4 / threads));
  const rounds = range(Math.ceil(quads.length / perRound)).map((k) => quads.slice(k * perRound, (k + 1) * perRound));
  const solver = DOUBLE + writeLeastSquares(places.map((p) => innerRange(layout.parameters[p]!))) + PAIR;
  const { fixed } = parameterNames(tiling);
  const withPriors =
    shape.priors === 0
      ? ''
      : priorProjection(
          places,
          places.map((p) => fixed.length + p),
        );
  const block = /* wgsl */ `
if (projecting) {
  ${quads.map((q) => `var n${q} = vec4f(0.0f);`).join(' ')}
  for (var j = tid; j < M; j += T) {
    let point = points[atPoints + j];
    if (point.w > 0.0f) {
      ${readStates}
      ${code}
      ${quads.map((q) => `n${q} = pair_add(n${q}, vec4f(${product(2 * q)}, ${product(2 * q + 1)}));`).join('\n')}
    }
  }
  ${rounds.map((group) => reduction(group)).join('\n')}
  workgroupBarrier();
  if (tid == 0u) {
    ${sums
      .map(({ a, b }, s) => {
        const value = `n${Math.floor(s / 2)}.${s % 2 === 0 ? 'xy' : 'zw'}`;
        if (b < 0) return `put(RIGHT + ${a}u, ${value});`;
        return `put(NORMAL + ${a * names.length + b}u, ${value}); ${a === b ? '' : `put(NORMAL + ${b * names.length + a}u, ${value});`}`;
      })
      .join('\n')}
    let solved = ${shape.priors === 0 ? 'bounded_least_squares()' : SOLVE_WITH_PRIORS};
    ${places.map((p, k) => writeTheta(layout.parameters[p]!, p, k)).join('\n')}
  }
  settle();
}
`;
  return { declarations: solver + withPriors, block };
}

/** Each point's square counts 2 physics w_current / (50^2 M) times half of it. */
const SOLVE_WITH_PRIORS = 'solve_with_priors(atPriors, 2.0f * stage_.z * scalars[atScalars + FIXED + 1u] / (2500.0f * f32(M)))';

/** The sums: products of slopes, and of slopes with what is left when every parameter is 0 (b = -1). */
function sumsOf(count: number): { a: number; b: number }[] {
  return range(count).flatMap((a) => [...range(a + 1).map((b) => ({ a, b })), { a, b: -1 }]);
}

/** Two sums at a time, (high, low, high, low). */
const PAIR = /* wgsl */ `
fn pair_add(a: vec4f, b: vec4f) -> vec4f { return vec4f(double_add(a.xy, b.xy), double_add(a.zw, b.zw)); }
`;

/** Totals of some quads over the workgroup, left with every invocation. */
function reduction(quads: readonly number[]): string {
  const each = (line: (q: number, at: number) => string): string => quads.map(line).join(' ');
  return /* wgsl */ `
  workgroupBarrier();
  ${each((q, at) => `stage[${at}u * T + tid] = n${q};`)}
  for (var half = T / 2u; half > 0u; half = half / 2u) {
    workgroupBarrier();
    if (tid < half) { ${each((_, at) => `stage[${at}u * T + tid] = pair_add(stage[${at}u * T + tid], stage[${at}u * T + tid + half]);`)} }
  }
  workgroupBarrier();
  ${each((q, at) => `n${q} = stage[${at}u * T];`)}`;
}

/** layout.ts parameterToTheta; a solution lies within the inner range but for rounding. */
function writeTheta(parameter: Parameter, p: number, k: number): string {
  const { centre, half } = scaleOf(parameter);
  const scaled = parameter.positive ? `log_(stage[SOLUTION + ${k}u].x)` : `stage[SOLUTION + ${k}u].x`;
  return /* wgsl */ `if (((solved >> ${k}u) & 1u) != 0u && !broken(stage[SOLUTION + ${k}u].x)) {
      let u = clamp((${scaled} - ${literal(centre)}) / ${literal(half)}, -0.95f, 0.95f);
      theta[atTheta + BEYOND + ${Math.floor(p / 4)}u].${'xyzw'[p % 4]!} = 0.5f * log_((1.0f + u) / (1.0f - u));
    }`;
}
