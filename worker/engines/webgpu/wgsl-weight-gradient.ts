/** WGSL of the gradient of one layer's weights and biases over one tile. */
import { COMPONENTS, eachOwn, keptAt, range } from './wgsl-block.ts';
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

/** WGSL of what kinds of layers differ in. */
interface Terms {
  /** Where the inputs begin, where sums go, and where the layer lies in the gradient. */
  readonly from: string;
  readonly to: string;
  readonly layerAt: string;
  /** Before all products. */
  readonly before: string;
  /** Of a pair: inputs y0, y1, ...; the adjoint of output j of the block, z0, z1, ...; their products; what z adds to the biases. */
  readonly inputs: readonly string[];
  readonly adjoint: (j: number) => string;
  readonly products: string;
  readonly ofBias: (z: string) => string;
  /** Whether sums are added to those of the tiles before, in `state`. Else they stand in `scratch`. */
  readonly adds: boolean;
}

/**
 * Sum over the tile's points of a z_ + da dz_. What the tiles before have left is loaded first and added last, so that nobody waits for it.
 */
export function weightGradient(t: Tiling, kind: Kind): string {
  const blocks = blocksOf(t, kind);
  const { layer, inputs, quads, across, count, lanes } = blocks;
  const present = range(4 * quads).filter((j) => kind !== 'output' || j < t.outputs);
  const { from, to, layerAt, before, adds, ...terms } = kind === 'basis' ? termsOfBasis(t, blocks) : termsOfLayer(t, kind, blocks, present);
  const weights = range(inputs * quads).map((k) => `s${k}`);
  const biases = range(quads).map((q) => `b${q}`);
  const sums = spread(weights, lanes);
  const sumsOfBiases = spread(biases, lanes);
  const weightAt = (k: string): string =>
    `to + (ib * ${inputs}u + ${k} / ${quads}u) * ${layer.columns / 4}u + jb + (${k} % ${quads}u) * ${across}u`;
  const biasAt = (k: string): string => `biases + jb + ${k} * ${across}u`;
  return /* wgsl */ `
{
  let to = ${to};
  let biases = ${layerAt} + ${(layer.rows * layer.columns) / 4}u;
  let from_ = ${from};
  let count = ${count};
  ${before}
  for (var begun = 0u; begun < count; begun += ${t.threads / lanes}u) {
    let block = begun + tid / ${lanes}u;
    let mine = block < count;
    let ib = block / ${across}u;
    let jb = block % ${across}u;
    ${sums.kept.map((_, e) => `let at${e} = ${weightAt(`(${sums.first} + ${e}u)`)};`).join('\n')}
    ${[...weights, ...biases].map((name) => `var ${name} = vec4f(0.0f);`).join(' ')}
    ${!adds ? '' : sums.kept.map((_, e) => `var old${e} = vec4f(0.0f);`).join(' ')}
    if (mine) {
      ${!adds ? '' : `if (!first && ${sums.owner}) { ${sums.kept.map((_, e) => `old${e} = state[at${e}];`).join(' ')} }`}
      for (var p = tid % ${lanes}u; p < PP; p += ${lanes}u) {
        ${terms.inputs.map((input, n) => `let y${n} = ${input};`).join('\n')}
        ${present.map((j) => `let z${j} = ${terms.adjoint(j)};`).join('\n')}
        ${terms.products}
        if (ib == 0u) { ${present.map((j) => `b${Math.floor(j / 4)}.${COMPONENTS[j % 4]!} += ${terms.ofBias(`z${j}`)};`).join(' ')} }
      }
    }
    ${sums.code}
    ${sumsOfBiases.code}
    if (mine && ${sums.owner}) { ${sums.kept.map((name, e) => `${adds ? `state[at${e}] = old${e} + ${name}` : `scratch[at${e}] = ${name}`};`).join(' ')} }
    if (mine && ib == 0u && ${sumsOfBiases.owner}) {
      ${sumsOfBiases.kept.map((name, e) => `add_gradient(${biasAt(`(${sumsOfBiases.first} + ${e}u)`)}, ${name}, first);`).join(' ')}
    }
  }
}
`;
}

/** Column j of a block. */
const columnOf = ({ across }: Blocks, j: number): string => `(4u * (jb + ${Math.floor(j / 4) * across}u) + ${j % 4}u)`;

/** Each tile has coefficients of its own, whose adjoints take their place. */
function termsOfBasis(t: Tiling, blocks: Blocks): Terms {
  const indices = blocks.inputs / 2;
  return {
    from: 'atFunctions + tile * functionsOfTile',
    to: 'atCoefficients + 2u * tile * rank * H4',
    layerAt: 'atState + W_FIRST',
    before: foldOwn(t),
    inputs: range(indices).map((n) => `basis[from_ + (ib * ${indices}u + ${n}u) * PP + p]`),
    adjoint: (j) => `act[${columnOf(blocks, j)} * ROW + p]`,
    products: productsOfBasis(blocks),
    ofBias: (z) => `select(${z}.x + ${z}.z, ${z}.x, mirrored)`,
    adds: false,
  };
}

/** A tile's share of the gradient is added to those before it. */
function termsOfLayer(t: Tiling, kind: 'hidden' | 'output', blocks: Blocks, present: readonly number[]): Terms {
  const output = kind === 'output';
  const layerAt = `atState + ${output ? 'W_LAST' : 'W_HIDDEN + (layer - 1u) * HIDDEN_SIZE'}`;
  return {
    from: keptAt(t, output ? '(DEPTH - 1u)' : '(layer - 1u)'),
    to: layerAt,
    layerAt,
    before: '',
    inputs: range(blocks.inputs).map((n) => `scratch[from_ + (ib * ${blocks.inputs}u + ${n}u) * PP + p]`),
    adjoint: (j) => {
      const column = columnOf(blocks, j);
      return output ? `pair_at(atOutputs + ${column} * ALL + tile * PP, p)` : `act[${column} * ROW + p]`;
    },
    products: products(blocks, present),
    ofBias: (z) => `${z}.x + ${z}.z`,
    adds: true,
  };
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
          const sum = `s${i * quads + Math.floor(j / 4)}.${COMPONENTS[j % 4]!}`;
          const e = COMPONENTS[2 * (i % 2) + derivative]!;
          return `${sum} = fma(y${Math.floor(i / 2)}.${e}, z${j}.${e}, ${sum});`;
        }),
      ),
    )
    .join('\n');
}

/** One number of each pair after the other, so that products which follow each other add to different sums. */
function products({ inputs, quads }: Blocks, present: readonly number[]): string {
  return COMPONENTS.flatMap((e) =>
    range(inputs).flatMap((i) =>
      present.map((j) => {
        const sum = `s${i * quads + Math.floor(j / 4)}.${COMPONENTS[j % 4]!}`;
        return `${sum} = fma(y${i}.${e}, z${j}.${e}, ${sum});`;
      }),
    ),
  ).join('\n');
}
