/**
 * WGSL of the network over one tile of points: forward with time derivative, and the reverse pass through both. The arithmetic is that of
 * reference/network.ts; the layout is that of tiling.ts.
 *
 * Workgroup memory: `act` [unit][pair], the activations (forward) or adjoints (reverse) of the layer at hand, and `stage`, a few rows of
 * weights. Device memory: what the reverse pass needs of the forward pass, `scratch`, and sums of gradients over tiles, `state`.
 * With value a = act(z) and da = act'(z) dz, adjoints come back as z_ = act' a_ + act'' dz da_, dz_ = act' da_; for tanh
 * act' = 1 - a^2 and act'' dz = -2 a da, so that its arguments need not be kept.
 */
import type { Tiling } from './tiling.ts';

const range = (count: number): number[] => Array.from({ length: count }, (_, k) => k);
const COMPONENTS = ['x', 'y', 'z', 'w'] as const;

/** The sums of an invocation: output e of its block, pair p, which is pair g + p * pointGroups of the tile. */
function sumsOf({ block }: Tiling): { e: number; pair: number; name: string }[] {
  return range(block.outputs).flatMap((e) => range(block.pairs).map((pair) => ({ e, pair, name: `s${e}_${pair}` })));
}

/** Lines for each pair of a block. */
function eachPair({ block }: Tiling, line: (pair: number) => string): string {
  return range(block.pairs).map(line).join('\n');
}

/** The block's weights of one input, `w0` and `w1`, from row `row` of the staging area. */
function loadWeights({ block }: Tiling, row: string): string {
  return range(block.outputs / 4)
    .map((q) => `let w${q} = stage[${row} * H4 + c + ${q}u * CG];`)
    .join('\n');
}

/** Declarations, and the blocks that the kernel puts into its one function: a block reads `tile`, and the hidden ones `layer`. */
export interface NetworkCode {
  readonly declarations: string;
  readonly forwardFeatures: string;
  readonly forwardHidden: string;
  readonly forwardOutput: string;
  readonly backwardOutput: string;
  readonly backwardHidden: string;
  readonly gradientFeatures: string;
  readonly gradientHidden: string;
  readonly gradientOutput: string;
}

export function writeNetwork(tiling: Tiling): NetworkCode {
  return {
    declarations: constants(tiling) + activation(tiling),
    forwardFeatures: forwardFeatures(tiling),
    forwardHidden: forwardHidden(tiling),
    forwardOutput: forwardOutput(tiling),
    backwardOutput: backward(tiling, 'output'),
    backwardHidden: backward(tiling, 'hidden'),
    gradientFeatures: weightGradient(tiling, 'features'),
    gradientHidden: weightGradient(tiling, 'hidden'),
    gradientOutput: weightGradient(tiling, 'output'),
  };
}

/** Where the kept activations of a layer begin in `scratch`. */
function keptAt(t: Tiling, layer: string): string {
  return `atScratch + (${t.fused ? '' : 'tile * DEPTH + '}${layer}) * KEPT * H * PP`;
}

/** stage[..] = count vec4s of theta from `from` on. */
function copyRows(from: string, count: string): string {
  return /* wgsl */ `
  workgroupBarrier();
  for (var i = tid; i < ${count}; i += T) { stage[i] = theta[${from} + i]; }
  workgroupBarrier();`;
}

/** stage[j][i] = W[i][4 first + j] for 4 * blocks columns j of the weights at `from`, [H, 4 * columns4]. */
function copyTransposed(from: string, columns4: number, first: string, blocks: number): string {
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

var<workgroup> act: array<vec4f, ${t.width * (t.pairs | 1)}>;
var<workgroup> stage: array<vec4f, ${t.staging / 4}>;

`;
}

/** `activate` (z, dz) -> (a, da), and `adjoint` (kept, (a_, da_)) -> (z_, dz_), on pairs. */
function activation(t: Tiling): string {
  if (t.shape.activation === 'tanh')
    return /* wgsl */ `
fn activate(z: vec4f) -> vec4f {
  let a = vec2f(squash(z.x), squash(z.z));
  let d = (1.0f - a * a) * z.yw;
  return vec4f(a.x, d.x, a.y, d.y);
}
fn adjoint(v: vec4f, bar: vec4f) -> vec4f {
  let a = v.xz;
  let d = (1.0f - a * a) * bar.yw;
  let z = (1.0f - a * a) * bar.xz - 2.0f * a * v.yw * bar.yw;
  return vec4f(z.x, d.x, z.y, d.y);
}
`;
  return /* wgsl */ `
fn activate(z: vec4f) -> vec4f {
  let p = sincos_(z.x);
  let q = sincos_(z.z);
  return vec4f(p.x, p.y * z.y, q.x, q.y * z.w);
}
fn adjoint(z: vec4f, bar: vec4f) -> vec4f {
  let p = sincos_(z.x);
  let q = sincos_(z.z);
  return vec4f(p.y * bar.x - p.x * z.y * bar.y, p.y * bar.y, q.y * bar.z - q.x * z.w * bar.w, q.y * bar.w);
}
`;
}

/** Largest part of `count` that divides it, is a multiple of `step` and fits `most`. */
function chunkOf(count: number, step: number, most: number): number {
  for (let part = count; part > step; part -= step) if (count % part === 0 && part <= most) return part;
  return step;
}

/** for k = 0 .. count - 1, some rounds at a time. */
function loop({ block }: Tiling, variable: string, count: number, body: string): string {
  const unroll = count % block.unroll === 0 ? block.unroll : 1;
  const rounds = range(unroll).map((k) => `{ let ${variable} = ${variable}0 + ${k}u; ${body} }`);
  return `for (var ${variable}0 = 0u; ${variable}0 < ${count}u; ${variable}0 += ${unroll}u) { ${rounds.join('\n')} }`;
}

/** Sums start at the biases: value lanes only. */
function sumsFromBiases(t: Tiling): string {
  return sumsOf(t)
    .map(({ e, name }) => {
      const bias = `bias${e < 4 ? 0 : 1}.${COMPONENTS[e % 4]!}`;
      return `var ${name} = vec4f(${bias}, 0.0f, ${bias}, 0.0f);`;
    })
    .join('\n');
}

function sumsFromZero(t: Tiling): string {
  return sumsOf(t)
    .map(({ name }) => `var ${name} = vec4f(0.0f);`)
    .join('\n');
}

/** sums += `<input><pair>` times the weights in w0, w1 */
function addProducts(t: Tiling, input: string): string {
  return sumsOf(t)
    .map(({ e, pair, name }) => `${name} = fma(${input}${pair}, vec4f(w${Math.floor(e / 4)}.${COMPONENTS[e % 4]!}), ${name});`)
    .join('\n');
}

/** Units of an invocation's outputs, and its pairs. */
const unitOf = (e: number): string => `(4u * (c + ${Math.floor(e / 4)}u * CG) + ${e % 4}u)`;
const pairOf = (pair: number): string => `g + ${pair}u * G`;

/** `body` for each of the invocation's own elements, at `own` of a matrix in device memory and `near` of `act`; what stands before | for four at a time, so that loads overlap; rolled up, so that the kernel stays in the instruction cache. */
function eachOwn({ block }: Tiling, body: string): string {
  const step = Math.min(4, block.outputs * block.pairs);
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

function storeActivated(t: Tiling): string {
  const raw = sumsOf(t)
    .map(({ e, pair, name }) => `act[${unitOf(e)} * ROW + ${pairOf(pair)}] = ${name};`)
    .join('\n');
  return `${raw}
  ${eachOwn(t, `let z_$ = act[near_$];|{ let v = activate(z_$); act[near_$] = v; scratch[to + own_$] = v; ${t.keepsArguments ? 'scratch[to + H * PP + own_$] = z_$;' : ''} }`)}`;
}

function forwardFeatures(t: Tiling): string {
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

function forwardHidden(t: Tiling): string {
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

/** One invocation per pair, all outputs. */
function forwardOutput(t: Tiling): string {
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
    ${outputs.map((o) => `scratch[atOutputs + ${o}u * ALL + tile * PP + tid] = s${o};`).join('\n')}
  }
}
`;
}

/** Adjoints of a layer's z, times its weights transposed, through the activation below it, into `act`. */
function backward(t: Tiling, kind: 'hidden' | 'output'): string {
  const output = kind === 'output';
  const columns = output ? t.layers.at(-1)!.columns : t.width;
  const chunk = output ? columns : chunkOf(columns, 4, t.staging / t.width);
  const load = (pair: number): string =>
    output ? `scratch[atOutputs + (part + j) * ALL + tile * PP + ${pairOf(pair)}]` : `act[(part + j) * ROW + ${pairOf(pair)}]`;
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

/**
 * state[gradient] (+)= sum over the tile's points of a z_ + da dz_ for blocks of BI inputs x BJ outputs per invocation. Where there are
 * fewer blocks than invocations, S of them share a block, each a slice of the pairs, and add up by way of `stage`.
 */
function weightGradient(t: Tiling, kind: 'features' | 'hidden' | 'output'): string {
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
