/**
 * What the passes of the network have in common: the block of sums that an invocation keeps in registers, loops over inputs that are
 * unrolled as the device likes it, and rows of weights copied into workgroup memory. Layout: tiling.ts.
 */
import type { Tiling } from './tiling.ts';

export const range = (count: number): number[] => Array.from({ length: count }, (_, k) => k);
export const COMPONENTS = ['x', 'y', 'z', 'w'] as const;

/** The sums of an invocation: output e of its block, pair p, which is pair g + p * pointGroups of the tile. */
export function sumsOf({ block }: Tiling): { e: number; pair: number; name: string }[] {
  return range(block.outputs).flatMap((e) => range(block.pairs).map((pair) => ({ e, pair, name: `s${e}_${pair}` })));
}

/** Lines for each pair of a block. */
export function eachPair({ block }: Tiling, line: (pair: number) => string): string {
  return range(block.pairs).map(line).join('\n');
}

/** The block's weights of one input, `w0` and `w1`, from row `row` of the staging area. */
export function loadWeights({ block }: Tiling, row: string): string {
  return range(block.outputs / 4)
    .map((q) => `let w${q} = stage[${row} * H4 + c + ${q}u * CG];`)
    .join('\n');
}

/** Where the kept activations of a layer begin in `scratch`. */
export function keptAt(t: Tiling, layer: string): string {
  return `atScratch + (${t.fused ? '' : 'tile * DEPTH + '}${layer}) * KEPT * H * PP`;
}

/** stage[..] = count vec4s from `from` on, of theta or of scratch. */
export function copyRows(from: string, count: string, buffer: 'theta' | 'scratch' = 'theta'): string {
  return /* wgsl */ `
  workgroupBarrier();
  for (var i = tid; i < ${count}; i += T) { stage[i] = ${buffer}[${from} + i]; }
  workgroupBarrier();`;
}

/** stage[j][i] = W[i][4 first + j] for 4 * blocks columns j of the weights at `from`, [H, 4 * columns4]. */
export function copyTransposed(from: string, columns4: number, first: string, blocks: number): string {
  return /* wgsl */ `
  workgroupBarrier();
  for (var n = tid; n < H4 * ${blocks}u; n += T) {
    let i = n % H4;
    let j = n / H4;
    let at = ${from} + 4u * i * ${columns4}u + ${first} + j;
    let r0 = theta[at];
    let r1 = theta[at + ${columns4}u];
    let r2 = theta[at + ${2 * columns4}u];
    let r3 = theta[at + ${3 * columns4}u];
    stage[(4u * j) * H4 + i] = vec4f(r0.x, r1.x, r2.x, r3.x);
    stage[(4u * j + 1u) * H4 + i] = vec4f(r0.y, r1.y, r2.y, r3.y);
    stage[(4u * j + 2u) * H4 + i] = vec4f(r0.z, r1.z, r2.z, r3.z);
    stage[(4u * j + 3u) * H4 + i] = vec4f(r0.w, r1.w, r2.w, r3.w);
  }
  workgroupBarrier();`;
}

/** Largest part of `count` that divides it, is a multiple of `step` and fits `most`. */
export function chunkOf(count: number, step: number, most: number): number {
  for (let part = count; part > step; part -= step) if (count % part === 0 && part <= most) return part;
  return step;
}

/** for k = 0 .. count - 1, some rounds at a time. */
export function loop({ block }: Tiling, variable: string, count: number, body: string): string {
  const unroll = count % block.unroll === 0 ? block.unroll : 1;
  const rounds = range(unroll).map((k) => `{ let ${variable} = ${variable}0 + ${k}u; ${body} }`);
  return `for (var ${variable}0 = 0u; ${variable}0 < ${count}u; ${variable}0 += ${unroll}u) { ${rounds.join('\n')} }`;
}

/** Sums start at the biases: value lanes only. */
export function sumsFromBiases(t: Tiling): string {
  return sumsOf(t)
    .map(({ e, name }) => `var ${name} = ${biasOf(e)};`)
    .join('\n');
}

/** Of output e, from `bias0` and `bias1`. */
export function biasOf(e: number): string {
  const bias = `bias${e < 4 ? 0 : 1}.${COMPONENTS[e % 4]!}`;
  return `vec4f(${bias}, 0.0f, ${bias}, 0.0f)`;
}

export function sumsFromZero(t: Tiling): string {
  return sumsOf(t)
    .map(({ name }) => `var ${name} = vec4f(0.0f);`)
    .join('\n');
}

/** sums += `<input><pair>` times the weights in w0, w1 */
export function addProducts(t: Tiling, input: string): string {
  return sumsOf(t)
    .map(({ e, pair, name }) => `${name} = fma(${input}${pair}, vec4f(w${Math.floor(e / 4)}.${COMPONENTS[e % 4]!}), ${name});`)
    .join('\n');
}

/** Units of an invocation's outputs, and its pairs. */
export const unitOf = (e: number): string => `(4u * (c + ${Math.floor(e / 4)}u * CG) + ${e % 4}u)`;
export const pairOf = (pair: number): string => `g + ${pair}u * G`;

/** `body` for each of the invocation's own elements, at `own` of a matrix in device memory and `near` of `act`; what stands before | for so many at a time as inner loops take (four on a GPU), so that loads overlap; rolled up, so that the kernel stays in the instruction cache. */
export function eachOwn({ block }: Tiling, body: string): string {
  const step = Math.min(block.unroll, block.outputs * block.pairs);
  return `for (var n0 = 0u; n0 < ${block.outputs * block.pairs}u; n0 += ${step}u) {
    ${range(step)
      .map(
        (k) => `let n_${k} = n0 + ${k}u;
    let e_${k} = n_${k} / ${block.pairs}u;
    let unit_${k} = 4u * (c + (e_${k} / 4u) * CG) + e_${k} % 4u;
    let pair_${k} = g + (n_${k} % ${block.pairs}u) * G;
    let own_${k} = unit_${k} * PP + pair_${k};
    let near_${k} = unit_${k} * ROW + pair_${k};`,
      )
      .join('\n')}
    ${range(step)
      .map((k) => body.split('|')[0]!.replaceAll('$', String(k)))
      .join('\n')}
    ${range(step)
      .map((k) => (body.split('|')[1] ?? '').replaceAll('$', String(k)))
      .join('\n')}
  }`;
}
