/**
 * WGSL of gates integrated along the network's voltage, with their adjoint: the rule of reference/gate-integration.ts. All of a step but the
 * recurrence itself is done by an invocation per step; the recurrence runs through workgroup memory, a stretch of T steps at a time, in
 * one invocation for each two gates, with the rounding of every step carried along: a slow gate remembers a thousand of them.
 *
 * Device memory, of point j and gate g: `nodes` (inf, rate at the point; inf, rate in the middle of the step behind it); `record`
 * (x, gain, mean, adjoint of x), of which the way back makes (x, adjoints of inf and rate at the step's end, -); `bars`
 * (adjoints of inf, rate at the step's start; in its middle).
 */
import { VOLTAGE_CENTRE, VOLTAGE_SCALE } from '../layout.ts';
import { range } from './wgsl-block.ts';
import { literal } from './wgsl-elementary.ts';
import { parameterInputs } from './wgsl-parameters.ts';
import { writeProgram } from './wgsl-program.ts';
import type { Tiling } from './tiling.ts';

/** vec4s per point and gate. */
export const GATE_RECORDS = 3;

const nodesAt = (g: number): string => `(atGates + ${GATE_RECORDS * g}u * POINTS)`;
export const recordAt = (g: number): string => `(atGates + ${GATE_RECORDS * g + 1}u * POINTS)`;
export const barsAt = (g: number): string => `(atGates + ${GATE_RECORDS * g + 2}u * POINTS)`;

export const GATE_FUNCTIONS = /* wgsl */ `
/** Length of the step behind point j, ms. */
fn step_ms(at: u32, j: u32) -> f32 { return points[at + j / 4u][j % 4u]; }

struct Weights { gain: f32, e: f32, half: f32, w0: f32, w1: f32, total: f32, mean: f32, }

/** Of a step of length h from 'here' to inf and rate at the next point. */
fn weights_of(h: f32, here: vec4f, next: vec2f) -> Weights {
  var w: Weights;
  let A = h * (here.y + 4.0f * here.w + next.y) / 6.0f;
  w.e = exp_(-A);
  w.half = exp_(-h * (8.0f * here.w + 5.0f * next.y - here.y) / 24.0f);
  w.gain = A * exprel_(-A);
  w.w0 = here.y * w.e;
  w.w1 = 4.0f * here.w * w.half;
  w.total = w.w0 + w.w1 + next.y;
  w.mean = (w.w0 * here.x + w.w1 * here.z + next.y * next.x) / w.total;
  return w;
}

/** The values of two gates (high.xy, low.zw) after a step of (gain, mean) each. */
fn advance(x: vec4f, step: vec4f) -> vec4f {
  let delta = step.xz * ((step.yw - x.xy) - x.zw);
  let sum = (x.xy + delta) * run.unit;
  let part = sum - x.xy;
  return vec4f(sum, x.zw + ((x.xy - (sum - part)) + (delta - part)));
}

/** Adjoints of two gates before a step, from those behind it and (adjoint of the point itself, gain) each. */
fn retreat(bar: vec4f, step: vec4f) -> vec4f {
  let delta = step.xz - step.yw * bar.xy;
  let sum = (bar.xy + delta) * run.unit;
  let part = sum - bar.xy;
  return vec4f(sum, bar.zw - step.yw * bar.zw + ((bar.xy - (sum - part)) + (delta - part)));
}

struct StepBars { near: vec4f, end: vec2f, }

/** Adjoints of inf and rate at the nodes of a step, from that of the gate behind it. */
fn step_bars(h: f32, here: vec4f, next: vec2f, x: f32, bar: f32) -> StepBars {
  let w = weights_of(h, here, next);
  let gain = w.gain / w.total;
  let d0 = gain * (here.x - w.mean);
  let d1 = gain * (here.z - w.mean);
  let d2 = gain * (next.x - w.mean);
  let byA = h * ((w.mean - x) * w.e - d0 * w.w0) / 6.0f;
  let byB = -h * (d1 * w.w1) / 24.0f;
  var bars: StepBars;
  bars.near = bar * vec4f(gain * w.w0, byA - byB + d0 * w.e, gain * w.w1, 4.0f * byA + 8.0f * byB + d1 * 4.0f * w.half);
  bars.end = bar * vec2f(gain * next.y, byA + 5.0f * byB + d2);
  return bars;
}
`;

/** Declares V at the point and in the middle of the step behind it, 'V' by 'side' (0, 1). */
export const NODE_VOLTAGES = /* wgsl */ `
    let here = output_at(atOutputs, j);
    let next = output_at(atOutputs, min(j + 1u, M - 1u));
    let h = step_ms(atSteps, j);
    let middle = 0.5f * (here.x + next.x) + 0.125f * h * (here.y - next.y);`;

export const NODE_VOLTAGE = `fma(${literal(VOLTAGE_SCALE)}, select(here.x, middle, side == 1u), ${literal(VOLTAGE_CENTRE)})`;

/** Gates of which one stretch of the recurrence fits the staging area, by pairs. */
function groupsOf({ shape, staging, threads }: Tiling): number[][] {
  const most = 2 * Math.floor(staging / 4 / threads);
  const gates = range(shape.model.gates.length);
  return range(Math.ceil(gates.length / most)).map((k) => gates.slice(k * most, (k + 1) * most));
}

/** inf and rate at every node, then every gate along its steps. */
export function writeGates(t: Tiling): string {
  const { model } = t.shape;
  const inputs = new Map([...parameterInputs(t), ['V', 'V'] as const]);
  const { code, outputs } = writeProgram(model.gateRates, inputs, 'q');
  const gates = model.gates.map(({ name }, g) => ({ g, inf: outputs.get(`inf:${name}`)!, rate: outputs.get(`rate:${name}`)! }));
  return /* wgsl */ `
{
  for (var j = tid; j < M; j += T) {
    ${NODE_VOLTAGES}
    ${gates.map(({ g }) => `var node${g} = vec4f(0.0f);`).join(' ')}
    for (var side = 0u; side < 2u; side++) {
      let V = ${NODE_VOLTAGE};
      ${code}
      ${gates.map(({ g, inf, rate }) => `node${g} = select(vec4f(${inf}, ${rate}, 0.0f, 0.0f), vec4f(node${g}.xy, ${inf}, ${rate}), side == 1u);`).join('\n')}
    }
    ${gates.map(({ g }) => `scratch[${nodesAt(g)} + j] = node${g};`).join('\n')}
  }
  settle();
  ${groupsOf(t)
    .map((group) => integration(t, group))
    .join('\n')}
  settle();
}
`;
}

/** The value a gate begins with. */
function initialOf({ shape, layout }: Tiling, g: number | undefined): string {
  if (g === undefined) return '0.0f';
  const free = layout.freeGates.indexOf(shape.model.gates[g]!.name);
  return free < 0 ? `scratch[${nodesAt(g)}].x` : `freeGate[${free}]`;
}

/** Four rounds of a recurrence at a time, so that loads overlap. 'at(k)': place in 'stage' of round k. */
function rounds(at: (k: number) => string, next: string): string {
  return range(4)
    .map((k) => `let v${k} = stage[${at(k)}];`)
    .concat(range(4).map((k) => `stage[${at(k)}] = carry; carry = ${next}(carry, v${k});`))
    .join('\n');
}

function integration(t: Tiling, group: readonly number[]): string {
  const quads = range(Math.ceil(group.length / 2));
  const part = (g: number | undefined): string => (g === undefined ? '0.0f, 0.0f' : `step${g}.x, step${g}.y`);
  return /* wgsl */ `
  {
    var carry = vec4f(0.0f);
    ${quads.map((q) => `if (tid == ${q}u) { carry = vec4f(${initialOf(t, group[2 * q])}, ${initialOf(t, group[2 * q + 1])}, 0.0f, 0.0f); }`).join('\n')}
    for (var from_ = 0u; from_ < M; from_ += T) {
      let j = from_ + tid;
      ${group.map((g) => `var step${g} = vec2f(0.0f);`).join(' ')}
      if (j + 1u < M) {
        let h = step_ms(atSteps, j);
        ${group.map((g) => `{ let w = weights_of(h, scratch[${nodesAt(g)} + j], scratch[${nodesAt(g)} + j + 1u].xy); step${g} = vec2f(w.gain, w.mean); }`).join('\n')}
      }
      workgroupBarrier();
      ${quads.map((q) => `stage[${q}u * T + tid] = vec4f(${part(group[2 * q])}, ${part(group[2 * q + 1])});`).join('\n')}
      workgroupBarrier();
      if (tid < ${quads.length}u) {
        for (var i = 0u; i < T; i += 4u) { ${rounds((k) => `tid * T + i + ${k}u`, 'advance')} }
      }
      workgroupBarrier();
      if (j < M) {
        ${group
          .map((g, k) => {
            const [high, low] = k % 2 === 0 ? ['x', 'z'] : ['y', 'w'];
            return `{ let v = stage[${Math.floor(k / 2)}u * T + tid]; scratch[${recordAt(g)} + j] = vec4f(v.${high} + v.${low}, step${g}, 0.0f); }`;
          })
          .join('\n')}
      }
    }
  }`;
}

/** From the adjoints of the gates at the points (`record`) to those of inf and rate at the nodes; of the initial values in 'initialBar'. */
export function writeGatesBack(t: Tiling): string {
  return groupsOf(t)
    .map((group) => {
      const quads = range(Math.ceil(group.length / 2));
      const part = (g: number | undefined): string => (g === undefined ? '0.0f, 0.0f' : `record${g}.w, record${g}.y`);
      return /* wgsl */ `
  {
    var carry = vec4f(0.0f);
    for (var end_ = (M + T - 1u) / T * T; end_ > 0u; end_ -= T) {
      let j = end_ - T + tid;
      ${group.map((g) => `var record${g} = vec4f(0.0f); if (j < M) { record${g} = scratch[${recordAt(g)} + j]; }`).join('\n')}
      workgroupBarrier();
      ${quads.map((q) => `stage[${q}u * T + tid] = vec4f(${part(group[2 * q])}, ${part(group[2 * q + 1])});`).join('\n')}
      workgroupBarrier();
      if (tid < ${quads.length}u) {
        for (var i = T; i > 0u; i -= 4u) { ${rounds((k) => `tid * T + i - ${k + 1}u`, 'retreat')} }
      }
      workgroupBarrier();
      if (j + 1u < M) {
        let h = step_ms(atSteps, j);
        ${group
          .map((g, k) => {
            const [high, low] = k % 2 === 0 ? ['x', 'z'] : ['y', 'w'];
            return `{
          let v = stage[${Math.floor(k / 2)}u * T + tid];
          let bars = step_bars(h, scratch[${nodesAt(g)} + j], scratch[${nodesAt(g)} + j + 1u].xy, record${g}.x, v.${high} + v.${low});
          scratch[${barsAt(g)} + j] = bars.near;
          scratch[${recordAt(g)} + j] = vec4f(record${g}.x, bars.end, 0.0f);
        }`;
          })
          .join('\n')}
      }
    }
    ${quads
      .map(
        (q) =>
          `if (tid == ${q}u) { initialBar[${group[2 * q]!}] = carry.x + carry.z; ${
            group[2 * q + 1] === undefined ? '' : `initialBar[${group[2 * q + 1]!}] = carry.y + carry.w;`
          } }`,
      )
      .join('\n')}
  }`;
    })
    .join('\n');
}
