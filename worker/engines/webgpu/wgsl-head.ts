/**
 * WGSL of what follows the network with `states: network`, an invocation per point: residuals of the model at each point and their adjoints, written from the
 * model's programs. Reads the network's outputs of all points from `scratch` and leaves their adjoints there; sums the terms of the loss
 * and the adjoints of the parameters over the workgroup.
 *
 * points[..] = (recording + 40 mV, stimulus, data weight, weight of the point in the physics terms), (driven voltage, its rate, 0, 0). V is held
 * as V + 40 mV = 40 mV * output + driven voltage until the programs need it: the difference to the recording keeps the digits of small misfits.
 */
import { lossProgram } from '../../models/loss-program.ts';
import { VOLTAGE_CENTRE, VOLTAGE_SCALE } from '../layout.ts';
import { literal } from './wgsl-elementary.ts';
import { parameterInputs } from './wgsl-parameters.ts';
import { writeProgram } from './wgsl-program.ts';
import type { Tiling } from './tiling.ts';

/** Sums over points: data, current, gates, then the inferred parameters, then free initial gates. */
function sumCount({ layout }: Tiling): number {
  return 3 + layout.parameters.length + layout.freeGates.length;
}

/** An invocation's sums, `sum0` .. of four each; and their totals over the workgroup, left with every invocation. */
export function writeSums(tiling: Tiling): { declarations: string; total: string } {
  const quads = range(Math.ceil(sumCount(tiling) / 4));
  const total = quads
    .map(
      (q) => /* wgsl */ `
  workgroupBarrier();
  stage[tid] = sum${q};
  for (var half = T / 2u; half > 0u; half = half / 2u) {
    workgroupBarrier();
    if (tid < half) { stage[tid] += stage[tid + half]; }
  }
  workgroupBarrier();
  sum${q} = stage[0];`,
    )
    .join('\n');
  return { declarations: quads.map((q) => `var sum${q} = vec4f(0.0f);`).join(' '), total };
}

export function sumAt(k: number): string {
  return `sum${Math.floor(k / 4)}.${'xyzw'[k % 4]!}`;
}

/** 2 x weights of the residuals: data, current (per (50 mV/ms)^2), gates; from the replica's scalars and the stage. */
const FACTORS = /* wgsl */ `
    let dataFactor = 2.0f * scalars[atOmega + F + FIXED];
    let currentFactor = 2.0f * physics * scalars[atOmega + F + FIXED + 1u] / 2500.0f;
    let gatesFactor = 2.0f * physics * scalars[atOmega + F + FIXED + 2u];`;

export function writeNetworkHead(tiling: Tiling): string {
  const { model, infer } = tiling.shape;
  const names = model.gates.map(({ name }) => name);
  const wrt = ['V', 'd:V', ...names, ...names.map((name) => `d:${name}`), ...infer];
  const program = lossProgram(
    [
      { program: model.currentResidual, factor: 'factor:current' },
      { program: model.gateResiduals, factor: 'factor:gates' },
    ],
    wrt,
  );
  const inputs = new Map([
    ...parameterInputs(tiling),
    ['V', 'V'],
    ['d:V', 'dV'],
    ['I', 'point.y'],
    ['factor:current', 'factorCurrent'],
    ['factor:gates', 'factorGates'],
    ...names.flatMap((name, k): [string, string][] => [
      [name, `x${k}`],
      [`d:${name}`, `dx${k}`],
    ]),
  ]);
  const { code, outputs } = writeProgram(program, inputs, 'r');
  const out = (name: string): string => outputs.get(name)!;
  const adjoint = (name: string): string => out(`adjoint:${name}`);
  const squares = names.map((name) => `${out(`residual:${name}`)} * ${out(`residual:${name}`)}`).join(' + ') || '0.0f';
  return /* wgsl */ `
{
  ${FACTORS}
  for (var round = 2u * begin; round < 2u * end; round += T) {
    let n = round + tid;
    ${range(tiling.outputs)
      .map((o) => `var bar${o} = vec2f(0.0f);`)
      .join(' ')}
    if (n < 2u * end) {
      let point = points[atPoints + 2u * n];
      let driven = points[atPoints + 2u * n + 1u];
      let second = n % 2u == 1u;
      ${range(tiling.outputs)
        .map((o) => `let both${o} = scratch[atOutputs + ${o}u * ALL + n / 2u]; let o${o} = select(both${o}.xy, both${o}.zw, second);`)
        .join('\n')}
      let shifted = ${literal(VOLTAGE_SCALE)} * o0.x + driven.x;
      if (point.z > 0.0f) {
        let misfit = shifted - point.x;
        ${sumAt(0)} += point.z * misfit * misfit;
        bar0.x = dataFactor * point.z * misfit;
      }
      if (point.w > 0.0f) {
        let V = shifted + ${literal(VOLTAGE_CENTRE)};
        let dV = ${literal(VOLTAGE_SCALE)} * o0.y + driven.y;
        let factorCurrent = currentFactor * point.w;
        let factorGates = gatesFactor * point.w;
        ${names
          .map(
            (_, k) => /* wgsl */ `
        let e${k} = exp_(-2.0f * abs(o${k + 1}.x));
        let near${k} = e${k} / (1.0f + e${k});
        let far${k} = 1.0f / (1.0f + e${k});
        let x${k} = select(near${k}, far${k}, o${k + 1}.x > 0.0f);
        let rest${k} = select(far${k}, near${k}, o${k + 1}.x > 0.0f);
        let slope${k} = 2.0f * x${k} * rest${k};
        let dx${k} = slope${k} * o${k + 1}.y;`,
          )
          .join('\n')}
        ${code}
        let current = ${out('residual:V')};
        ${sumAt(1)} += (point.w / 2500.0f) * current * current;
        ${sumAt(2)} += point.w * (${squares});
        if (physics != 0.0f) {
          bar0 += vec2f(${adjoint('V')}, ${adjoint('d:V')});
          ${names.map((name, k) => `bar${k + 1} = vec2f(slope${k} * ${adjoint(name)} + 2.0f * (rest${k} - x${k}) * dx${k} * ${adjoint(`d:${name}`)}, slope${k} * ${adjoint(`d:${name}`)});`).join('\n')}
          ${infer.map((name, p) => `${sumAt(3 + p)} += ${adjoint(name)};`).join('\n')}
        }
      }
      bar0 *= ${literal(VOLTAGE_SCALE)};
    }
    let pair = round / 2u + tid;
    let writes = tid < T / 2u && pair < end;
    ${range(Math.ceil(tiling.outputs / 2))
      .map((q) => {
        const second = 2 * q + 1 < tiling.outputs;
        return /* wgsl */ `
    workgroupBarrier();
    stage[tid] = vec4f(bar${2 * q}, ${second ? `bar${2 * q + 1}` : '0.0f, 0.0f'});
    workgroupBarrier();
    if (writes) {
      let p = stage[2u * tid];
      let q = stage[2u * tid + 1u];
      scratch[atOutputs + ${2 * q}u * ALL + pair] = vec4f(p.xy, q.xy);
      ${second ? `scratch[atOutputs + ${2 * q + 1}u * ALL + pair] = vec4f(p.zw, q.zw);` : ''}
    }`;
      })
      .join('\n')}
  }
}
`;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, k) => k);
