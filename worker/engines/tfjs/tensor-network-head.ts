/** `states: network` as tensor operations: every gate is an output of the network, x = sigmoid of it, and has a residual of its own. */
import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '../engine.ts';
import { lossProgram } from '../../models/loss-program.ts';
import { full, sumOverPoints, type Given, type HeadAdjoints, type Outputs, type TensorHead, type Tensors } from './tensor-head.ts';
import { TensorProgram } from './tensor-program.ts';

export class TensorNetworkHead implements TensorHead {
  private readonly names: readonly string[];
  private readonly infer: readonly string[];
  private readonly program: TensorProgram;
  /** Of the last evaluation: dx/d(argument), 1 - 2 x and dx/dt, [G, R, M]. */
  private last: { readonly slope: tf.Tensor3D; readonly lean: tf.Tensor3D; readonly rate: tf.Tensor3D } | null = null;

  constructor(shape: Shape) {
    const { model, infer } = shape;
    this.names = model.gates.map(({ name }) => name);
    this.infer = infer;
    const wrt = ['V', 'd:V', ...this.names, ...this.names.map((name) => `d:${name}`), ...infer];
    const groups = [
      { program: model.currentResidual, factor: 'factor:current' },
      { program: model.gateResiduals, factor: 'factor:gates' },
    ];
    this.program = new TensorProgram(lossProgram(groups, wrt));
  }

  states({ V, dV, gates, dGates }: Outputs): Tensors {
    const x: tf.Tensor3D = tf.sigmoid(gates);
    const slope: tf.Tensor3D = tf.sub(x, tf.square(x));
    const rate: tf.Tensor3D = tf.mul(slope, dGates);
    this.last = { slope, rate, lean: tf.sub(1, tf.add(x, x)) };
    const row = (tensor: tf.Tensor3D, k: number): tf.Tensor => tf.reshape(tf.slice(tensor, [k, 0, 0], [1, ...V.shape]), V.shape);
    const named = this.names.flatMap((name, k) => [[name, row(x, k)] as const, [`d:${name}`, row(rate, k)] as const]);
    return { V, 'd:V': dV, ...Object.fromEntries(named) };
  }

  adjoints(states: Tensors, { tensors }: Given, dataBar: tf.Tensor2D): HeadAdjoints {
    if (this.last === null) throw new Error('internal: adjoints before states');
    const { slope, lean, rate } = this.last;
    const values = this.program.run({ ...states, ...tensors });
    const bar = (name: string): tf.Tensor2D => full(values[`adjoint:${name}`]!, dataBar.shape);
    const stack = (first: tf.Tensor2D, rest: tf.Tensor3D | null): tf.Tensor3D => {
      const top: tf.Tensor3D = tf.reshape(first, [1, ...first.shape]);
      return rest === null ? top : tf.concat([top, rest], 0);
    };
    const gates = (prefix: string): tf.Tensor3D =>
      tf.reshape(
        tf.concat(
          this.names.map((name) => bar(prefix + name)),
          0,
        ),
        slope.shape,
      );
    let gatesBar: tf.Tensor3D | null = null;
    let dGatesBar: tf.Tensor3D | null = null;
    if (this.names.length > 0) {
      const rateBar = gates('d:');
      // x = sigmoid(o), dx = slope do with d slope/do = slope (1 - 2 x): o_ = slope x_ + (1 - 2 x) dx dx_, do_ = slope dx_
      gatesBar = tf.add(tf.mul(slope, gates('')), tf.mul(tf.mul(lean, rate), rateBar));
      dGatesBar = tf.mul(slope, rateBar);
    }
    const replicas = dataBar.shape[0];
    const parameters = this.infer.map((name) => sumOverPoints(bar(name), replicas));
    return {
      residuals: { current: values['residual:V']!, gates: this.names.map((name) => values[`residual:${name}`]!) },
      outBar: stack(tf.add(dataBar, bar('V')), gatesBar),
      dOutBar: stack(bar('d:V'), dGatesBar),
      parameters: Array.from({ length: replicas }, (_, r) => Float64Array.from(parameters, (sums) => sums[r]!)),
      initialGates: [],
    };
  }

  close(): void {
    this.program.close();
  }
}
