/**
 * The networks of a cohort, value and time derivative forward and the reverse pass through both, as float32 tensor operations.
 *
 * Each replica's layers are products of their own: measured on the WebAssembly backend, [512, 32] x [32, 32] takes 45 to 75 us by itself
 * and 480 us per replica in a batched or transposed matMul, whose kernel is a plain loop. So weights are uploaded in both
 * orientations, and activations are transposed before they are contracted over points.
 *
 * tanh is the logistic function (its kernel is vectorised, the one of tanh is not: 22 against 225 us). With u = 2 z, a hidden layer hands on
 *   b = sigmoid(u) - 1/2 = tanh(z) / 2,  k = 1/4 - b^2 = db/du,
 * and the factors 2 are put into the weights as they are uploaded: W' = f W with f = (2 behind a tanh layer) (2 into one, or the scale of
 * the output). Reverse, with bars for adjoints and d for time derivatives: du_ = k db_, u_ = k b_ - 2 b du du_, W_ = f (b^T u_ + db^T du_).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Member, Shape } from '../engine.ts';
import { gridSize, VOLTAGE_SCALE, type Layer, type Layout } from '../layout.ts';
import { fourierFeatures } from '../reference/features.ts';

/** Gates are squashed as sigmoid(2 o) = (1 + tanh o) / 2. */
const GATE_SCALE = 2;

/** A layer's factors on the weights, by output: f for W, g for b. */
interface Scale {
  readonly weights: Float64Array;
  readonly biases: Float64Array;
}

/** What a layer keeps of a forward pass; [M, in], [M, out]. */
interface Tape {
  readonly a: tf.Tensor2D;
  /** null without tangent */
  readonly da: tf.Tensor2D | null;
  /** W'^T [out, in] */
  readonly transposed: tf.Tensor2D | null;
  /** du and db/du of the layer before, whose output `a` is; and what its curvature cannot be had from `a` and slope by, else null. */
  readonly du: tf.Tensor2D | null;
  readonly slope: tf.Tensor2D | null;
  readonly curvature: tf.Tensor2D | null;
}

type Activated = Pick<Tape, 'a'> & { readonly slope: tf.Tensor2D; readonly curvature: tf.Tensor2D | null };

export interface NetworkPass {
  readonly out: tf.Tensor3D;
  readonly dOut: tf.Tensor3D | null;
  /** by replica and layer */
  readonly tapes: readonly (readonly Tape[])[];
}

/** Fourier features of one replica and their transposes. */
interface Features {
  readonly a: tf.Tensor2D;
  readonly da: tf.Tensor2D;
  readonly aT: tf.Tensor2D;
  readonly daT: tf.Tensor2D;
}

export class TensorNetwork {
  private readonly layout: Layout;
  private readonly activation: Shape['activation'];
  private readonly points: number;
  private readonly scales: readonly Scale[];
  private readonly features: readonly Features[];
  private readonly ones: tf.Tensor2D;

  constructor(shape: Shape, layout: Layout, members: readonly Pick<Member, 'frequencies' | 'grid'>[]) {
    this.layout = layout;
    this.activation = shape.activation;
    this.points = gridSize(shape);
    this.scales = layout.layers.map((layer, l) => layerScale(layer, l, layout.layers.length, shape.activation));
    this.features = members.map(({ frequencies, grid }) => uploadFeatures(frequencies, grid));
    this.ones = tf.ones([1, this.points]);
  }

  /**
   * Outputs scaled to V + 40 mV and the arguments of the gates' sigmoid, and, with `tangent`, their time derivatives, [outputs, R, M].
   * `tapes` is for `backward`; call both inside one tf.tidy.
   */
  forward(thetas: readonly Float64Array[], tangent: boolean): NetworkPass {
    const passes = thetas.map((theta, r) => this.forwardOne(theta, this.features[r]!, tangent));
    const dOuts = passes.flatMap(({ dOut }) => (dOut === null ? [] : [dOut]));
    return {
      out: this.gather(passes.map(({ out }) => out)),
      dOut: tangent ? this.gather(dOuts) : null,
      tapes: passes.map(({ tapes }) => tapes),
    };
  }

  private gather(tensors: tf.Tensor2D[]): tf.Tensor3D {
    const rows: tf.Tensor2D = tensors.length === 1 ? tensors[0]! : tf.concat(tensors, 0);
    return tf.reshape(tf.transpose(rows), [rows.shape[1], tensors.length, this.points]);
  }

  private forwardOne(
    theta: Float64Array,
    features: Features,
    tangent: boolean,
  ): { out: tf.Tensor2D; dOut: tf.Tensor2D | null; tapes: Tape[] } {
    const tapes: Tape[] = [];
    let a = features.a;
    let da = tangent ? features.da : null;
    let du: tf.Tensor2D | null = null;
    let slope: tf.Tensor2D | null = null;
    let curvature: tf.Tensor2D | null = null;
    for (const [l, layer] of this.layout.layers.entries()) {
      const W = scaledWeights(layer, theta, this.scales[l]!);
      const weights = tf.tensor2d(W, [layer.inputs, layer.outputs]);
      const transposed = l === 0 ? null : tf.tensor2d(transpose(W, layer.inputs, layer.outputs), [layer.outputs, layer.inputs]);
      tapes.push({ a, da, transposed, du, slope, curvature });
      const u: tf.Tensor2D = tf.add(tf.matMul(a, weights), tf.tensor1d(scaledBiases(layer, theta, this.scales[l]!)));
      du = da === null ? null : tf.matMul(da, weights);
      if (l === this.layout.layers.length - 1) return { out: u, dOut: du, tapes };
      ({ a, slope, curvature } = this.activate(u));
      da = du === null ? null : tf.mul(slope, du);
    }
    throw new Error('internal: a network without layers');
  }

  private activate(u: tf.Tensor2D): Activated {
    switch (this.activation) {
      case 'tanh': {
        const a: tf.Tensor2D = tf.sub(tf.sigmoid(u), 0.5);
        return { a, slope: tf.sub(0.25, tf.square(a)), curvature: null };
      }
      case 'sin':
        return { a: tf.sin(u), slope: tf.cos(u), curvature: null };
      case 'swish':
        return swish(u);
      case 'gelu':
        return gelu(u);
      default:
        return this.activation satisfies never;
    }
  }

  /** Write d loss / d (weights and biases) into the gradients, from the adjoints of the scaled outputs, [outputs, R, M]. */
  backward(tapes: NetworkPass['tapes'], outBar: tf.Tensor3D, dOutBar: tf.Tensor3D | null, gradients: readonly Float64Array[]): void {
    const bars = this.scatter(outBar);
    const dBars = dOutBar === null ? null : this.scatter(dOutBar);
    tapes.forEach((tape, r) => this.backwardOne(tape, this.features[r]!, bars[r]!, dBars === null ? null : dBars[r]!, gradients[r]!));
  }

  /** [outputs, R, M] -> R times [M, outputs] */
  private scatter(bar: tf.Tensor3D): tf.Tensor2D[] {
    const [outputs, replicas] = bar.shape;
    const rows: tf.Tensor2D = tf.transpose(tf.reshape(bar, [outputs, replicas * this.points]));
    if (replicas === 1) return [rows];
    return Array.from({ length: replicas }, (_, r) => tf.slice(rows, [r * this.points, 0], [this.points, outputs]));
  }

  private backwardOne(
    tapes: readonly Tape[],
    features: Features,
    outBar: tf.Tensor2D,
    dOutBar: tf.Tensor2D | null,
    gradient: Float64Array,
  ): void {
    let uBar = outBar;
    let duBar = dOutBar;
    for (let l = tapes.length - 1; l >= 0; l--) {
      const { a, da, transposed, du, slope, curvature } = tapes[l]!;
      const value = tf.matMul<tf.Tensor2D>(l === 0 ? features.aT : tf.transpose(a), uBar);
      const weightsBar = da === null || duBar === null ? value : tf.add(value, tf.matMul(l === 0 ? features.daT : tf.transpose(da), duBar));
      writeGradient(this.layout.layers[l]!, this.scales[l]!, weightsBar, tf.matMul(this.ones, uBar), gradient);
      if (transposed === null || slope === null) return;
      uBar = tf.mul(slope, tf.matMul(uBar, transposed));
      if (du === null || duBar === null) continue;
      const daBar: tf.Tensor2D = tf.matMul(duBar, transposed);
      duBar = tf.mul(slope, daBar);
      uBar = tf.sub(uBar, curvature === null ? this.bend(a, du, daBar, duBar) : tf.mul(tf.mul(curvature, du), tf.neg(daBar)));
    }
  }

  /** For tanh and sin, what du * d slope / du takes from u_: 2 b du du_ for tanh (see above), sin(z) dz da_ for sin. */
  private bend(a: tf.Tensor2D, du: tf.Tensor2D, daBar: tf.Tensor2D, duBar: tf.Tensor2D): tf.Tensor2D {
    const both: tf.Tensor2D = tf.mul(tf.mul(a, du), this.activation === 'sin' ? daBar : duBar);
    return this.activation === 'sin' ? both : tf.add(both, both);
  }

  close(): void {
    this.ones.dispose();
    for (const { a, da, aT, daT } of this.features) for (const tensor of [a, da, aT, daT]) tensor.dispose();
  }
}

function layerScale(layer: Layer, l: number, count: number, activation: Shape['activation']): Scale {
  const two = activation === 'tanh' ? 2 : 1;
  const into = (output: number): number => (l < count - 1 ? two : output === 0 ? VOLTAGE_SCALE : GATE_SCALE);
  const biases = Float64Array.from({ length: layer.outputs }, (_, output) => into(output));
  return { biases, weights: biases.map((scale) => scale * (l === 0 ? 1 : two)) };
}

/** The formulas of reference/activation.ts. */
function swish(z: tf.Tensor2D): Activated {
  const s: tf.Tensor2D = tf.sigmoid(z);
  const ds: tf.Tensor2D = tf.sub(s, tf.square(s));
  return {
    a: tf.mul(z, s),
    slope: tf.add(s, tf.mul(z, ds)),
    curvature: tf.mul(ds, tf.add(2, tf.mul(z, tf.sub(1, tf.add(s, s))))),
  };
}

function gelu(z: tf.Tensor2D): Activated {
  const below: tf.Tensor2D = tf.mul(tf.add(tf.erf(tf.mul(z, Math.SQRT1_2)), 1), 0.5);
  const square: tf.Tensor2D = tf.square(z);
  const density: tf.Tensor2D = tf.mul(tf.exp(tf.mul(square, -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return { a: tf.mul(z, below), slope: tf.add(below, tf.mul(z, density)), curvature: tf.mul(density, tf.sub(2, square)) };
}

function uploadFeatures(frequencies: Float64Array, grid: Float64Array): Features {
  const { a, da } = fourierFeatures(frequencies, grid);
  const shape: [number, number] = [grid.length, 2 * frequencies.length];
  return tf.tidy(() => {
    const value = tf.tensor2d(Float32Array.from(a), shape);
    const rate = tf.tensor2d(Float32Array.from(da), shape);
    return { a: value, da: rate, aT: tf.transpose(value), daT: tf.transpose(rate) };
  });
}

function scaledWeights({ inputs, outputs, weights }: Layer, theta: Float64Array, scale: Scale): Float32Array {
  const W = new Float32Array(inputs * outputs);
  for (let i = 0; i < inputs; i++)
    for (let j = 0; j < outputs; j++) W[i * outputs + j] = scale.weights[j]! * theta[weights + i * outputs + j]!;
  return W;
}

function scaledBiases({ outputs, biases }: Layer, theta: Float64Array, scale: Scale): Float32Array {
  return Float32Array.from({ length: outputs }, (_, j) => scale.biases[j]! * theta[biases + j]!);
}

function transpose(W: Float32Array, rows: number, columns: number): Float32Array {
  const T = new Float32Array(W.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) T[j * rows + i] = W[i * columns + j]!;
  return T;
}

function writeGradient(layer: Layer, scale: Scale, weightsBar: tf.Tensor, biasesBar: tf.Tensor, gradient: Float64Array): void {
  const { inputs, outputs, weights, biases } = layer;
  const W = weightsBar.dataSync();
  const b = biasesBar.dataSync();
  for (let i = 0; i < inputs; i++)
    for (let j = 0; j < outputs; j++) gradient[weights + i * outputs + j] = scale.weights[j]! * W[i * outputs + j]!;
  for (let j = 0; j < outputs; j++) gradient[biases + j] = scale.biases[j]! * b[j]!;
}
