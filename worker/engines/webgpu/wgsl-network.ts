/**
 * WGSL of the network over one tile of points: forward with time derivative, and the reverse pass through both. The arithmetic is that of
 * reference/network.ts; the layout is that of tiling.ts.
 *
 * Workgroup memory: `act` [unit][pair], the activations (forward) or adjoints (reverse) of the layer at hand, and `stage`, a few rows of
 * weights. Device memory: what the reverse pass needs of the forward pass, `scratch`, and sums of gradients over tiles, `state`.
 * With value a = act(z) and da = act'(z) dz, adjoints come back as z_ = act' a_ + act'' dz da_, dz_ = act' da_; for tanh
 * act' = 1 - a^2 and act'' dz = -2 a da, so that its arguments need not be kept.
 */
import { activation } from './wgsl-activation.ts';
import { backward } from './wgsl-backward.ts';
import { forwardFirst, forwardHidden, forwardOutput } from './wgsl-forward.ts';
import { weightGradient } from './wgsl-weight-gradient.ts';
import type { Tiling } from './tiling.ts';

/** Declarations, and the blocks that the kernel puts into its one function: a block reads `tile`, and the hidden ones `layer`. */
export interface NetworkCode {
  readonly declarations: string;
  readonly forwardFirst: string;
  readonly forwardHidden: string;
  readonly forwardOutput: string;
  readonly backwardOutput: string;
  readonly backwardHidden: string;
  readonly gradientBasis: string;
  readonly gradientHidden: string;
  readonly gradientOutput: string;
}

export function writeNetwork(tiling: Tiling): NetworkCode {
  // with one hidden layer there is none between two
  const deep = tiling.shape.depth > 1;
  return {
    declarations: constants(tiling) + activation(tiling.shape.activation),
    forwardFirst: forwardFirst(tiling),
    forwardHidden: deep ? forwardHidden(tiling) : '',
    forwardOutput: forwardOutput(tiling),
    backwardOutput: backward(tiling, 'output'),
    backwardHidden: deep ? backward(tiling, 'hidden') : '',
    gradientBasis: weightGradient(tiling, 'basis'),
    gradientHidden: deep ? weightGradient(tiling, 'hidden') : '',
    gradientOutput: weightGradient(tiling, 'output'),
  };
}

function constants(t: Tiling): string {
  const first = t.layers[0]!;
  const second = t.layers[1]!;
  const last = t.layers.at(-1)!;
  const hiddenSize = (first.columns * (first.columns + 1)) / 4;
  return /* wgsl */ `
const T = ${t.threads}u;
const G = ${t.pointGroups}u;
const CG = ${t.columnGroups}u;
const PP = ${t.pairs}u;
/** Of the units in workgroup memory: odd, so that units side by side lie in different banks. */
const ROW = ${t.pairs | 1}u;
const ALL = ${t.allPairs}u;
const TILES = ${t.tiles}u;
const H = ${t.width}u;
const H4 = ${t.width / 4}u;
const DEPTH = ${t.shape.depth}u;
const OUT = ${t.outputs}u;
const O4 = ${last.columns / 4}u;
const F = ${t.frequencies}u;
const W_FIRST = ${first.weights}u;
const B_FIRST = ${first.biases}u;
const W_HIDDEN = ${second.weights}u;
const HIDDEN_SIZE = ${hiddenSize}u;
const W_LAST = ${last.weights}u;
const B_LAST = ${last.biases}u;
const STAGE = ${t.staging / 4}u;
const KEPT = ${t.keepsArguments ? 2 : 1}u;

/** Pair g of a tile whose values by points, in the order of time, begin at \`from\` (tiling.ts). */
fn pair_at(from_: u32, g: u32) -> vec4f {
  let early = scratch[from_ + g / 2u];
  let late = scratch[from_ + PP - 1u - g / 2u];
  return select(vec4f(early.xy, late.zw), vec4f(early.zw, late.xy), g % 2u == 1u);
}

/** Neighbouring invocations write halves of the same vec4s. */
fn put_pair(from_: u32, g: u32, pair: vec4f) {
  let early = from_ + g / 2u;
  let late = from_ + PP - 1u - g / 2u;
  let half = 2u * (g % 2u);
  scratch[early][half] = pair.x;
  scratch[early][half + 1u] = pair.y;
  scratch[late][2u - half] = pair.z;
  scratch[late][3u - half] = pair.w;
}

var<workgroup> act: array<vec4f, ${t.width * (t.pairs | 1)}>;
var<workgroup> stage: array<vec4f, ${t.staging / 4}>;

`;
}
