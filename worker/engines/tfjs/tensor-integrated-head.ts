/**
 * `states: integrated` as tensor operations: the network gives V, gates are integrated along it by reference/gate-integration.ts, from
 * rates at its nodes: the M grid points, then the M - 1 middles of the steps, and one more that fills a backend's vector.
 *
 * The recurrences over time, x[j+1] = a[j] x[j] + b[j] and their adjoints, run as float64 loops on the host. A logarithmic scan in
 * tensor operations was measured too: 560 us against 13 us for 3 x 1,001 steps on the WebAssembly backend, whose memory the host shares.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Member, Shape } from '../engine.ts';
import { freeGatePlace, gridStepsMs, segmentStarts, thetaToGate, type Layout } from '../layout.ts';
import { GateIntegration } from '../reference/gate-integration.ts';
import { lossProgram, valuesAndPartials } from '../../models/loss-program.ts';
import type { TensorPlan } from './backend.ts';
import { full, sumOverPoints, type Given, type HeadAdjoints, type Outputs, type TensorHead, type Tensors } from './tensor-head.ts';
import { TensorProgram } from './tensor-program.ts';

const NO_PADDING: [number, number] = [0, 0];

export class TensorIntegratedHead implements TensorHead {
  private readonly names: readonly string[];
  private readonly infer: readonly string[];
  private readonly layout: Layout;
  /** First point of each segment, by replica. */
  private readonly starts: readonly Int32Array[];
  private readonly points: number;
  /** One more than 2 M - 1 where rows are filled up to whole vectors. */
  private readonly nodes: number;
  private readonly isFilled: boolean;
  private readonly rateInputs: readonly string[];
  private readonly balance: TensorProgram;
  private readonly rates: TensorProgram;
  /** Eighth of each step, ms, [R, M - 1] */
  private readonly eighth: tf.Tensor2D;
  /** [replica][gate] */
  private readonly gates: readonly (readonly GateIntegration[])[];
  /** inf, rate and their partials at the nodes, of the last evaluation */
  private last: Tensors = {};

  /** Members have grids of the same, perhaps padded length. */
  constructor(shape: Shape, layout: Layout, members: readonly Member[], plan: TensorPlan) {
    const { model, infer } = shape;
    this.names = model.gates.map(({ name }) => name);
    this.infer = infer;
    this.layout = layout;
    this.starts = members.map(segmentStarts);
    this.points = members[0]!.grid.length;
    this.isFilled = plan.vector > 1;
    this.nodes = 2 * this.points - (this.isFilled ? 0 : 1);
    this.rateInputs = model.gateRates.inputs;
    this.balance = new TensorProgram(
      lossProgram([{ program: model.currentResidual, factor: 'factor:current' }], ['V', 'd:V', ...this.names, ...infer]),
    );
    this.rates = new TensorProgram(valuesAndPartials(model.gateRates, ['V', ...infer]));
    const stepsMs = members.map(gridStepsMs);
    this.eighth = tf.tensor2d(
      stepsMs.map((steps) => Array.from(steps, (stepMs) => stepMs / 8)),
      [members.length, this.points - 1],
    );
    this.gates = stepsMs.map((steps, r) => this.names.map(() => new GateIntegration(steps, this.starts[r])));
  }

  states({ V, dV }: Outputs, { thetas, tensors }: Given): Tensors {
    const [left, right] = this.neighbours(V);
    const [dLeft, dRight] = this.neighbours(dV);
    const middles = tf.add(tf.mul(tf.add(left, right), 0.5), tf.mul(tf.sub(dLeft, dRight), this.eighth));
    this.last = this.rates.run({ ...this.perNode(tensors), V: this.onNodes(V, middles) });
    return { V, 'd:V': dV, ...Object.fromEntries(this.names.map((name, k) => [name, this.integrate(name, k, thetas)])) };
  }

  /** Values at points 0 .. M - 2 and 1 .. M - 1. */
  private neighbours(tensor: tf.Tensor2D): [tf.Tensor2D, tf.Tensor2D] {
    const size: [number, number] = [tensor.shape[0], this.points - 1];
    return [tf.slice(tensor, [0, 0], size), tf.slice(tensor, [0, 1], size)];
  }

  private onNodes(V: tf.Tensor2D, middles: tf.Tensor): tf.Tensor {
    return tf.concat(this.isFilled ? [V, middles, tf.slice(V, [0, this.points - 1], [V.shape[0], 1])] : [V, middles], 1);
  }

  /** What the rates depend on beside V, [R, 1] or as long as the nodes are. */
  private perNode(tensors: Tensors): Tensors {
    if (!this.isFilled) return tensors;
    const needed = Object.entries(tensors).filter(([name]) => this.rateInputs.includes(name));
    return Object.fromEntries(needed.map(([name, tensor]) => [name, tf.concat([tensor, tensor], 1)]));
  }

  /** Gate k of all replicas, [R, M]. */
  private integrate(name: string, k: number, thetas: readonly Float64Array[]): tf.Tensor2D {
    const { points, nodes } = this;
    const x = new Float32Array(thetas.length * points);
    const inf = this.atNodes(`inf:${name}`);
    const rate = this.atNodes(`rate:${name}`);
    const free = this.layout.freeGates.indexOf(name);
    thetas.forEach((theta, r) => {
      const gate = this.gates[r]![k]!;
      const own = (values: Float64Array): Float64Array => values.subarray(r * nodes, (r + 1) * nodes);
      const initial = Float64Array.from(this.starts[r]!, (start, s) =>
        free < 0 ? inf[r * nodes + start]! : thetaToGate(theta[freeGatePlace(this.layout, s, free)]!),
      );
      gate.integrate(initial, own(inf), own(rate));
      gate.linearise(own(inf), own(rate), free < 0);
      x.set(gate.x, r * points);
    });
    return tf.tensor2d(x, [thetas.length, points]);
  }

  private atNodes(output: string): Float64Array {
    return Float64Array.from(full(this.last[output]!, [this.gates.length, this.nodes]).dataSync());
  }

  adjoints(states: Tensors, { tensors }: Given, dataBar: tf.Tensor2D): HeadAdjoints {
    const replicas = this.gates.length;
    const values = this.balance.run({ ...states, ...tensors });
    const bar = (name: string): tf.Tensor2D => full(values[`adjoint:${name}`]!, dataBar.shape);
    const initialGates = this.gates.map(() => new Float64Array(this.layout.segments * this.layout.freeGates.length));
    const gateBars = this.names.map((name, k) => ({ name, ...this.gateAdjoints(k, bar(name), initialGates) }));
    const through = (wrt: string): tf.Tensor =>
      gateBars
        .filter(({ name }) => this.moves(name, wrt))
        .map(({ name, inf, rate }) =>
          tf.add(tf.mul(inf, this.last[`partial:inf:${name}:${wrt}`]!), tf.mul(rate, this.last[`partial:rate:${name}:${wrt}`]!)),
        )
        .reduce((a, b) => tf.add(a, b), tf.zeros([replicas, this.nodes]));
    const parameters = this.infer.map((name) => {
      const direct = sumOverPoints(bar(name), replicas);
      if (!this.names.some((gate) => this.moves(gate, name))) return direct;
      const byGates = sumOverPoints(through(name), replicas);
      return direct.map((sum, r) => sum + byGates[r]!);
    });
    const { value, rate } = this.fromNodes(through('V'));
    const asOutput = (tensor: tf.Tensor): tf.Tensor3D => tf.reshape(tensor, [1, replicas, this.points]);
    return {
      residuals: { current: values['residual:V']!, gates: [] },
      outBar: asOutput(tf.add(tf.add(dataBar, bar('V')), value)),
      dOutBar: asOutput(tf.add(bar('d:V'), rate)),
      parameters: Array.from({ length: replicas }, (_, r) => Float64Array.from(parameters, (sums) => sums[r]!)),
      initialGates,
    };
  }

  private moves(gate: string, wrt: string): boolean {
    return !this.rates.isConstant(`partial:inf:${gate}:${wrt}`) || !this.rates.isConstant(`partial:rate:${gate}:${wrt}`);
  }

  /** Adjoint of x [R, M] -> adjoints of inf and rate at the nodes. What reaches a free x(0) goes to `initialGates`. */
  private gateAdjoints(k: number, xBar: tf.Tensor2D, initialGates: readonly Float64Array[]): { inf: tf.Tensor2D; rate: tf.Tensor2D } {
    const { points, nodes } = this;
    const inf = new Float32Array(this.gates.length * nodes);
    const rate = new Float32Array(this.gates.length * nodes);
    const driveBar = new Float64Array(points - 1);
    const bars = Float64Array.from(xBar.dataSync());
    const { freeGates, freeGateOffset } = this.layout;
    const free = freeGates.indexOf(this.names[k]!);
    this.gates.forEach((gates, r) => {
      const gate = gates[k]!;
      const initialBar = gate.adjoint(bars.subarray(r * points, (r + 1) * points), driveBar);
      collect(driveBar, gate.infSlopes, points, inf.subarray(r * nodes, (r + 1) * nodes));
      collect(driveBar, gate.rateSlopes, points, rate.subarray(r * nodes, (r + 1) * nodes));
      if (free < 0) inf[r * nodes]! += initialBar;
      else
        this.starts[r]!.forEach((start, s) => {
          initialGates[r]![freeGatePlace(this.layout, s, free) - freeGateOffset] = start === 0 ? initialBar : driveBar[start - 1]!;
        });
    });
    return { inf: tf.tensor2d(inf, [this.gates.length, nodes]), rate: tf.tensor2d(rate, [this.gates.length, nodes]) };
  }

  /** Adjoints of V at the nodes -> adjoints of V and dV on the grid, [R, M]. */
  private fromNodes(bar: tf.Tensor): { value: tf.Tensor; rate: tf.Tensor } {
    const [replicas, points] = [this.gates.length, this.points];
    const middles = tf.slice(bar, [0, points], [replicas, points - 1]);
    const shifted = (steps: tf.Tensor, before: number): tf.Tensor => tf.pad(steps, [NO_PADDING, [before, 1 - before]]);
    const eighths = tf.mul(middles, this.eighth);
    return {
      value: tf.add(tf.slice(bar, [0, 0], [replicas, points]), tf.mul(tf.add(shifted(middles, 0), shifted(middles, 1)), 0.5)),
      rate: tf.sub(shifted(eighths, 0), shifted(eighths, 1)),
    };
  }

  close(): void {
    this.balance.close();
    this.rates.close();
    this.eighth.dispose();
  }
}

/** Add each step's adjoint, times its slopes at start, middle and end, to the adjoints at the nodes. */
function collect(
  driveBar: Float64Array,
  slopes: readonly [Float64Array, Float64Array, Float64Array],
  points: number,
  nodes: Float32Array,
): void {
  const [start, middle, end] = slopes;
  for (let j = 0; j + 1 < points; j++) {
    nodes[j]! += driveBar[j]! * start[j]!;
    nodes[points + j]! += driveBar[j]! * middle[j]!;
    nodes[j + 1]! += driveBar[j]! * end[j]!;
  }
}
