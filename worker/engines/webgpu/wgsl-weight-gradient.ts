/** WGSL of the gradient of one layer's weights and biases over one tile. */
import { eachOwn, keptAt, range } from './wgsl-block.ts';
import { spread } from './wgsl-across.ts';
import { indicesAtOnce, mostIndices, type DeviceLayer, type Tiling } from './tiling.ts';

type Kind = 'basis' | 'hidden' | 'output';

/**
 * A layer's weights (of the first one: the coefficients of its basis) cut into blocks of `inputs` x 4 `quads` outputs; `lanes` neighbouring
 * invocations share a block, each a slice of the pairs.
 */
interface Blocks {
  readonly layer: DeviceLayer;
  readonly inputs: number;
  readonly quads: number;
  /** Of a row of blocks. */
  readonly across: number;
  /** WGSL, as the rank of a basis is the replica's own. */
  readonly count: string;
  readonly lanes: number;
}

/** Indices of a basis that lanes are shared out for: 14 for W1, 10 for W2 (README). With any other number the sums are the same. */
const USUAL_RANK = 16;

/** Rows as the tiling says, fewer where there would be too few blocks to keep all invocations at work. */
function blocksOf(t: Tiling, kind: Kind): Blocks {
  const layer = { basis: t.layers[0]!, hidden: t.layers[1]!, output: t.layers.at(-1)! }[kind];
  const columns = kind === 'output' ? layer.columns : t.block.outputs;
  const across = layer.columns / columns;
  // by way of workgroup memory any number can share a sum
  const most = Math.min(t.pairs, t.subgroup > 1 ? t.subgroup : t.threads);
  const rows = kind === 'basis' ? 2 * Math.min(USUAL_RANK, mostIndices(t)) : layer.rows;
  let inputs = kind === 'output' ? 2 : t.block.rows;
  while (kind !== 'basis' && inputs > 2 && (rows / inputs) * across * most < t.threads) inputs /= 2;
  const usual = (rows / inputs) * across;
  const lanes = 2 ** Math.floor(Math.log2(Math.max(1, Math.min(t.threads / usual, most))));
  const count = kind === 'basis' ? `(rank / ${indicesAtOnce(t.block)}u) * ${across}u` : `${usual}u`;
  return { layer, inputs, quads: columns / 4, across, count, lanes };
}

/**
 * state[gradient] (+)= sum over the tile's points of a z_ + da dz_. What the tiles before have left is loaded first and added last, so that
 * nobody waits for it. Of the basis: each tile has coefficients of its own, whose adjoints take their place.
 */
export function weightGradient(t: Tiling, kind: Kind): string {
  const blocks = blocksOf(t, kind);
  const { layer, inputs, quads, across, count, lanes } = blocks;
  const basis = kind === 'basis';
  const columnAt = (j: number): string => `(4u * (jb + ${Math.floor(j / 4) * across}u) + ${j % 4}u)`;
  const present = range(4 * quads).filter((j) => kind !== 'output' || j < t.outputs);
  const weights = range(inputs * quads).map((k) => `s${k}`);
  const biases = range(quads).map((q) => `b${q}`);
  const z = (j: number): string =>
    kind === 'output' ? `pair_at(atOutputs + ${columnAt(j)} * ALL + tile * PP, p)` : `act[${columnAt(j)} * ROW + p]`;
  const loads = basis ? inputs / 2 : inputs;
  const load = (n: number): string =>
    basis ? `basis[from_ + (ib * ${loads}u + ${n}u) * PP + p]` : `scratch[from_ + (ib * ${inputs}u + ${n}u) * PP + p]`;
  const sums = spread(weights, lanes);
  const sumsOfBiases = spread(biases, lanes);
  const weightAt = (k: string): string =>
    `to + (ib * ${inputs}u + ${k} / ${quads}u) * ${layer.columns / 4}u + jb + (${k} % ${quads}u) * ${across}u`;
  const biasAt = (k: string): string => `biases + jb + ${k} * ${across}u`;
  const { from, to, layerAt } = placesOfGradient(t, kind);
  return /* wgsl */ `
{
  let to = ${to};
  let biases = ${layerAt} + ${(layer.rows * layer.columns) / 4}u;
  let from_ = ${from};
  let count = ${count};
  ${basis ? foldOwn(t) : ''}
  for (var begun = 0u; begun < count; begun += ${t.threads / lanes}u) {
    let block = begun + tid / ${lanes}u;
    let mine = block < count;
    let ib = block / ${across}u;
    let jb = block % ${across}u;
    ${sums.kept.map((_, e) => `let at${e} = ${weightAt(`(${sums.first} + ${e}u)`)}; var old${e} = vec4f(0.0f);`).join('\n')}
    ${[...weights, ...biases].map((name) => `var ${name} = vec4f(0.0f);`).join(' ')}
    if (mine) {
      ${basis ? '' : `if (!first) { ${sums.kept.map((_, e) => `old${e} = state[at${e}];`).join(' ')} }`}
      for (var p = tid % ${lanes}u; p < PP; p += ${lanes}u) {
        ${range(loads)
          .map((n) => `let y${n} = ${load(n)};`)
          .join('\n')}
        ${present.map((j) => `let z${j} = ${z(j)};`).join('\n')}
        ${basis ? productsOfBasis(blocks) : products(blocks, present)}
        if (ib == 0u) { ${present.map((j) => `b${Math.floor(j / 4)}.${'xyzw'[j % 4]!} += ${basis ? `select(z${j}.x + z${j}.z, z${j}.x, mirrored)` : `z${j}.x + z${j}.z`};`).join(' ')} }
      }
    }
    ${sums.code}
    ${sumsOfBiases.code}
    if (mine && ${sums.owner}) { ${sums.kept.map((name, e) => `${basis ? 'scratch' : 'state'}[at${e}] = old${e} + ${name};`).join(' ')} }
    if (mine && ib == 0u && ${sumsOfBiases.owner}) {
      ${sumsOfBiases.kept.map((name, e) => `add_gradient(${biasAt(`(${sumsOfBiases.first} + ${e}u)`)}, ${name}, first);`).join(' ')}
    }
  }
}
`;
}

/** Where the inputs come from, where sums go, and where the layer begins in the gradient. */
function placesOfGradient(t: Tiling, kind: Kind): { from: string; to: string; layerAt: string } {
  if (kind === 'basis')
    return {
      from: 'atFunctions + tile * functionsOfTile',
      to: 'atCoefficients + 2u * tile * rank * H4',
      layerAt: 'atState + W_FIRST',
    };
  const layerAt = `atState + ${kind === 'hidden' ? 'W_HIDDEN + (layer - 1u) * HIDDEN_SIZE' : 'W_LAST'}`;
  return { from: keptAt(t, kind === 'output' ? '(DEPTH - 1u)' : '(layer - 1u)'), to: layerAt, layerAt };
}

/** Adjoints of the two points of a pair become those of what is even and odd. */
function foldOwn(t: Tiling): string {
  return `if (mirrored && busy) { ${eachOwn(t, 'let bar_$ = act[near_$];|act[near_$] = folded(bar_$);')} }
  workgroupBarrier();`;
}

/** Two rows per function of a pair: even and odd of mirror images, else of the earlier and the later point. */
function productsOfBasis({ inputs, quads }: Blocks): string {
  return [0, 1]
    .flatMap((derivative) =>
      range(inputs).flatMap((i) =>
        range(4 * quads).map((j) => {
          const sum = `s${i * quads + Math.floor(j / 4)}.${'xyzw'[j % 4]!}`;
          const e = 'xyzw'[2 * (i % 2) + derivative]!;
          return `${sum} = fma(y${Math.floor(i / 2)}.${e}, z${j}.${e}, ${sum});`;
        }),
      ),
    )
    .join('\n');
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
