/** WGSL of the gradient of one layer's weights and biases over one tile. */
import { keptAt, range } from './wgsl-block.ts';
import { spread } from './wgsl-across.ts';
import type { DeviceLayer, Tiling } from './tiling.ts';

type Kind = 'features' | 'hidden' | 'output';

/** A layer's weights cut into blocks of `inputs` x 4 `quads` outputs; `lanes` neighbouring invocations share a block, each a slice of the pairs. */
interface Blocks {
  readonly layer: DeviceLayer;
  readonly inputs: number;
  readonly quads: number;
  /** Of a row of blocks. */
  readonly across: number;
  readonly count: number;
  readonly lanes: number;
  readonly rounds: number;
}

/** Rows as the tiling says, fewer where there would be too few blocks to keep all invocations at work. */
function blocksOf(t: Tiling, kind: Kind): Blocks {
  const layer = { features: t.layers[0]!, hidden: t.layers[1]!, output: t.layers.at(-1)! }[kind];
  const columns = kind === 'output' ? layer.columns : t.block.outputs;
  const across = layer.columns / columns;
  // by way of workgroup memory any number can share a sum
  const most = Math.min(t.pairs, t.subgroup > 1 ? t.subgroup : t.threads);
  let inputs = kind === 'output' ? 2 : t.block.rows;
  while (inputs > 2 && (layer.rows / inputs) * across * most < t.threads) inputs /= 2;
  const count = (layer.rows / inputs) * across;
  const lanes = 2 ** Math.floor(Math.log2(Math.max(1, Math.min(t.threads / count, most))));
  return { layer, inputs, quads: columns / 4, across, count, lanes, rounds: Math.ceil(count / t.threads) };
}

/**
 * state[gradient] (+)= sum over the tile's points of a z_ + da dz_. What the tiles before have left is loaded first and added last, so that
 * nobody waits for it.
 */
export function weightGradient(t: Tiling, kind: Kind): string {
  const blocks = blocksOf(t, kind);
  const { layer, inputs, quads, across, count, lanes, rounds } = blocks;
  const columnAt = (j: number): string => `(4u * (jb + ${Math.floor(j / 4) * across}u) + ${j % 4}u)`;
  const present = range(4 * quads).filter((j) => kind !== 'output' || j < t.outputs);
  const weights = range(inputs * quads).map((k) => `s${k}`);
  const biases = range(quads).map((q) => `b${q}`);
  const z = (j: number): string =>
    kind === 'output' ? `scratch[atOutputs + ${columnAt(j)} * ALL + tile * PP + p]` : `act[${columnAt(j)} * ROW + p]`;
  const loads = kind === 'features' ? inputs / 2 : inputs;
  const load = (n: number): string =>
    kind === 'features'
      ? `features[atFeatures + (ib * ${loads}u + ${n}u) * ALL + tile * PP + p]`
      : `scratch[from_ + (ib * ${inputs}u + ${n}u) * PP + p]`;
  const sums = spread(weights, lanes);
  const sumsOfBiases = spread(biases, lanes);
  const weightAt = (k: string): string =>
    `to + (ib * ${inputs}u + ${k} / ${quads}u) * ${layer.columns / 4}u + jb + (${k} % ${quads}u) * ${across}u`;
  const biasAt = (k: string): string => `biases + jb + ${k} * ${across}u`;
  return /* wgsl */ `
{
  let to = atState + ${kind === 'features' ? 'W_FIRST' : kind === 'hidden' ? 'W_HIDDEN + (layer - 1u) * HIDDEN_SIZE' : 'W_LAST'};
  let biases = to + ${(layer.rows * layer.columns) / 4}u;
  ${kind === 'features' ? '' : `let from_ = ${keptAt(t, kind === 'output' ? '(DEPTH - 1u)' : '(layer - 1u)')};`}
  for (var round = 0u; round < ${rounds}u; round++) {
    let block = round * T + tid / ${lanes}u;
    let mine = block < ${count}u;
    let ib = block / ${across}u;
    let jb = block % ${across}u;
    ${sums.kept.map((_, e) => `let at${e} = ${weightAt(`(${sums.first} + ${e}u)`)}; var old${e} = vec4f(0.0f);`).join('\n')}
    ${[...weights, ...biases].map((name) => `var ${name} = vec4f(0.0f);`).join(' ')}
    if (mine) {
      if (!first) { ${sums.kept.map((_, e) => `old${e} = state[at${e}];`).join(' ')} }
      ${
        kind === 'features'
          ? range(loads)
              .map((f) => `let omega${f} = scalars[atOmega + ib * ${loads}u + ${f}u];`)
              .join('\n')
          : ''
      }
      for (var p = tid % ${lanes}u; p < PP; p += ${lanes}u) {
        ${range(loads)
          .map((n) => `let v${n} = ${load(n)};`)
          .join('\n')}
        ${present.map((j) => `let z${j} = ${z(j)};`).join('\n')}
        ${range(inputs)
          .map((i) => `let y${i} = ${kind === 'features' ? featureAt(i) : `v${i}`};`)
          .join('\n')}
        ${products(blocks, present)}
        if (ib == 0u) { ${present.map((j) => `b${Math.floor(j / 4)}.${'xyzw'[j % 4]!} += z${j}.x + z${j}.z;`).join(' ')} }
      }
    }
    ${sums.code}
    ${sumsOfBiases.code}
    if (mine && ${sums.owner}) { ${sums.kept.map((name, e) => `state[at${e}] = old${e} + ${name};`).join(' ')} }
    if (mine && ib == 0u && ${sumsOfBiases.owner}) {
      ${sumsOfBiases.kept.map((name, e) => `add_gradient(${biasAt(`(${sumsOfBiases.first} + ${e}u)`)}, ${name}, first);`).join(' ')}
    }
  }
}
`;
}

/** Value and tangent of input `i` of a block of features: sine and cosine of its frequency i / 2. */
function featureAt(i: number): string {
  const [v, omega] = [`v${Math.floor(i / 2)}`, `omega${Math.floor(i / 2)}`];
  return i % 2 === 0
    ? `vec4f(${v}.x, ${omega} * ${v}.y, ${v}.z, ${omega} * ${v}.w)`
    : `vec4f(${v}.y, -${omega} * ${v}.x, ${v}.w, -${omega} * ${v}.z)`;
}

/** One number of each pair after the other, so that products which follow each other add to different sums. */
function products({ inputs, quads }: Blocks, present: readonly number[]): string {
  return range(4)
    .map((e) => 'xyzw'[e]!)
    .flatMap((e) =>
      range(inputs).flatMap((i) =>
        present.map((j) => {
          const sum = `s${i * quads + Math.floor(j / 4)}.${'xyzw'[j % 4]!}`;
          return `${sum} = fma(y${i}.${e}, z${j}.${e}, ${sum});`;
        }),
      ),
    )
    .join('\n');
}
