/**
 * What follows the networks: states, residuals of the model and their adjoints, for all replicas of a cohort at once. Two
 * formulations: tensor-network-head.ts and tensor-integrated-head.ts. Unlike reference/head.ts, adjoints are of the loss itself.
 */
import * as tf from '@tensorflow/tfjs-core';

/** Tensors by the names that the model's programs use: [R, M] per point, [R, 1] per replica, or a scalar. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** The networks' outputs, scaled, and their time derivatives (per ms). */
export interface Outputs {
  /** mV, [R, M] */
  readonly V: tf.Tensor2D;
  readonly dV: tf.Tensor2D;
  /** Arguments of the gates' sigmoid, [outputs - 1, R, M] (network formulation). */
  readonly gates: tf.Tensor3D;
  readonly dGates: tf.Tensor3D;
}

/** Adjoints of the loss. */
export interface HeadAdjoints {
  /** Residuals, unscaled: of the current balance, and of each gate (network formulation); [R, M] or broadcast to it. */
  readonly residuals: { readonly current: tf.Tensor; readonly gates: readonly tf.Tensor[] };
  /** Adjoints of all scaled outputs and of their time derivatives, [outputs, R, M]. */
  readonly outBar: tf.Tensor3D;
  readonly dOutBar: tf.Tensor3D;
  /** d loss / d inferred parameter (model's units), by replica. */
  readonly parameters: readonly Float64Array[];
  /** d loss / d initial value of each free gate (integrated formulation), by replica, in the order of theta. */
  readonly initialGates: readonly Float64Array[];
}

/** What a head is given beside the networks' outputs. */
export interface Given {
  readonly thetas: readonly Float64Array[];
  /** Every parameter in the model's units as tensors [R, 1]; and, [R, M], `I` and the factors, twice each residual's weight in the loss: `factor:current`, `factor:gates`. */
  readonly tensors: Tensors;
}

/** One evaluation of one cohort. Call inside tf.tidy, `states` before `adjoints`. */
export interface TensorHead {
  /** V, d:V, each gate and, in the network formulation, each d:<gate>. */
  states(outputs: Outputs, given: Given): Tensors;
  /** `dataBar`: the adjoint of V from the data term, [R, M]. */
  adjoints(states: Tensors, given: Given, dataBar: tf.Tensor2D): HeadAdjoints;
  close(): void;
}

/** A tensor that may be a scalar or [R, 1], in full size. */
export function full(tensor: tf.Tensor, shape: [number, number]): tf.Tensor2D {
  return tensor.shape.length === 2 && tensor.shape[1] === shape[1] ? tf.reshape(tensor, shape) : tf.add(tf.zeros(shape), tensor);
}

/** Sum over points in float64, by replica; [R, M] -> R numbers. A naive sum in float32 would cost half of the promised digits. */
export function sumOverPoints(tensor: tf.Tensor, replicas: number): Float64Array {
  const values = tensor.dataSync();
  const points = values.length / replicas;
  const sums = new Float64Array(replicas);
  if (tensor.shape.length < 2) return sums.fill(Number.NaN);
  for (let r = 0; r < replicas; r++) for (let j = 0; j < points; j++) sums[r]! += values[r * points + j]!;
  return sums;
}
