/**
 * The Gram matrix J J^T of functionals of the network's outputs with respect to the network's weights, without J.
 *
 * A functional at point p has, in a layer with input a (and da/dt) and adjoints z_ (and dz_), the weight gradient a z_^T + da dz_^T.
 * The inner product of two such outer products factors:
 *   (a.a') (z_.z_') + (a.da') (z_.dz_') + (da.a') (dz_.z_') + (da.da') (dz_.dz_'),   plus z_.z_' for the biases.
 * So a layer of in x out weights costs rows^2 (in + out) instead of rows^2 in out products: 5 to 15 times fewer at the sizes used here
 * (the factorisation is the one known from the neural tangent kernel, e.g. Novak et al. 2022, arXiv 2206.08720).
 */
import type { Seeds } from './head.ts';
import type { LayerTape, Network } from './network.ts';
import { timesTransposed } from './network.ts';
import { timesTranspose } from './dense.ts';

/** Returns the full symmetric matrix [q, q], q being the number of seeds. The network's tapes must hold the state in question. */
export function networkGram(network: Network, theta: Float64Array, seeds: Seeds): Float64Array {
  const q = seeds.point.length;
  const gram = new Float64Array(q * q);
  const work = createWork(network.points, q);
  let { bar, dBar } = seeds;
  for (let l = network.tapes.length - 1; l >= 0; l--) {
    const tape = network.tapes[l]!;
    addLayer(tape, network.points, seeds.point, bar, dBar, work, gram);
    if (l > 0)
      [bar, dBar] = throughActivation(
        network.tapes[l - 1]!,
        seeds.point,
        timesTransposed(tape.layer, theta, q, bar),
        timesTransposed(tape.layer, theta, q, dBar),
      );
  }
  for (let r = 0; r < q; r++) for (let s = 0; s < r; s++) gram[s * q + r] = gram[r * q + s]!;
  return gram;
}

interface Work {
  /** a.a', a.da', da.da' over pairs of points */
  readonly aa: Float64Array;
  readonly ad: Float64Array;
  readonly dd: Float64Array;
  /** z_.z_', z_.dz_', dz_.dz_' over pairs of rows */
  readonly zz: Float64Array;
  readonly zd: Float64Array;
  readonly ee: Float64Array;
}

function createWork(points: number, q: number): Work {
  const pairs = (n: number): Float64Array => new Float64Array(n * n);
  return { aa: pairs(points), ad: pairs(points), dd: pairs(points), zz: pairs(q), zd: pairs(q), ee: pairs(q) };
}

/** Adds to the lower triangle. */
function addLayer(
  { layer, a, da }: LayerTape,
  points: number,
  point: Int32Array,
  bar: Float64Array,
  dBar: Float64Array,
  work: Work,
  gram: Float64Array,
): void {
  const { aa, ad, dd, zz, zd, ee } = work;
  const q = point.length;
  timesTranspose(a, a, points, points, layer.inputs, aa, false);
  timesTranspose(a, da, points, points, layer.inputs, ad, false);
  timesTranspose(da, da, points, points, layer.inputs, dd, false);
  timesTranspose(bar, bar, q, q, layer.outputs, zz, true);
  timesTranspose(bar, dBar, q, q, layer.outputs, zd, false);
  timesTranspose(dBar, dBar, q, q, layer.outputs, ee, true);
  for (let r = 0; r < q; r++) {
    const i = point[r]! * points;
    for (let s = 0; s <= r; s++) {
      const j = point[s]!;
      gram[r * q + s]! +=
        (aa[i + j]! + 1) * zz[r * q + s]! +
        ad[i + j]! * zd[r * q + s]! +
        ad[j * points + point[r]!]! * zd[s * q + r]! +
        dd[i + j]! * ee[r * q + s]!;
    }
  }
}

function throughActivation(below: LayerTape, point: Int32Array, aBar: Float64Array, daBar: Float64Array): [Float64Array, Float64Array] {
  const width = below.layer.outputs;
  for (let r = 0; r < point.length; r++) {
    const at = point[r]! * width;
    for (let k = 0; k < width; k++) {
      const slope = below.slope[at + k]!;
      const row = r * width + k;
      aBar[row] = slope * aBar[row]! + below.curvature[at + k]! * below.dz[at + k]! * daBar[row]!;
      daBar[row] = slope * daBar[row]!;
    }
  }
  return [aBar, daBar];
}
