/**
 * WGSL of the residuals with `states: integrated`, over all points at once: the network gives V, the gates are integrated along it
 * (wgsl-gates.ts), and the residuals are the current balance and the data. Leaves the adjoints of V and its derivative in place of the
 * network's outputs.
 *
 * Device memory, of point j: `bar` (adjoint of V, of dV, of V in the middle of the step behind it, -), in mV.
 */
import { differentiate } from '../../models/differentiate.ts';
import { lossProgram } from '../../models/loss-program.ts';
import { VOLTAGE_CENTRE, VOLTAGE_SCALE } from '../layout.ts';
import { beginningOf, gateLevels, outputsOf, readBy, type GateLevel } from './gate-levels.ts';
import { literal } from './wgsl-elementary.ts';
import {
  barsAt,
  GATE_FUNCTIONS,
  GATE_MIDDLE,
  NODE_VOLTAGE,
  NODE_VOLTAGES,
  readGates,
  recordAt,
  restFunctions,
  voltageAt,
  writeGates,
  writeGatesBack,
} from './wgsl-gates.ts';
import { FACTORS, sumAt, type HeadCode } from './wgsl-head.ts';
import { parameterInputs } from './wgsl-parameters.ts';
import { writeProgram } from './wgsl-program.ts';
import type { Tiling } from './tiling.ts';

export function writeIntegratedHead(t: Tiling): HeadCode {
  const { model, segments } = t.shape;
  const levels = gateLevels(model);
  const back = levels.toReversed().map((level) => `${writeGatesBack(t, level)} settle(); ${nodes(t, level)}${restBack(t, level)}`);
  return {
    declarations: /* wgsl */ `
const POINTS = ${2 * t.allPairs}u;
var<workgroup> initialBar: array<f32, ${Math.max(1, segments * model.gates.length)}>;
${GATE_FUNCTIONS}${levels.length > 1 ? GATE_MIDDLE : ''}${restFunctions(t)}`,
    states: levels.map((level) => writeGates(t, level)).join(''),
    readStates: readStates(t),
    block: /* wgsl */ `
{
  ${residuals(t)}
  if (physics != 0.0f) {
    settle();
    ${back.join(' settle(); ')}
  }${segments === 1 ? '' : ` else { for (var k = tid; k < ${segments * model.gates.length}u; k += T) { initialBar[k] = 0.0f; } }`}
  settle();
  ${outputs()}
}
`,
  };
}

function readStates({ shape }: Tiling): string {
  return /* wgsl */ `
      let o = output_at(atOutputs, j);
      let V = fma(${literal(VOLTAGE_SCALE)}, o.x, ${literal(VOLTAGE_CENTRE)});
      let dV = ${literal(VOLTAGE_SCALE)} * o.y;
      ${shape.model.gates.map((_, g) => `let x${g} = scratch[${recordAt(g)} + j].x;`).join(' ')}`;
}

/** Terms, and the adjoints of V, dV, the gates and the parameters at each point. */
function residuals(t: Tiling): string {
  const { model, infer } = t.shape;
  const names = model.gates.map(({ name }) => name);
  const wrt = ['V', 'd:V', ...names, ...infer];
  const program = lossProgram([{ program: model.currentResidual, factor: 'factor:current' }], wrt);
  const inputs = new Map([
    ...parameterInputs(t),
    ['V', 'V'],
    ['d:V', 'dV'],
    ['I', 'point.y'],
    ['factor:current', 'factorCurrent'],
    ...names.map((name, g): [string, string] => [name, `x${g}`]),
  ]);
  const { code, outputs } = writeProgram(program, inputs, 'r');
  const adjoint = (name: string): string => outputs.get(`adjoint:${name}`)!;
  return /* wgsl */ `
  ${FACTORS}
  for (var j = tid; j < M; j += T) {
    let point = points[atPoints + j];
    ${readStates(t)}
    var bar = vec4f(0.0f);
    if (point.z > 0.0f) {
      let misfit = data_term(${literal(VOLTAGE_SCALE)} * o.x - point.x, huber);
      ${sumAt(0)} += point.z * misfit.x;
      bar.x = dataFactor * point.z * misfit.y;
    }
    ${names.map((_, g) => `var xBar${g} = 0.0f;`).join(' ')}
    if (point.w > 0.0f) {
      let factorCurrent = currentFactor * point.w;
      ${code}
      let current = ${outputs.get('residual:V')!};
      ${sumAt(1)} += (point.w / 2500.0f) * current * current;
      if (physics != 0.0f) {
        bar += vec4f(${adjoint('V')}, ${adjoint('d:V')}, 0.0f, 0.0f);
        ${names.map((name, g) => `xBar${g} = ${adjoint(name)};`).join(' ')}
        ${infer.map((name, p) => `${sumAt(3 + p)} += ${adjoint(name)};`).join('\n')}
      }
    }
    scratch[atBars + j] = bar;
    ${names.map((_, g) => `scratch[${recordAt(g)} + j].w = xBar${g};${readBy(model, g) ? ` scratch[${barsAt(g)} + j].x = 0.0f;` : ''}`).join(' ')}
  }`;
}

/** From the adjoints of a level's inf and rate at the nodes to those of V, the gates that it reads, and the parameters. */
function nodes(t: Tiling, level: GateLevel): string {
  const { model, infer, segments } = t.shape;
  const { layout } = t;
  const own = level.gates.map((g) => ({ g, name: model.gates[g]!.name }));
  const reading = readGates(level);
  const names = own.map(({ name }) => name);
  const program = differentiate(outputsOf(model.gateRates, names), ['V', ...level.reads.map(({ name }) => name), ...infer]);
  const inputs = new Map([
    ...parameterInputs(t),
    ['V', 'V'],
    ...reading.inputs,
    ...own.flatMap(({ g, name }): [string, string][] => [
      [`adjoint:inf:${name}`, `both${g}.x`],
      [`adjoint:rate:${name}`, `both${g}.y`],
    ]),
  ]);
  const { code, outputs } = writeProgram(program, inputs, 'd');
  const adjoint = (name: string): string => outputs.get(`adjoint:${name}`)!;
  const moved = infer.map((name, p) => ({ p, bar: adjoint(name) })).filter(({ bar }) => bar !== '0.0f');
  const free = segments === 1 ? layout.freeGates.map((name, k) => ({ name, k })).filter(({ name }) => names.includes(name)) : [];
  // no other level adds to it
  const alone = level.gates.length === model.gates.length;
  return /* wgsl */ `
  for (var j = tid; j < M; j += T) {
    ${NODE_VOLTAGES}${reading.declarations}
    ${own
      .map(
        ({ g }) => /* wgsl */ `
    var grid${g} = vec2f(0.0f);
    var middle${g} = vec2f(0.0f);
    if (${readBy(model, g) ? 'j < M' : 'j + 1u < M'}) { let near = scratch[${barsAt(g)} + j]; grid${g} = near.xy; middle${g} = near.zw; }
    if (j > 0u) { grid${g} += scratch[${recordAt(g)} + j - 1u].yz; }${beginningOf(t.shape, layout, g) === 'steady' ? ` else { grid${g}.x += initialBar[${g}]; }` : ''}`,
      )
      .join('\n')}
    var bar = scratch[atBars + j];
    for (var side = 0u; side < 2u; side++) {
      let V = ${NODE_VOLTAGE};
      ${own.map(({ g }) => `let both${g} = select(grid${g}, middle${g}, side == 1u);`).join('\n')}
      ${code}
      if (side == 0u || j + 1u < M) {
        if (side == 0u) { bar.x += ${adjoint('V')}; } else { bar.z ${alone ? '=' : '+='} ${adjoint('V')}; }
        ${moved.map(({ p, bar }) => `${sumAt(3 + p)} += ${bar};`).join(' ')}${level.reads.map(({ g, name }) => ` if (side == 0u) { scratch[${recordAt(g)} + j].w += ${adjoint(name)}; } else { scratch[${barsAt(g)} + j].x += ${adjoint(name)}; }`).join('')}
      }
    }
    scratch[atBars + j] = bar;
  }
  if (tid == 0u) {
    ${free.map(({ name, k }) => `${sumAt(3 + infer.length + k)} += initialBar[${model.gates.findIndex((gate) => gate.name === name)}];`).join(' ')}
  }`;
}

/** Gates that begin where all come to rest: from the adjoints of their initial values to those of V there and of the parameters. */
function restBack(t: Tiling, level: GateLevel): string {
  const { model, infer, segments } = t.shape;
  const own = level.gates.filter((g) => beginningOf(t.shape, t.layout, g) === 'at-rest').map((g) => ({ g, name: model.gates[g]!.name }));
  if (own.length === 0) return '';
  const names = own.map(({ name }) => name);
  const inputs = new Map([
    ...parameterInputs(t),
    ['V', 'V'],
    ...own.map(({ g, name }): [string, string] => [`adjoint:steady:${name}`, `initialBar[segment * ${model.gates.length}u + ${g}u]`]),
  ]);
  const { code, outputs } = writeProgram(differentiate(outputsOf(model.steadyStates, names), ['V', ...infer]), inputs, 's');
  const adjoint = (name: string): string => outputs.get(`adjoint:${name}`)!;
  return /* wgsl */ ` settle();
  for (var segment = tid; segment < ${segments}u; segment += T) {
    let start = ${segments === 1 ? '0u' : 'start_of(atStarts, segment)'};
    let V = ${voltageAt('start')};
    ${code}
    scratch[atBars + start].x += ${adjoint('V')};
    ${infer.map((name, p) => `${sumAt(3 + p)} += ${adjoint(name)};`).join(' ')}
  }`;
}

/** Gather what each point is given by itself and by the middles of the steps at its sides; two points per invocation. */
function outputs(): string {
  return /* wgsl */ `
  for (var pair = tid; pair < ALL; pair += T) {
    var both = vec4f(0.0f);
    for (var side = 0u; side < 2u; side++) {
      let j = 2u * pair + side;
      if (j < M) {
        var bar = scratch[atBars + j];
        bar.y += 0.125f * step_ms(atSteps, j) * bar.z;
        bar.x += 0.5f * bar.z;
        if (j > 0u) {
          let before = scratch[atBars + j - 1u].z;
          bar.x += 0.5f * before;
          bar.y -= 0.125f * step_ms(atSteps, j - 1u) * before;
        }
        both = select(vec4f(bar.xy, 0.0f, 0.0f), vec4f(both.xy, bar.xy), side == 1u);
      }
    }
    scratch[atOutputs + pair] = ${literal(VOLTAGE_SCALE)} * both;
  }`;
}
