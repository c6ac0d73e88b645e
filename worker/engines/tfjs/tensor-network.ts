/**
 * The networks of a cohort, value and time derivative forward and the reverse pass through both, as float32 tensor operations.
 *
 * Shapes: G replicas of a group, whose layers are one batched product (backend.ts says how many), M points, numbers of a layer. Where the
 * backend's products take no transposed operand, weights are uploaded in both orientations, and activations are transposed before they are
 * contracted over points.
 *
 * tanh is the logistic function (its kernel is vectorised, the one of tanh is not: 22 against 225 us). With u = 2 z, a hidden layer hands on
 *   b = sigmoid(u) - 1/2 = tanh(z) / 2,  k = 1/4 - b^2 = db/du,
 * and the factors 2 are put into the weights as they are uploaded: W' = f W with f = (2 behind a tanh layer) (2 into one, or the scale of
 * the output). Reverse, with bars for adjoints and d for time derivatives: du_ = k db_, u_ = k b_ - 2 b du du_, W_ = f (b^T u_ + db^T du_).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Member, Shape } from '../engine.ts';
import { VOLTAGE_SCALE, type Layer, type Layout } from '../layout.ts';
import { fourierFeatures } from '../reference/features.ts';
import type { TensorPlan } from './backend.ts';

/** Gates are squashed as sigmoid(2 o) = (1 + tanh o) / 2. */
const GATE_SCALE = 2;

/** A layer's factors on the weights, by output: f for W, g for b. */
interface Scale {
  readonly weights: Float64Array;
  readonly biases: Float64Array;
}

/** What a layer keeps of a forward pass; [G, M, in], [G, M, out]. */
interface Tape {
  readonly a: tf.Tensor3D;
  /** null without tangent */
  readonly da: tf.Tensor3D | null;
  /** Takes an adjoint back through the weights; null where nobody asks: in the first layer. */
  readonly weights: BackWeights | null;
  /** du and db/du of the layer before, whose output `a` is; and what its curvature cannot be had from `a` and slope by, else null. */
  readonly du: tf.Tensor3D | null;
  readonly slope: tf.Tensor3D | null;
  readonly curvature: tf.Tensor3D | null;
}

/** W' [G, in, out], or W'^T [G, out, in]. */
interface BackWeights {
  readonly tensor: tf.Tensor3D;
  readonly isTransposed: boolean;
}

type Activated = Pick<Tape, 'a'> & { readonly slope: tf.Tensor3D; readonly curvature: tf.Tensor3D | null };

export interface NetworkPass {
  readonly out: tf.Tensor3D;
  readonly dOut: tf.Tensor3D | null;
  /** by group and layer */
  readonly tapes: readonly (readonly Tape[])[];
}

/** Replicas whose layers are one product. */
interface Group {
  /** Of its members in the cohort; behind its own stand copies of the first. */
  readonly places: readonly number[];
  readonly first: number;
  /** How many are its own. */
  readonly own: number;
  readonly features: Features;
}

/** Fourier features of a group, [G, M, in]; and their transposes where the backend's products need them. */
interface Features {
  readonly a: tf.Tensor3D;
  readonly da: tf.Tensor3D;
  readonly aT: tf.Tensor3D | null;
  readonly daT: tf.Tensor3D | null;
}

export class TensorNetwork {
  private readonly layout: Layout;
  private readonly activation: Shape['activation'];
  private readonly points: number;
  private readonly transposes: boolean;
  private readonly scales: readonly Scale[];
  private readonly groups: readonly Group[];
  private readonly ones: tf.Tensor3D;

  /** Members have grids of the same, perhaps padded length. */
  constructor(shape: Shape, layout: Layout, members: readonly Pick<Member, 'frequencies' | 'grid'>[], plan: TensorPlan) {
    this.layout = layout;
    this.activation = shape.activation;
    this.points = members[0]!.grid.length;
    this.transposes = plan.transposes;
    this.scales = layout.layers.map((layer, l) => layerScale(layer, l, layout.layers.length, shape.activation));
    this.groups = groupsOf(members.length, plan.batch).map((group) => ({
      ...group,
      features: uploadFeatures(
        group.places.map((place) => members[place]!),
        plan,
      ),
    }));
    this.ones = tf.ones([1, 1, this.points]);
  }

  /**
   * Outputs scaled to V + 40 mV and the arguments of the gates' sigmoid, and, with `tangent`, their time derivatives, [outputs, R, M].
   * `tapes` is for `backward`; call both inside one tf.tidy.
   */
  forward(thetas: readonly Float64Array[], tangent: boolean): NetworkPass {
    const passes = this.groups.map((group) => this.forwardGroup(group, thetas, tangent));
    const dOuts = passes.flatMap(({ dOut }) => (dOut === null ? [] : [dOut]));
    return {
      out: this.gather(passes.map(({ out }) => out)),
      dOut: tangent ? this.gather(dOuts) : null,
      tapes: passes.map(({ tapes }) => tapes),
    };
  }

  /** By group [G, M, outputs] -> [outputs, R, M] */
  private gather(tensors: tf.Tensor3D[]): tf.Tensor3D {
    const own = tensors.map((tensor, g): tf.Tensor2D => {
      const { own: replicas, places } = this.groups[g]!;
      const kept = replicas === places.length ? tensor : tf.slice(tensor, [0, 0, 0], [replicas, ...tensor.shape.slice(1)]);
      return tf.reshape(kept, [replicas * this.points, tensor.shape[2]]);
    });
    const rows: tf.Tensor2D = own.length === 1 ? own[0]! : tf.concat(own, 0);
    return tf.reshape(tf.transpose(rows), [rows.shape[1], rows.shape[0] / this.points, this.points]);
  }

  private forwardGroup(
    { places, features }: Group,
    thetas: readonly Float64Array[],
    tangent: boolean,
  ): { out: tf.Tensor3D; dOut: tf.Tensor3D | null; tapes: Tape[] } {
    const own = places.map((place) => thetas[place]!);
    const tapes: Tape[] = [];
    let a = features.a;
    let da = tangent ? features.da : null;
    let du: tf.Tensor3D | null = null;
    let slope: tf.Tensor3D | null = null;
    let curvature: tf.Tensor3D | null = null;
    for (const [l, layer] of this.layout.layers.entries()) {
      const { inputs, outputs } = layer;
      const W = scaledWeights(layer, own, this.scales[l]!);
      const weights = tf.tensor3d(W, [own.length, inputs, outputs]);
      tapes.push({ a, da, weights: l === 0 ? null : this.backWeights(layer, W, weights), du, slope, curvature });
      const u: tf.Tensor3D = tf.add(
        tf.matMul<tf.Tensor3D>(a, weights),
        tf.tensor3d(scaledBiases(layer, own, this.scales[l]!), [own.length, 1, outputs]),
      );
      du = da === null ? null : tf.matMul<tf.Tensor3D>(da, weights);
      if (l === this.layout.layers.length - 1) return { out: u, dOut: du, tapes };
      ({ a, slope, curvature } = this.activate(u));
      da = du === null ? null : tf.mul(slope, du);
    }
    throw new Error('internal: a network without layers');
  }

  private backWeights({ inputs, outputs }: Layer, W: Float32Array, weights: tf.Tensor3D): BackWeights {
    if (this.transposes) return { tensor: weights, isTransposed: false };
    const size = inputs * outputs;
    const transposed = new Float32Array(W.length);
    for (let r = 0; r < weights.shape[0]; r++)
      transpose(W.subarray(r * size, (r + 1) * size), inputs, outputs, transposed.subarray(r * size));
    return { tensor: tf.tensor3d(transposed, [weights.shape[0], outputs, inputs]), isTransposed: true };
  }

  private activate(u: tf.Tensor3D): Activated {
    switch (this.activation) {
      case 'tanh': {
        const a: tf.Tensor3D = tf.sub(tf.sigmoid(u), 0.5);
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
    this.groups.forEach((group, g) => {
      const own = gradients.slice(group.first, group.first + group.own);
      this.backwardGroup(tapes[g]!, group.features, bars[g]!, dBars === null ? null : dBars[g]!, own);
    });
  }

  /** [outputs, R, M] -> by group [G, M, outputs]; copies have adjoints of 0. */
  private scatter(bar: tf.Tensor3D): tf.Tensor3D[] {
    const [outputs, replicas, points] = bar.shape;
    const rows: tf.Tensor2D = tf.transpose(tf.reshape(bar, [outputs, replicas * points]));
    return this.groups.map(({ first, own, places }): tf.Tensor3D => {
      const part = own === replicas ? rows : tf.slice(rows, [first * points, 0], [own * points, outputs]);
      const bars: tf.Tensor3D = tf.reshape(part, [own, points, outputs]);
      return own === places.length ? bars : tf.concat([bars, tf.zeros<tf.Rank.R3>([places.length - own, points, outputs])], 0);
    });
  }

  private backwardGroup(
    tapes: readonly Tape[],
    features: Features,
    outBar: tf.Tensor3D,
    dOutBar: tf.Tensor3D | null,
    gradients: readonly Float64Array[],
  ): void {
    let uBar = outBar;
    let duBar = dOutBar;
    for (let l = tapes.length - 1; l >= 0; l--) {
      const { a, da, weights, du, slope, curvature } = tapes[l]!;
      const value = this.overPoints(a, l === 0 ? features.aT : null, uBar);
      const weightsBar = da === null || duBar === null ? value : tf.add(value, this.overPoints(da, l === 0 ? features.daT : null, duBar));
      writeGradients(this.layout.layers[l]!, this.scales[l]!, weightsBar, tf.matMul(this.ones, uBar), gradients);
      if (weights === null || slope === null) return;
      uBar = tf.mul(slope, throughWeights(uBar, weights));
      if (du === null || duBar === null) continue;
      const daBar = throughWeights(duBar, weights);
      duBar = tf.mul(slope, daBar);
      uBar = tf.sub(uBar, curvature === null ? this.bend(a, du, daBar, duBar) : tf.mul(tf.mul(curvature, du), tf.neg(daBar)));
    }
  }

  /** a^T u_; `transposed`: a^T where it lies on the device. */
  private overPoints(a: tf.Tensor3D, transposed: tf.Tensor3D | null, uBar: tf.Tensor3D): tf.Tensor3D {
    if (this.transposes) return tf.matMul(a, uBar, true);
    return tf.matMul(transposed ?? tf.transpose(a, [0, 2, 1]), uBar);
  }

  /** For tanh and sin, what du * d slope / du takes from u_: 2 b du du_ for tanh (see above), sin(z) dz da_ for sin. */
  private bend(a: tf.Tensor3D, du: tf.Tensor3D, daBar: tf.Tensor3D, duBar: tf.Tensor3D): tf.Tensor3D {
    const both: tf.Tensor3D = tf.mul(tf.mul(a, du), this.activation === 'sin' ? daBar : duBar);
    return this.activation === 'sin' ? both : tf.add(both, both);
  }

  close(): void {
    this.ones.dispose();
    for (const { features } of this.groups) for (const tensor of [features.a, features.da, features.aT, features.daT]) tensor?.dispose();
  }
}

function layerScale(layer: Layer, l: number, count: number, activation: Shape['activation']): Scale {
  const two = activation === 'tanh' ? 2 : 1;
  const into = (output: number): number => (l < count - 1 ? two : output === 0 ? VOLTAGE_SCALE : GATE_SCALE);
  const biases = Float64Array.from({ length: layer.outputs }, (_, output) => into(output));
  return { biases, weights: biases.map((scale) => scale * (l === 0 ? 1 : two)) };
}

/** The formulas of reference/activation.ts. */
function swish(z: tf.Tensor3D): Activated {
  const s: tf.Tensor3D = tf.sigmoid(z);
  const ds: tf.Tensor3D = tf.sub(s, tf.square(s));
  return {
    a: tf.mul(z, s),
    slope: tf.add(s, tf.mul(z, ds)),
    curvature: tf.mul(ds, tf.add(2, tf.mul(z, tf.sub(1, tf.add(s, s))))),
  };
}

function gelu(z: tf.Tensor3D): Activated {
  const below: tf.Tensor3D = tf.mul(tf.add(tf.erf(tf.mul(z, Math.SQRT1_2)), 1), 0.5);
  const square: tf.Tensor3D = tf.square(z);
  const density: tf.Tensor3D = tf.mul(tf.exp(tf.mul(square, -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return { a: tf.mul(z, below), slope: tf.add(below, tf.mul(z, density)), curvature: tf.mul(density, tf.sub(2, square)) };
}

/** Runs of at most `most` replicas, each made up to `least` by copies of its first. */
function groupsOf(replicas: number, [least, most]: TensorPlan['batch']): Omit<Group, 'features'>[] {
  const size = Math.min(most, replicas);
  return Array.from({ length: Math.ceil(replicas / size) }, (_, g) => {
    const first = g * size;
    const own = Math.min(size, replicas - first);
    return { first, own, places: Array.from({ length: Math.max(own, least) }, (__, k) => (k < own ? first + k : first)) };
  });
}

function uploadFeatures(members: readonly Pick<Member, 'frequencies' | 'grid'>[], { transposes }: TensorPlan): Features {
  const { frequencies, grid } = members[0]!;
  const shape: [number, number, number] = [members.length, grid.length, 2 * frequencies.length];
  const all = members.map((member) => fourierFeatures(member.frequencies, member.grid));
  const upload = (values: readonly Float64Array[]): tf.Tensor3D => tf.tensor3d(joined(values), shape);
  const flipped = (tensor: tf.Tensor3D): tf.Tensor3D | null => (transposes ? null : tf.transpose(tensor, [0, 2, 1]));
  const value = upload(all.map(({ a }) => a));
  const rate = upload(all.map(({ da }) => da));
  return { a: value, da: rate, aT: flipped(value), daT: flipped(rate) };
}

function joined(parts: readonly Float64Array[]): Float32Array {
  const all = new Float32Array(parts.length * parts[0]!.length);
  parts.forEach((part, r) => all.set(part, r * part.length));
  return all;
}

function scaledWeights({ inputs, outputs, weights }: Layer, thetas: readonly Float64Array[], scale: Scale): Float32Array {
  const size = inputs * outputs;
  const W = new Float32Array(thetas.length * size);
  thetas.forEach((theta, r) => {
    for (let i = 0; i < inputs; i++)
      for (let j = 0; j < outputs; j++) W[r * size + i * outputs + j] = scale.weights[j]! * theta[weights + i * outputs + j]!;
  });
  return W;
}

function scaledBiases({ outputs, biases }: Layer, thetas: readonly Float64Array[], scale: Scale): Float32Array {
  const b = new Float32Array(thetas.length * outputs);
  thetas.forEach((theta, r) => {
    for (let j = 0; j < outputs; j++) b[r * outputs + j] = scale.biases[j]! * theta[biases + j]!;
  });
  return b;
}

function transpose(W: Float32Array, rows: number, columns: number, T: Float32Array): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) T[j * rows + i] = W[i * columns + j]!;
}

/** u_ W'^T */
function throughWeights(uBar: tf.Tensor3D, { tensor, isTransposed }: BackWeights): tf.Tensor3D {
  return tf.matMul(uBar, tensor, false, !isTransposed);
}

/** Copies behind the group's own replicas have no gradient to write to. */
function writeGradients(layer: Layer, scale: Scale, weightsBar: tf.Tensor, biasesBar: tf.Tensor, gradients: readonly Float64Array[]): void {
  const { inputs, outputs, weights, biases } = layer;
  const W = weightsBar.dataSync();
  const b = biasesBar.dataSync();
  const size = inputs * outputs;
  gradients.forEach((gradient, r) => {
    for (let i = 0; i < inputs; i++)
      for (let j = 0; j < outputs; j++) gradient[weights + i * outputs + j] = scale.weights[j]! * W[r * size + i * outputs + j]!;
    for (let j = 0; j < outputs; j++) gradient[biases + j] = scale.biases[j]! * b[r * outputs + j]!;
  });
}
