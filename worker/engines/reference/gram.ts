/**
 * The Gram matrix J J^T of functionals of the network's outputs with respect to the network's weights, without J.
 *
 * A functional at point p has, in a layer with input a (and da/dt) and adjoints z_ (and dz_), the weight gradient a z_^T + da dz_^T.
 * The inner product of two such outer products factors:
 *   (a.a') (z_.z_') + (a.da') (z_.dz_') + (da.a') (dz_.z_') + (da.da') (dz_.dz_'),   plus z_.z_' for the biases.
 * So a layer of in x out weights costs rows^2 (in + out) instead of rows^2 in out products: 5 to 15 times fewer at the sizes used here
 * (the factorisation is the one known from the neural tangent kernel, e.g. Novak et al. 2022, arXiv 2206.08720).
 */
import { timesTranspose } from './dense.ts';
import type { Functionals } from './head.ts';
import { throughActivation, timesTransposed, type LayerTape, type Network } from './network.ts';

/** Inner products over pairs of points: a.a', a.da', da.da', [M, M] each. */
export interface PointPairs {
  readonly aa: Float64Array;
  readonly ad: Float64Array;
  readonly dd: Float64Array;
}

/** Those of a layer's input. The first layer's are the same for every theta: its input is the features. */
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
  const q = functionals.point.length;
  const tangents = q - functionals.firstTangent;
  const gram = new Float64Array(q * q);
  const work: RowPairs = { zz: new Float64Array(q * q), zd: new Float64Array(q * tangents), dd: new Float64Array(tangents * tangents) };
  let { bar, dBar } = functionals;
  for (let l = network.tapes.length - 1; l >= 0; l--) {
    const tape = network.tapes[l]!;
    const pairs = l === 0 ? featurePairs : pointPairs(tape, network.points);
    addLayer(tape.layer.outputs, network.points, functionals, bar, dBar, pairs, work, gram);
    if (l > 0) {
      bar = timesTransposed(tape.layer, theta, q, bar);
      dBar = timesTransposed(tape.layer, theta, q, dBar);
      throughActivation(network.tapes[l - 1]!, functionals.point, bar, dBar);
    }
  }
  for (let r = 0; r < q; r++) for (let s = 0; s < r; s++) gram[s * q + r] = gram[r * q + s]!;
  return gram;
}

/** Inner products over pairs of rows: z_.z_' [q, q], z_.dz_' [q, t] and dz_.dz_' [t, t], the t rows with a tangent being the last. */
interface RowPairs {
  readonly zz: Float64Array;
  readonly zd: Float64Array;
  readonly dd: Float64Array;
}

/** Adds to the lower triangle. */
function addLayer(
  width: number,
  points: number,
  { point, firstTangent }: Functionals,
  bar: Float64Array,
  dBar: Float64Array,
  { aa, ad, dd }: PointPairs,
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
      let value = (aa[i + j]! + 1) * rows.zz[r * q + s]!;
      if (rt >= 0) value += ad[j * points + p]! * rows.zd[s * t + rt]!;
      const st = s - firstTangent;
      if (st >= 0) value += ad[i + j]! * rows.zd[r * t + st]! + dd[i + j]! * rows.dd[rt * t + st]!;
      gram[r * q + s]! += value;
    }
  }
}
