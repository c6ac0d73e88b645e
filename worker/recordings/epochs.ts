/**
 * Epochs of the protocol, for windows: those of the file's header, or stretches between edges of the current.
 *
 * The rule where the header has none (CSV, NWB, text): an edge is where the median of the current over the 10 ms after differs from that
 * over the 10 ms before by more than a tenth of the current's whole range, six times its noise and twelve times what such medians typically
 * change by, in any sweep; the sweeps of a recording share one protocol, so an edge of one is an edge of all, and a step of 0 pA has its epoch
 * too. Medians pass over the transients that amplifiers put on a measured current at every spike. Epochs are named A, B, C ... in order of
 * time; A is what precedes the first edge.
 * Not found: epochs shorter than 10 ms (each pulse of a fast train) and those that begin without a jump (a ramp).
 */
import { median } from '../../schemas/sample-quantile.ts';
import type { ProtocolEpoch, Sweep } from './recording.ts';

const BLOCK_MS = 1;
/** Blocks on either side of an edge. */
const REACH = 10;
const EDGE_SHARE = 0.1;
const EDGE_NOISES = 6;
/** In 120 s without any injection (gap-free, 2 pA of noise in the measured current) the level changes by up to 11 times this: 23 edges by the rules above. */
const EDGE_WANDERINGS = 12;
/** Median absolute deviation to standard deviation of a normal distribution, over sqrt 2: of a difference of two. */
const DIFFERENCE_SD = 1.4826 / Math.SQRT2;

/** Of each sweep, in the order of the sweeps, which are of one recording. */
export function epochsOf(sweeps: readonly Sweep[]): (readonly ProtocolEpoch[])[] {
  const found = sweeps.every(({ epochs }) => epochs !== undefined) ? [] : foundEpochs(sweeps);
  return sweeps.map(({ epochs }) => epochs ?? found);
}

/** The first epoch that begins with a jump of the current, in any of the sweeps: where the step begins. */
export function stepEpoch(sweeps: readonly Sweep[]): string | undefined {
  const epochs = epochsOf(sweeps);
  const [first] = sweeps;
  if (first === undefined) return undefined;
  // a measured current is never twice the same, and lags
  const edges = first.stimulus.source === 'header' ? [] : sharedEdges(sweeps);
  const reach = REACH * blockSamples(first);
  const jumps = ({ from }: ProtocolEpoch, { current }: Sweep): boolean =>
    first.stimulus.source === 'header' ? from > 0 && current[from] !== current[from - 1] : edges.some((at) => Math.abs(at - from) < reach);
  const begins = (name: string): boolean =>
    sweeps.some((sweep, k) => epochs[k]!.some((epoch) => epoch.name === name && jumps(epoch, sweep)));
  return epochs[0]?.map(({ name }) => name).find(begins);
}

/** A, B ... Z, AA, AB ... */
export function epochName(place: number): string {
  const letter = String.fromCharCode('A'.charCodeAt(0) + (place % LETTERS));
  return place < LETTERS ? letter : epochName(Math.floor(place / LETTERS) - 1) + letter;
}

const LETTERS = 26;

function foundEpochs(sweeps: readonly Sweep[]): ProtocolEpoch[] {
  const samples = sweeps[0]?.current.length ?? 0;
  const starts = [0, ...sharedEdges(sweeps)];
  return starts.map((from, place) => ({ name: epochName(place), from, to: starts[place + 1] ?? samples }));
}

interface Edge {
  /** first sample after it */
  readonly at: number;
  readonly jump: number;
}

/** First sample after each edge that any of the sweeps has; of edges less than REACH blocks apart the largest. */
function sharedEdges(sweeps: readonly Sweep[]): number[] {
  const [first] = sweeps;
  if (first === undefined) return [];
  const block = blockSamples(first);
  const blocks = sweeps.map(({ current }) => blockMedians(current, block));
  const levels = blocks.map((medians) => medians.map((_, k) => median(medians.slice(k, k + REACH)) ?? 0));
  const least = Math.max(EDGE_SHARE * rangeOf(levels), EDGE_NOISES * noiseOf(blocks), EDGE_WANDERINGS * wanderingOf(levels));
  const edges = sweeps.flatMap(({ current }, k) => edgesIn(current, levels[k]!, block, least));
  const kept: Edge[] = [];
  for (const edge of edges.toSorted((a, b) => b.jump - a.jump))
    if (kept.every(({ at }) => Math.abs(at - edge.at) >= REACH * block)) kept.push(edge);
  return kept.map(({ at }) => at).toSorted((a, b) => a - b);
}

function blockSamples({ sampleMs }: Sweep): number {
  return Math.max(1, Math.round(BLOCK_MS / sampleMs));
}

function blockMedians(current: Float64Array, block: number): number[] {
  return Array.from({ length: Math.floor(current.length / block) }, (_, k) => median(current.subarray(k * block, (k + 1) * block)) ?? 0);
}

function rangeOf(levels: readonly (readonly number[])[]): number {
  const [least, most] = levels
    .flat()
    .reduce<readonly [number, number]>(([low, high], level) => [Math.min(low, level), Math.max(high, level)], [Infinity, -Infinity]);
  return most - least;
}

/** Standard deviation of a block's median. */
function noiseOf(blocks: readonly (readonly number[])[]): number {
  return DIFFERENCE_SD * (median(blocks.flatMap((medians) => medians.slice(1).map((value, k) => Math.abs(value - medians[k]!)))) ?? 0);
}

/** Typical change of the level from REACH blocks to the next: slow noise, which a current that nobody injects has too. */
function wanderingOf(levels: readonly (readonly number[])[]): number {
  return 1.4826 * (median(levels.flatMap((own) => own.slice(REACH).map((level, k) => Math.abs(level - own[k]!)))) ?? 0);
}

/**
 * Where the level of the REACH blocks from k on differs from that of the REACH blocks before k by more than `least`: of each run of such k
 * the largest difference. None in the first and the last REACH blocks.
 */
function edgesIn(current: Float64Array, levels: readonly number[], block: number, least: number): Edge[] {
  const edges: Edge[] = [];
  let best: { k: number; jump: number } | undefined;
  for (let k = REACH; k <= levels.length - REACH + 1; k += 1) {
    const jump = k + REACH <= levels.length ? Math.abs(levels[k]! - levels[k - REACH]!) : 0;
    if (jump > least && jump > (best?.jump ?? 0)) best = { k, jump };
    if (jump > least || best === undefined) continue;
    const stretch = current.subarray((best.k - REACH) * block, (best.k + REACH) * block);
    edges.push({ at: (best.k - REACH) * block + parting(stretch, levels[best.k - REACH]!, levels[best.k]!), jump: best.jump });
    best = undefined;
  }
  return edges;
}

/** The first sample that belongs to the level after: the absolute deviations from the two levels are least in sum. */
function parting(current: Float64Array, before: number, after: number): number {
  let [best, least, sum] = [0, Infinity, 0];
  for (const [i, value] of current.entries()) {
    if (sum < least) [best, least] = [i, sum];
    sum += Math.abs(value - before) - Math.abs(value - after);
  }
  return best;
}
