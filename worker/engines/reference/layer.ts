/**
 * One dense layer over many points, value and time derivative together, and its reverse pass. Shapes: M points, W [in, out], b [out];
 *   z = a W + b,  dz = da W;   with bars for adjoints  W_ = a^T z_ + da^T dz_,  b_ = sum z_,  a_ = z_ W^T,  da_ = dz_ W^T.
 * With random weight factorisation W = V diag(exp s): V_ = W_ diag(exp s), s_ = sum over inputs of V V_.
 */
import type { Layer } from '../layout.ts';

/** W as it acts, row by row: a view of theta, or with factorisation a new array. */
function actingWeights({ inputs, outputs, weights, biases, scales }: Layer, theta: Float64Array): Float64Array {
  const V = theta.subarray(weights, biases);
  if (scales < 0) return V;
  const factors = theta.slice(scales, scales + outputs).map(Math.exp);
  const W = new Float64Array(inputs * outputs);
  for (let i = 0; i < W.length; i++) W[i] = V[i]! * factors[i % outputs]!;
  return W;
}

/** a, da [M, in] -> z, dz [M, out], overwritten. */
export function affine(layer: Layer, theta: Float64Array, a: Float64Array, da: Float64Array, z: Float64Array, dz: Float64Array): void {
  const { inputs, outputs, biases } = layer;
  const W = actingWeights(layer, theta);
  const points = z.length / outputs;
  for (let p = 0; p < points; p++) {
    const row = p * outputs;
    for (let j = 0; j < outputs; j++) {
      z[row + j] = theta[biases + j]!;
      dz[row + j] = 0;
    }
    for (let i = 0; i < inputs; i++) {
      const value = a[p * inputs + i]!;
      const rate = da[p * inputs + i]!;
      const w = i * outputs;
      for (let j = 0; j < outputs; j++) {
        z[row + j]! += value * W[w + j]!;
        dz[row + j]! += rate * W[w + j]!;
      }
    }
  }
}

/** Add the layer's part of the gradient: z_, dz_ [M, out] with the inputs a, da [M, in]. */
export function accumulate(
  layer: Layer,
  theta: Float64Array,
  a: Float64Array,
  da: Float64Array,
  zBar: Float64Array,
  dzBar: Float64Array,
  gradient: Float64Array,
): void {
  const { inputs, outputs, weights, biases, scales } = layer;
  const wBar = scales < 0 ? gradient.subarray(weights, biases) : new Float64Array(inputs * outputs);
  const points = zBar.length / outputs;
  for (let p = 0; p < points; p++) {
    const row = p * outputs;
    for (let j = 0; j < outputs; j++) gradient[biases + j]! += zBar[row + j]!;
    for (let i = 0; i < inputs; i++) {
      const value = a[p * inputs + i]!;
      const rate = da[p * inputs + i]!;
      const w = i * outputs;
      for (let j = 0; j < outputs; j++) wBar[w + j]! += value * zBar[row + j]! + rate * dzBar[row + j]!;
    }
  }
  if (scales < 0) return;
  for (let i = 0; i < wBar.length; i++) {
    const j = i % outputs;
    const vBar = wBar[i]! * Math.exp(theta[scales + j]!);
    gradient[weights + i]! += vBar;
    gradient[scales + j]! += theta[weights + i]! * vBar;
  }
}

/** bar [rows, out] times W^T -> [rows, in] */
export function timesTransposed(layer: Layer, theta: Float64Array, rows: number, bar: Float64Array): Float64Array {
  const { inputs, outputs } = layer;
  const W = actingWeights(layer, theta);
  const result = new Float64Array(rows * inputs);
  for (let p = 0; p < rows; p++) {
    for (let i = 0; i < inputs; i++) {
      const w = i * outputs;
      let sum = 0;
      for (let j = 0; j < outputs; j++) sum += bar[p * outputs + j]! * W[w + j]!;
      result[p * inputs + i] = sum;
    }
  }
  return result;
}
