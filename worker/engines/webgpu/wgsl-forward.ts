/** WGSL of the network forward with time derivative, over one tile: first layer, hidden layers, outputs. */
import {
  addProducts,
  biasOf,
  chunkOf,
  COMPONENTS,
  copyRows,
  eachOwn,
  eachPair,
  keptAt,
  loadWeights,
  loop,
  pairOf,
  range,
  sumsFromBiases,
  sumsFromZero,
  sumsOf,
  unitOf,
} from './wgsl-block.ts';
import { indicesAtOnce, type Tiling } from './tiling.ts';

function storeActivated(t: Tiling): string {
  const raw = sumsOf(t)
    .map(({ e, pair, name }) => `act[${unitOf(e)} * ROW + ${pairOf(pair)}] = ${name};`)
    .join('\n');
  return `${raw}
  ${eachOwn(t, `let z_$ = act[near_$];|{ let v = activate(z_$); act[near_$] = v; scratch[to + own_$] = v; ${t.keepsArguments ? 'scratch[to + H * PP + own_$] = z_$;' : ''} }`)}`;
}

/** From the coefficients of the tile's basis, some indices of it at a time. */
export function forwardFirst(t: Tiling): string {
  const atOnce = indicesAtOnce(t.block);
  const most = Math.floor(t.staging / (2 * t.width) / atOnce) * atOnce;
  const quads = range(t.block.outputs / 4);
  const load = (name: string, row: string): string => quads.map((q) => `let ${name}${q} = stage[${row} * H4 + c + ${q}u * CG];`).join('\n');
  const round = (k: number): string => /* wgsl */ `
      {
        let i = i0 + ${k}u;
        ${eachPair(t, (p) => `let p${p} = basis[from_ + (part + i) * PP + ${pairOf(p)}];`)}
        ${load('even', '2u * i')}
        ${load('odd', '(2u * i + 1u)')}
        ${sumsOf(t)
          .map(({ e, pair, name }) => {
            const [even, odd] = ['even', 'odd'].map((part) => `${part}${Math.floor(e / 4)}.${COMPONENTS[e % 4]!}`);
            return `${name} = fma(p${pair}, vec4f(${even}, ${even}, ${odd}, ${odd}), ${name});`;
          })
          .join('\n')}
      }`;
  return /* wgsl */ `
{
  ${quads.map((q) => `let bias${q} = theta[atTheta + B_FIRST + c + ${q}u * CG];`).join('\n')}
  let from_ = atFunctions + tile * functionsOfTile;
  ${sumsFromZero(t)}
  for (var part = 0u; part < rank; part += ${most}u) {
    let count = min(rank - part, ${most}u);
    ${copyRows('atCoefficients + 2u * (tile * rank + part) * H4', '2u * count * H4', 'scratch')}
    if (busy) {
      for (var i0 = 0u; i0 < count; i0 += ${atOnce}u) { ${range(atOnce).map(round).join('\n')} }
    }
  }
  if (busy) {
    let to = ${keptAt(t, '0u')};
    if (mirrored) { ${sumsOf(t)
      .map(({ name }) => `${name} = unfolded(${name});`)
      .join(' ')} }
    ${sumsOf(t)
      .map(({ e, name }) => `${name} += ${biasOf(e)};`)
      .join('\n')}
    ${storeActivated(t)}
  }
}
`;
}

export function forwardHidden(t: Tiling): string {
  const chunk = chunkOf(t.width, 4, t.staging / t.width);
  return /* wgsl */ `
{
  let from_ = atTheta + W_HIDDEN + (layer - 1u) * HIDDEN_SIZE;
  ${range(t.block.outputs / 4)
    .map((q) => `let bias${q} = theta[from_ + H * H4 + c + ${q}u * CG];`)
    .join('\n')}
  ${sumsFromBiases(t)}
  for (var part = 0u; part < H; part += ${chunk}u) {
    ${copyRows(`from_ + part * H4`, `${chunk}u * H4`)}
    if (busy) {
      ${loop(
        t,
        'k',
        chunk,
        `
        ${eachPair(t, (p) => `let p${p} = act[(part + k) * ROW + ${pairOf(p)}];`)}
        ${loadWeights(t, 'k')}
        ${addProducts(t, 'p')}`,
      )}
    }
  }
  workgroupBarrier();
  if (busy) {
    let to = ${keptAt(t, 'layer')};
    ${storeActivated(t)}
  }
}
`;
}

/** One invocation per pair, all outputs; the first with what the current's changes drive, so that all that follows reads V whole. */
export function forwardOutput(t: Tiling): string {
  const outputs = range(t.outputs);
  const chunk = chunkOf(t.width, 4, t.staging / t.layers.at(-1)!.columns);
  return /* wgsl */ `
{
  ${outputs.map((o) => `var s${o} = vec4f(theta[atTheta + B_LAST + ${Math.floor(o / 4)}u].${COMPONENTS[o % 4]!}, 0.0f, 0.0f, 0.0f).xyxy;`).join('\n')}
  for (var part = 0u; part < H; part += ${chunk}u) {
    ${copyRows(`atTheta + W_LAST + part * O4`, `${chunk}u * O4`)}
    if (tid < PP) {
      ${loop(
        t,
        'k',
        chunk,
        `
        let p = act[(part + k) * ROW + tid];
        ${range(Math.ceil(t.outputs / 4))
          .map((q) => `let w${q} = stage[k * O4 + ${q}u];`)
          .join('\n')}
        ${outputs.map((o) => `s${o} = fma(p, vec4f(w${Math.floor(o / 4)}.${COMPONENTS[o % 4]!}), s${o});`).join('\n')}`,
      )}
    }
  }
  if (tid < PP) {
    s0 += points[atDriven + tile * PP + tid];
    ${outputs.map((o) => `put_pair(atOutputs + ${o}u * ALL + tile * PP, tid, s${o});`).join('\n')}
  }
}
`;
}
