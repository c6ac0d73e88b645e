/**
 * WGSL around the first layer's basis (local-basis.ts): coefficients c = K W of every tile, which stand in `scratch` for a step, and W's gradient
 * from theirs, which take their place there tile by tile. [tiles][rank][even, odd][units]
 */
import { mostIndices, type Tiling } from './tiling.ts';

/** vec4s of scratch per workgroup. */
export function coefficientSize(t: Tiling): number {
  return (t.tiles * mostIndices(t) * 2 * t.width) / 4;
}

/** Of a replica's scalars, before all others: rank, and whether pairs are mirror images. */
export const BASIS_SCALARS = 2;

/** What a replica of the kernel declares: where its tables lie, and what they are. */
export const BASIS_PLACES = /* wgsl */ `
    let rank = u32(scalars[replica * SCALARS]);
    let mirrored = scalars[replica * SCALARS + 1u] != 0.0f;
    let atScalars = replica * SCALARS + ${BASIS_SCALARS}u;
    let atFunctions = replica * run.basis;
    let functionsOfTile = select(rank * PP, 0u, mirrored);
    let atFactors = atFunctions + rank * PP * select(TILES, 1u, mirrored);`;

export const BASIS_FUNCTIONS = /* wgsl */ `
/** (value, derivative) of the even part and of the odd part at t -> of their sum at -t and at t. */
fn unfolded(s: vec4f) -> vec4f { return vec4f(s.x - s.z, s.w - s.y, s.x + s.z, s.w + s.y); }

/** Its adjoint. */
fn folded(bar: vec4f) -> vec4f { return vec4f(bar.z + bar.x, bar.w - bar.y, bar.z - bar.x, bar.w + bar.y); }
`;

/** Before a step's tiles. */
export const COEFFICIENTS = /* wgsl */ `
{
  for (var n = tid; n < TILES * rank * H4; n += T) {
    let q = n % H4;
    let row = 2u * (n / H4);
    var even = vec4f(0.0f);
    var odd = vec4f(0.0f);
    for (var f = 0u; f < F / 2u; f++) {
      let k = basis[atFactors + row * (F / 2u) + f];
      let l = basis[atFactors + (row + 1u) * (F / 2u) + f];
      let from_ = atTheta + W_FIRST + 4u * f * H4 + q;
      let w0 = theta[from_];
      let w1 = theta[from_ + H4];
      let w2 = theta[from_ + 2u * H4];
      let w3 = theta[from_ + 3u * H4];
      even = fma(vec4f(k.x), w0, fma(vec4f(k.y), w1, fma(vec4f(k.z), w2, fma(vec4f(k.w), w3, even))));
      odd = fma(vec4f(l.x), w0, fma(vec4f(l.y), w1, fma(vec4f(l.z), w2, fma(vec4f(l.w), w3, odd))));
    }
    scratch[atCoefficients + row * H4 + q] = even;
    scratch[atCoefficients + (row + 1u) * H4 + q] = odd;
  }
  settle();
}
`;

/** After them: both weights of a frequency at a time. */
export const FIRST_GRADIENT = /* wgsl */ `
{
  settle();
  for (var n = tid; n < F * H4; n += T) {
    let q = n % H4;
    let f = n / H4;
    var sine = vec4f(0.0f);
    var cosine = vec4f(0.0f);
    for (var row = 0u; row < 2u * TILES * rank; row++) {
      let two = basis[atFactors + row * (F / 2u) + f / 2u];
      let k = select(two.xy, two.zw, f % 2u == 1u);
      let bar = scratch[atCoefficients + row * H4 + q];
      sine = fma(vec4f(k.x), bar, sine);
      cosine = fma(vec4f(k.y), bar, cosine);
    }
    let to = atState + W_FIRST + 2u * f * H4 + q;
    state[to] = sine;
    state[to + H4] = cosine;
  }
}
`;
