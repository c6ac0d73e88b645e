/**
 * WGSL of gates integrated along the network's voltage, with their adjoint: the rule of reference/gate-integration.ts. All of a step but the
 * recurrence itself is done by an invocation per step; the recurrence runs through workgroup memory, a stretch of T steps at a time, in
 * one invocation for each two gates, with the rounding of every step carried along: a slow gate remembers a thousand of them.
 *
 * Gates that read others come after these, level by level (gate-levels.ts), and on the way back before them. The step that leads to a segment has
 * length 0, gain 1 and the segment's initial value as its mean.
 *
 * Device memory, of point j and gate g: `nodes` (inf, rate at the point; inf, rate in the middle of the step behind it); `record`
 * (x, gain, mean, adjoint of x), of which the way back makes (x, adjoints of inf and rate at the step's end, -); `bars`
 * (adjoints of inf, rate at the step's start; in its middle), and before the way back, of a gate that others read, (adjoint of x in the middle
 * of the step behind the point, -).
 */
import { VOLTAGE_CENTRE, VOLTAGE_SCALE } from '../layout.ts';
import { beginningOf, outputsOf, readBy, type GateLevel } from './gate-levels.ts';
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
  // bounded as in gate-integration.ts, for a rate that falls steeply
  w.half = exp_(min(60.0f, -h * (8.0f * here.w + 5.0f * next.y - here.y) / 24.0f));
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

/** Gates of a level of which one stretch of the recurrence fits the staging area, by pairs. */
function groupsOf({ staging, threads }: Tiling, { gates }: GateLevel): (readonly number[])[] {
  const most = 2 * Math.floor(staging / 4 / threads);
  return range(Math.ceil(gates.length / most)).map((k) => gates.slice(k * most, (k + 1) * most));
}

/** Value at point `j` of a gate that others read, and behind it in the middle of the step, of length `h`. */
export const GATE_MIDDLE = /* wgsl */ `
fn gate_middle(record: u32, nodes: u32, h: f32, j: u32) -> f32 {
  let x = vec2f(scratch[record + j].x, scratch[record + j + 1u].x);
  let near = scratch[nodes + j];
  let next = scratch[nodes + j + 1u];
  return 0.5f * (x.x + x.y) + 0.125f * h * (near.y * (near.x - x.x) - next.y * (next.x - x.y));
}
`;

/** Declares the gates that a level reads, `y`, at the points and in the middles of the steps behind them; and each by 'side', by its name in a program. */
export function readGates({ reads }: GateLevel): { declarations: string; inputs: [string, string][] } {
  const declarations = reads.map(
    ({ g }) => /* wgsl */ `
    var y${g} = vec2f(scratch[${recordAt(g)} + j].x);
    if (j + 1u < M) { y${g}.y = gate_middle(${recordAt(g)}, ${nodesAt(g)}, h, j); }`,
  );
  return { declarations: declarations.join(''), inputs: reads.map(({ g, name }) => [name, `select(y${g}.x, y${g}.y, side == 1u)`]) };
}

/** inf and rate of a level at every node, then its gates along their steps. */
export function writeGates(t: Tiling, level: GateLevel): string {
  const { model } = t.shape;
  const reading = readGates(level);
  const inputs = new Map([...parameterInputs(t), ['V', 'V'] as const, ...reading.inputs]);
  const names = level.gates.map((g) => model.gates[g]!.name);
  const { code, outputs } = writeProgram(outputsOf(model.gateRates, names), inputs, 'q');
  const gates = level.gates.map((g, k) => ({ g, inf: outputs.get(`inf:${names[k]!}`)!, rate: outputs.get(`rate:${names[k]!}`)! }));
  return /* wgsl */ `
{
  for (var j = tid; j < M; j += T) {
    ${NODE_VOLTAGES}${reading.declarations}
    ${gates.map(({ g }) => `var node${g} = vec4f(0.0f);`).join(' ')}
    for (var side = 0u; side < 2u; side++) {
      let V = ${NODE_VOLTAGE};
      ${code}
      ${gates.map(({ g, inf, rate }) => `node${g} = select(vec4f(${inf}, ${rate}, 0.0f, 0.0f), vec4f(node${g}.xy, ${inf}, ${rate}), side == 1u);`).join('\n')}
    }
    ${gates.map(({ g }) => `scratch[${nodesAt(g)} + j] = node${g};`).join('\n')}
  }
  settle();
  ${groupsOf(t, level)
    .map((group) => integration(t, group))
    .join('\n')}
  settle();
}
`;
}

/** The value that a gate begins with: at a point that begins a later segment, or (null) at the first. */
function initialOf(
  { shape, layout }: Tiling,
  g: number | undefined,
  later: { readonly point: string; readonly segment: string } | null,
): string {
  if (g === undefined) return '0.0f';
  const beginning = beginningOf(shape, layout, g);
  switch (beginning) {
    case 'free': {
      const k = layout.freeGates.indexOf(shape.model.gates[g]!.name);
      return later === null ? `freeGate[${k}]` : `freeGate[${later.segment} * ${layout.freeGates.length}u + ${k}u]`;
    }
    case 'steady':
      return later === null ? `scratch[${nodesAt(g)}].x` : `scratch[${nodesAt(g)} + ${later.point}].x`;
    case 'at-rest':
      return `rest_${g}(${voltageAt(later === null ? '0u' : later.point)})`;
    default:
      return beginning satisfies never;
  }
}

/** V at a point. */
export function voltageAt(point: string): string {
  return `fma(${literal(VOLTAGE_SCALE)}, output_at(atOutputs, ${point}).x, ${literal(VOLTAGE_CENTRE)})`;
}

/** Declares `rest_<g>(V)` of each gate that begins where all come to rest. */
export function restFunctions(t: Tiling): string {
  const { model } = t.shape;
  const inputs = new Map([...parameterInputs(t), ['V', 'V'] as const]);
  return model.gates
    .map(({ name }, g) => {
      if (beginningOf(t.shape, t.layout, g) !== 'at-rest') return '';
      const { code, outputs } = writeProgram(outputsOf(model.steadyStates, [name]), inputs, 'q');
      return `fn rest_${g}(V: f32) -> f32 { ${code} return ${outputs.get(`steady:${name}`)!}; }\n`;
    })
    .join('');
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
  const begin = (g: number): string => `step${g} = vec2f(1.0f, ${initialOf(t, g, { point: '(j + 1u)', segment: 'segment' })});`;
  const anew =
    t.shape.segments === 1 ? '' : ` if (h == 0.0f) { let segment = segment_at(atStarts, j + 1u); ${group.map(begin).join(' ')} }`;
  return /* wgsl */ `
  {
    var carry = vec4f(0.0f);
    ${quads.map((q) => `if (tid == ${q}u) { carry = vec4f(${initialOf(t, group[2 * q], null)}, ${initialOf(t, group[2 * q + 1], null)}, 0.0f, 0.0f); }`).join('\n')}
    for (var from_ = 0u; from_ < M; from_ += T) {
      let j = from_ + tid;
      ${group.map((g) => `var step${g} = vec2f(0.0f);`).join(' ')}
      if (j + 1u < M) {
        let h = step_ms(atSteps, j);
        ${group.map((g) => `{ let w = weights_of(h, scratch[${nodesAt(g)} + j], scratch[${nodesAt(g)} + j + 1u].xy); step${g} = vec2f(w.gain, w.mean); }`).join('\n')}${anew}
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

/** From the adjoints of a level's gates at the points (`record`) to those of inf and rate at the nodes; of the initial values in 'initialBar'. */
export function writeGatesBack(t: Tiling, level: GateLevel): string {
  const isRead = (g: number): boolean => readBy(t.shape.model, g);
  return groupsOf(t, level)
    .map((group) => {
      const quads = range(Math.ceil(group.length / 2));
      const part = (g: number | undefined): string => (g === undefined ? '0.0f, 0.0f' : `record${g}.w, record${g}.y`);
      const read = group.filter(isRead);
      return /* wgsl */ `
  {
    var carry = vec4f(0.0f);
    for (var end_ = (M + T - 1u) / T * T; end_ > 0u; end_ -= T) {
      let j = end_ - T + tid;
      ${group.map((g) => `var record${g} = vec4f(0.0f); if (j < M) { record${g} = scratch[${recordAt(g)} + j]; }`).join('\n')}${read.map(pullMiddle).join('')}
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
            const bar = `v.${high} + v.${low}`;
            return `{
          let v = stage[${Math.floor(k / 2)}u * T + tid];
          ${t.shape.segments === 1 ? 'let' : 'var'} bars = step_bars(h, scratch[${nodesAt(g)} + j], scratch[${nodesAt(g)} + j + 1u].xy, record${g}.x, ${bar});${beginningBar(t, g, bar)}
          scratch[${barsAt(g)} + j] = bars.near${isRead(g) ? ` + vec4f(own${g}, 0.0f, 0.0f)` : ''};
          scratch[${recordAt(g)} + j] = vec4f(record${g}.x, bars.end, 0.0f);
        }`;
          })
          .join('\n')}
      }${read.length === 0 ? '' : ` else if (j + 1u == M) { ${read.map((g) => `scratch[${barsAt(g)} + j] = vec4f(own${g}, 0.0f, 0.0f);`).join(' ')} }`}
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

/**
 * What reached the middles goes on to x and its slope dx/dt = rate (inf - x) at both sides, and from the slope to x and, at the point itself,
 * to inf and rate: `own`.
 */
function pullMiddle(g: number): string {
  return /* wgsl */ `
      var own${g} = vec2f(0.0f);
      if (j < M) {
        let behind = scratch[${barsAt(g)} + j].x;
        let before = select(0.0f, scratch[${barsAt(g)} + max(j, 1u) - 1u].x, j > 0u);
        let node = scratch[${nodesAt(g)} + j];
        let slopeBar = 0.125f * (step_ms(atSteps, j) * behind - step_ms(atSteps, max(j, 1u) - 1u) * before);
        record${g}.w += 0.5f * (behind + before) - node.y * slopeBar;
        own${g} = slopeBar * vec2f(node.y, node.x - record${g}.x);
      }`;
}

/** The adjoint of the value that a later segment begins with. */
function beginningBar({ shape, layout }: Tiling, g: number, bar: string): string {
  if (shape.segments === 1) return '';
  if (beginningOf(shape, layout, g) === 'steady') return ` if (h == 0.0f) { bars.end.x = ${bar}; }`;
  return ` if (h == 0.0f) { initialBar[segment_at(atStarts, j + 1u) * ${shape.model.gates.length}u + ${g}u] = ${bar}; }`;
}
