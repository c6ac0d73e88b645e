/** WGSL of the gradient of one layer's weights and biases over one tile. */
import { keptAt, range } from './wgsl-block.ts';
import type { Tiling } from './tiling.ts';

/**
 * state[gradient] (+)= sum over the tile's points of a z_ + da dz_ for blocks of BI inputs x BJ outputs per invocation. Where there are
 * fewer blocks than invocations, S of them share a block, each a slice of the pairs, and add up by way of `stage`.
 */
export function weightGradient(t: Tiling, kind: 'features' | 'hidden' | 'output'): string {
  const layer = { features: t.layers[0]!, hidden: t.layers[1]!, output: t.layers.at(-1)! }[kind];
  const bi = kind === 'output' ? 2 : t.block.rows;
  const bj = kind === 'output' ? layer.columns : t.block.outputs;
  const blocksJ = layer.columns / bj;
  const blocks = (layer.rows / bi) * blocksJ;
  const slices = Math.max(1, Math.min(Math.floor(t.threads / blocks), t.pairs));
  const rounds = Math.ceil(blocks / t.threads);
  const quads = bj / 4;
  const sum = (i: number, q: number): string => `s${i}_${q}`;
  const columnAt = (j: number): string => `(4u * (jb + ${Math.floor(j / 4) * blocksJ}u) + ${j % 4}u)`;
  const z = (j: number, p: string): string =>
    kind === 'output' ? `scratch[atOutputs + ${columnAt(j)} * ALL + tile * PP + ${p}]` : `act[${columnAt(j)} * ROW + ${p}]`;
  const present = (j: number): boolean => kind !== 'output' || j < t.outputs;
  const perQuad = (text: (j: number) => string): string[] =>
    range(quads).map(
      (q) =>
        `vec4f(${range(4)
          .map((e) => (present(4 * q + e) ? text(4 * q + e) : '0.0f'))
          .join(', ')})`,
    );
  // loads from device memory come first, for two pairs at a time where that divides: they take the longest
  const ahead = t.pairs % (2 * slices) === 0 && t.block.unroll > 1 ? 2 : 1;
  const loads = (k: number, p: string): string =>
    kind === 'features'
      ? range(bi / 2)
          .map((f) => `let v${f}_${k} = features[atFeatures + (ib * ${bi / 2}u + ${f}u) * ALL + tile * PP + ${p}];`)
          .join('\n')
      : range(bi)
          .map((i) => `let y${i}_${k} = scratch[from_ + (ib * ${bi}u + ${i}u) * PP + ${p}];`)
          .join('\n');
  const inputs = (k: number): string =>
    kind !== 'features'
      ? ''
      : range(bi / 2)
          .map(
            (f) => `let y${2 * f}_${k} = vec4f(v${f}_${k}.x, omega${f} * v${f}_${k}.y, v${f}_${k}.z, omega${f} * v${f}_${k}.w);
        let y${2 * f + 1}_${k} = vec4f(v${f}_${k}.y, -omega${f} * v${f}_${k}.x, v${f}_${k}.w, -omega${f} * v${f}_${k}.z);`,
          )
          .join('\n');
  const products = (k: number): string =>
    range(bi)
      .flatMap((i) => perQuad((j) => `dot(y${i}_${k}, z${j})`).map((quad, q) => `${sum(i, q)} += ${quad};`))
      .join('\n');
  const pair = (k: number, p: string): string => `{
      ${range(bj)
        .filter(present)
        .map((j) => `let z${j} = ${z(j, p)};`)
        .join('\n')}
      ${inputs(k)}
      ${products(k)}
      if (ib == 0u) { ${perQuad((j) => `z${j}.x + z${j}.z`)
        .map((quad, q) => `b_${q} += ${quad};`)
        .join(' ')} }
    }`;
  const items = [
    ...range(bi).flatMap((i) =>
      range(quads).map((q) => ({
        name: sum(i, q),
        at: `to + (ib * ${bi}u + ${i}u) * ${layer.columns / 4}u + jb + ${q * blocksJ}u`,
        bias: false,
      })),
    ),
    ...range(quads).map((q) => ({ name: `b_${q}`, at: `biases + jb + ${q * blocksJ}u`, bias: true })),
  ];
  const perRound = Math.max(1, Math.floor(t.staging / 4 / t.threads));
  const reductions: string[] = [];
  if (slices === 1)
    reductions.push(
      `if (mine) { ${items.map(({ name, at, bias }) => `${bias ? 'if (ib == 0u) ' : ''}{ add_gradient(${at}, ${name}, first); }`).join('\n')} }`,
    );
  else
    for (let from = 0; from < items.length; from += perRound) {
      const batch = items.slice(from, from + perRound);
      reductions.push(/* wgsl */ `
  workgroupBarrier();
  if (mine) { ${batch.map(({ name }, q) => `stage[${q * t.threads}u + tid] = ${name};`).join(' ')} }
  workgroupBarrier();
  for (var n = tid; n < ${batch.length * blocks}u; n += T) {
    let q = n / ${blocks}u;
    let nb = n % ${blocks}u;
    let ib = nb / ${blocksJ}u;
    let jb = nb % ${blocksJ}u;
    var sum = stage[q * T + nb * ${slices}u];
    for (var s = 1u; s < ${slices}u; s++) { sum += stage[q * T + nb * ${slices}u + s]; }
    ${batch.map(({ at, bias }, q) => `if (q == ${q}u${bias ? ' && ib == 0u' : ''}) { add_gradient(${at}, sum, first); }`).join(' else ')}
  }`);
    }
  return /* wgsl */ `
{
  let to = atState + ${kind === 'features' ? 'W_FIRST' : kind === 'hidden' ? 'W_HIDDEN + (layer - 1u) * HIDDEN_SIZE' : 'W_LAST'};
  let biases = to + ${(layer.rows * layer.columns) / 4}u;
  ${kind === 'features' ? '' : `let from_ = ${keptAt(t, kind === 'output' ? '(DEPTH - 1u)' : '(layer - 1u)')};`}
  for (var round = 0u; round < ${rounds}u; round++) {
  let block = round * T + tid / ${slices}u;
  let mine = block < ${blocks}u && tid / ${slices}u < ${Math.min(blocks, t.threads)}u;
  let ib = block / ${blocksJ}u;
  let jb = block % ${blocksJ}u;
  ${range(bi)
    .flatMap((i) => range(quads).map((q) => `var ${sum(i, q)} = vec4f(0.0f);`))
    .join(' ')}
  ${range(quads)
    .map((q) => `var b_${q} = vec4f(0.0f);`)
    .join(' ')}
  if (mine) {
    ${
      kind === 'features'
        ? range(bi / 2)
            .map((f) => `let omega${f} = scalars[atOmega + ib * ${bi / 2}u + ${f}u];`)
            .join('\n')
        : ''
    }
    for (var p = tid % ${slices}u; p < PP; p += ${ahead * slices}u) {
      ${range(ahead)
        .map((k) => loads(k, `(p + ${k * slices}u)`))
        .join('\n')}
      ${range(ahead)
        .map((k) => pair(k, `(p + ${k * slices}u)`))
        .join('\n')}
    }
  }
  ${reductions.join('\n')}
  }
}
`;
}
