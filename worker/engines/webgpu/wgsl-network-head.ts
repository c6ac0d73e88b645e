/**
 * WGSL of the residuals with `states: network`, an invocation per point: those of the model at each point and their adjoints, written from
 * the model's programs. Reads the network's outputs of all points from `scratch` and leaves their adjoints there.
 */
import { lossProgram } from '../../models/loss-program.ts';
import { isPool, type Gate } from '../../models/model.ts';
import { VOLTAGE_CENTRE, VOLTAGE_SCALE } from '../layout.ts';
import { range } from './wgsl-block.ts';
import { literal } from './wgsl-elementary.ts';
import { bendByShare, slopeByShare, valueAtShare } from './wgsl-gate-range.ts';
import { FACTORS, sumAt, type HeadCode } from './wgsl-head.ts';
import { parameterInputs } from './wgsl-parameters.ts';
import { writeProgram } from './wgsl-program.ts';
import type { Tiling } from './tiling.ts';

export function writeNetworkHead(tiling: Tiling): HeadCode {
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
  const block = /* wgsl */ `
{
  ${FACTORS}
  for (var round = 2u * begin; round < 2u * end; round += T) {
    let n = round + tid;
    ${range(tiling.outputs)
      .map((o) => `var bar${o} = vec2f(0.0f);`)
      .join(' ')}
    if (n < 2u * end) {
      let point = points[atPoints + n];
      let second = n % 2u == 1u;
      ${range(tiling.outputs)
        .map((o) => `let both${o} = scratch[atOutputs + ${o}u * ALL + n / 2u]; let o${o} = select(both${o}.xy, both${o}.zw, second);`)
        .join('\n')}
      let shifted = ${literal(VOLTAGE_SCALE)} * o0.x;
      if (point.z > 0.0f) {
        let misfit = data_term(shifted - point.x, huber);
        ${sumAt(0)} += point.z * misfit.x;
        bar0.x = dataFactor * point.z * misfit.y;
      }
      if (point.w > 0.0f) {
        let V = shifted + ${literal(VOLTAGE_CENTRE)};
        let dV = ${literal(VOLTAGE_SCALE)} * o0.y;
        let factorCurrent = currentFactor * point.w;
        let factorGates = gatesFactor * point.w;
        ${model.gates
          .map(
            (gate, k) => /* wgsl */ `
        ${gateOf(gate, k)}
        let slope${k} = ${slopeOf(gate, k)};
        let dx${k} = slope${k} * o${k + 1}.y;`,
          )
          .join('\n')}
        ${code}
        let current = ${out('residual:V')};
        ${sumAt(1)} += (point.w / 2500.0f) * current * current;
        ${sumAt(2)} += point.w * (${squares});
        if (physics != 0.0f) {
          bar0 += vec2f(${adjoint('V')}, ${adjoint('d:V')});
          ${model.gates
            .map((gate, k) => {
              const [x, dx] = [adjoint(gate.name), adjoint(`d:${gate.name}`)];
              return `bar${k + 1} = vec2f(slope${k} * ${x} + ${bendOf(gate, k)} * dx${k} * ${dx}, slope${k} * ${dx});`;
            })
            .join('\n')}
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
  return { declarations: '', states: '', readStates: readStates(model.gates), block };
}

/** A gate x = (1 + tanh o) / 2 and what it lacks to 1, `rest`; of a pool that is its `share` of the range. */
function gateOf(gate: Gate, k: number): string {
  const output = `o${k + 1}`;
  const share = isPool(gate) ? `share${k}` : `x${k}`;
  const value = isPool(gate) ? `\n        let x${k} = ${valueAtShare(gate, share, `rest${k}`)};` : '';
  return /* wgsl */ `
        let e${k} = exp_(-2.0f * abs(${output}.x));
        let near${k} = e${k} / (1.0f + e${k});
        let far${k} = 1.0f / (1.0f + e${k});
        let ${share} = select(near${k}, far${k}, ${output}.x > 0.0f);
        let rest${k} = select(far${k}, near${k}, ${output}.x > 0.0f);${value}`;
}

/** d x / d output */
function slopeOf(gate: Gate, k: number): string {
  return isPool(gate) ? `${slopeByShare(gate, `x${k}`)} * 2.0f * share${k} * rest${k}` : `2.0f * x${k} * rest${k}`;
}

/** (d^2 x / d output^2) / (d x / d output) */
function bendOf(gate: Gate, k: number): string {
  if (!isPool(gate)) return `2.0f * (rest${k} - x${k})`;
  return `2.0f * (rest${k} - share${k} + ${bendByShare(gate)} * share${k} * rest${k})`;
}

function readStates(gates: readonly Gate[]): string {
  return /* wgsl */ `
      let o0 = output_at(atOutputs, j);
      let V = fma(${literal(VOLTAGE_SCALE)}, o0.x, ${literal(VOLTAGE_CENTRE)});
      let dV = ${literal(VOLTAGE_SCALE)} * o0.y;
      ${gates.map((gate, k) => `let o${k + 1} = output_at(atOutputs + ${k + 1}u * ALL, j); ${gateOf(gate, k)}`).join('\n')}`;
}
