/** WGSL of the network forward with time derivative, over one tile: features, hidden layers, outputs. */
import {
  addProducts,
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
  sumsOf,
  unitOf,
} from './wgsl-block.ts';
import type { Tiling } from './tiling.ts';

function storeActivated(t: Tiling): string {
  const raw = sumsOf(t)
    .map(({ e, pair, name }) => `act[${unitOf(e)} * ROW + ${pairOf(pair)}] = ${name};`)
    .join('\n');
  return `${raw}
  ${eachOwn(t, `let z_$ = act[near_$];|{ let v = activate(z_$); act[near_$] = v; scratch[to + own_$] = v; ${t.keepsArguments ? 'scratch[to + H * PP + own_$] = z_$;' : ''} }`)}`;
}

export function forwardFeatures(t: Tiling): string {
  const chunk = chunkOf(t.frequencies, 2, t.staging / (2 * t.width));
  return /* wgsl */ `
{
  ${range(t.block.outputs / 4)
    .map((q) => `let bias${q} = theta[atTheta + B_FIRST + c + ${q}u * CG];`)
    .join('\n')}
  ${sumsFromBiases(t)}
  for (var part = 0u; part < F; part += ${chunk}u) {
    ${copyRows(`atTheta + W_FIRST + 2u * part * H4`, `${2 * chunk}u * H4`)}
    if (busy) {
      ${loop(
        t,
        'f',
        chunk,
        `
        let omega = scalars[atOmega + part + f];
        let at = atFeatures + (part + f) * ALL + tile * PP;
        ${eachPair(t, (p) => `let p${p} = features[at + ${pairOf(p)}];`)}
        {
          ${loadWeights(t, '2u * f')}
          ${eachPair(t, (p) => `let sin${p} = vec4f(p${p}.x, omega * p${p}.y, p${p}.z, omega * p${p}.w);`)}
          ${addProducts(t, 'sin')}
        }
        {
          ${loadWeights(t, '(2u * f + 1u)')}
          ${eachPair(t, (p) => `let cos${p} = vec4f(p${p}.y, -omega * p${p}.x, p${p}.w, -omega * p${p}.z);`)}
          ${addProducts(t, 'cos')}
        }`,
      )}
    }
  }
  if (busy) {
    let to = ${keptAt(t, '0u')};
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
    ${outputs.map((o) => `scratch[atOutputs + ${o}u * ALL + tile * PP + tid] = s${o};`).join('\n')}
  }
}
`;
}
