/** WGSL of the way back through one layer: adjoints of its arguments to those of the layer below. */
import {
  addProducts,
  chunkOf,
  copyTransposed,
  eachOwn,
  eachPair,
  keptAt,
  loadWeights,
  loop,
  pairOf,
  sumsFromZero,
  sumsOf,
  unitOf,
} from './wgsl-block.ts';
import type { Tiling } from './tiling.ts';

/** Adjoints of a layer's z, times its weights transposed, through the activation below it, into `act`. */
export function backward(t: Tiling, kind: 'hidden' | 'output'): string {
  const output = kind === 'output';
  const columns = output ? t.layers.at(-1)!.columns : t.width;
  const chunk = output ? columns : chunkOf(columns, 4, t.staging / t.width);
  const load = (pair: number): string =>
    output ? `pair_at(atOutputs + (part + j) * ALL + tile * PP, ${pairOf(pair)})` : `act[(part + j) * ROW + ${pairOf(pair)}]`;
  return /* wgsl */ `
{
  let from_ = atTheta + ${output ? 'W_LAST' : 'W_HIDDEN + (layer - 1u) * HIDDEN_SIZE'};
  ${sumsFromZero(t)}
  for (var part = 0u; part < ${columns}u; part += ${chunk}u) {
    ${copyTransposed('from_', columns / 4, 'part / 4u', chunk / 4)}
    if (busy) {
      ${loop(
        t,
        'j',
        output ? t.outputs : chunk,
        `
        ${eachPair(t, (p) => `let p${p} = ${load(p)};`)}
        ${loadWeights(t, 'j')}
        ${addProducts(t, 'p')}`,
      )}
    }
  }
  workgroupBarrier();
  if (busy) {
    let at = ${keptAt(t, output ? '(DEPTH - 1u)' : '(layer - 1u)')}${t.keepsArguments ? ' + H * PP' : ''};
    ${sumsOf(t)
      .map(({ e, pair, name }) => `act[${unitOf(e)} * ROW + ${pairOf(pair)}] = ${name};`)
      .join('\n')}
    ${eachOwn(t, 'let v_$ = scratch[at + own_$]; let bar_$ = act[near_$];|act[near_$] = adjoint(v_$, bar_$);')}
  }
  workgroupBarrier();
}
`;
}
