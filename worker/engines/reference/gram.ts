/**
 * The Gram matrix J J^T of functionals of the network's outputs with respect to the network's weights, without J.
 *
 * A functional at point p has, in a layer with input a (and da/dt) and adjoints z_ (and dz_), the weight gradient a z_^T + da dz_^T.
 * The inner product of two such outer products factors:
 *   (a.a') (z_.z_') + (a.da') (z_.dz_') + (da.a') (dz_.z_') + (da.da') (dz_.dz_'),   plus z_.z_' for the biases.
 * So a layer of in x out weights costs rows^2 (in + out) instead of rows^2 in out products: 5 to 15 times fewer at the sizes used here
 * (the factorisation is the one known from the neural tangent kernel, e.g. Novak et al. 2022, arXiv 2206.08720).
 *
 * With random weight factorisation the gradient of V is that of W times exp(s[j]): z_ and dz_ of the weights are scaled so, those of the
 * biases are not. s and the scale of the features are held (layout.ts).
 */
import { timesTranspose } from './dense.ts';
import type { Functionals } from './head.ts';
import type { LayerTape, Network } from './network.ts';

/** Inner products over pairs of points: a.a', a.da', da.da', [M, M] each. */
export interface PointPairs {
  readonly aa: Float64Array;
  readonly ad: Float64Array;
  readonly dd: Float64Array;
}

/** Those of a layer's input. The features' are the same for every theta, unless their scale is trained. */
export function pointPairs({ layer, a, da }: LayerTape, points: number): PointPairs {
  const product = (x: Float64Array, y: Float64Array): Float64Array => {
    const pairs = new Float64Array(points * points);
    timesTranspose(x, y, points, points, layer.inputs, pairs, false);
    return pairs;
  };
  return { aa: product(a, a), ad: product(a, da), dd: product(da, da) };
}

/** Returns the full symmetric matrix [q, q], q being the number of functionals. The network's tapes must hold the state in question. */
export function networkGram(network: Network, theta: Float64Array, functionals: Functionals, featurePairs: PointPairs): Float64Array {
  const { point, firstTangent } = functionals;
  const q = point.length;
  const tangents = q - firstTangent;
  const gram = new Float64Array(q * q);
  const work: RowPairs = { zz: new Float64Array(q * q), zd: new Float64Array(q * tangents), dd: new Float64Array(tangents * tangents) };
  const { a: features } = network.tapes[0]!;
  network.pull(theta, point, functionals.bar.slice(), functionals.dBar.slice(), (tape, zBar, dzBar) => {
    const { outputs, scales } = tape.layer;
    const pairs = tape.a === features ? featurePairs : pointPairs(tape, network.points);
    const factors = scales < 0 ? null : theta.slice(scales, scales + outputs).map(Math.exp);
    if (factors !== null) addBiases(outputs, q, zBar, work.zz, gram);
    const ones = factors === null ? 1 : 0;
    addWeights(outputs, network.points, functionals, scaled(zBar, factors), scaled(dzBar, factors), pairs, ones, work, gram);
  });
  for (let r = 0; r < q; r++) for (let s = 0; s < r; s++) gram[s * q + r] = gram[r * q + s]!;
  return gram;
}

/** [rows, out] with each column times its factor; without factors the argument itself. */
function scaled(bar: Float64Array, factors: Float64Array | null): Float64Array {
  return factors === null ? bar : bar.map((value, i) => value * factors[i % factors.length]!);
}

/** Inner products over pairs of rows: z_.z_' [q, q], z_.dz_' [q, t] and dz_.dz_' [t, t], the t rows with a tangent being the last. */
interface RowPairs {
  readonly zz: Float64Array;
  readonly zd: Float64Array;
  readonly dd: Float64Array;
}

/** Adds z_.z_' to the lower triangle. */
function addBiases(width: number, q: number, bar: Float64Array, zz: Float64Array, gram: Float64Array): void {
  timesTranspose(bar, bar, q, q, width, zz, true);
  for (let r = 0; r < q; r++) for (let s = 0; s <= r; s++) gram[r * q + s]! += zz[r * q + s]!;
}

/** Adds to the lower triangle; with `ones` 1 the biases too, whose input is 1. */
function addWeights(
  width: number,
  points: number,
  { point, firstTangent }: Functionals,
  bar: Float64Array,
  dBar: Float64Array,
  { aa, ad, dd }: PointPairs,
  ones: 0 | 1,
  rows: RowPairs,
  gram: Float64Array,
): void {
  const q = point.length;
  const t = q - firstTangent;
  const tangents = dBar.subarray(firstTangent * width);
  timesTranspose(bar, bar, q, q, width, rows.zz, true);
  timesTranspose(bar, tangents, q, t, width, rows.zd, false);
  timesTranspose(tangents, tangents, t, t, width, rows.dd, true);
  for (let r = 0; r < q; r++) {
    const i = point[r]! * points;
    const p = point[r]!;
    const rt = r - firstTangent;
    for (let s = 0; s <= r; s++) {
      const j = point[s]!;
      let value = (aa[i + j]! + ones) * rows.zz[r * q + s]!;
      if (rt >= 0) value += ad[j * points + p]! * rows.zd[s * t + rt]!;
      const st = s - firstTangent;
      if (st >= 0) value += ad[i + j]! * rows.zd[r * t + st]! + dd[i + j]! * rows.dd[rt * t + st]!;
      gram[r * q + s]! += value;
    }
  }
}
