/**
 * How a replica of a shape is laid over one workgroup, chosen from the adapter's limits: points per tile, blocks of outputs per
 * invocation, and where everything lies in the buffers. Nothing here depends on a replica.
 *
 * A "pair" is two points of a tile as one vec4: (value, time derivative) of the earlier, then of the later. Pair g are the points g from the tile's
 * beginning and g from its end: mirror images, where the grid is even. Matrices of activations are stored unit by unit, pairs inside, so that
 * neighbouring invocations read neighbouring vec4s. What stands by points, in the order of time, has two neighbours to a vec4.
 */
import type { Shape } from '../engine.ts';
import { gridSize, layoutOf, type Layout } from '../layout.ts';

/** What an invocation computes at a time: `outputs` hidden units (4 or 8) for `pairs` pairs (1 or 2); `rows` inputs of a weight gradient. */
export interface Block {
  readonly outputs: number;
  readonly pairs: number;
  readonly rows: number;
  /** Inputs per round of the inner loops. */
  readonly unroll: number;
  /** Invocations of a workgroup at most. */
  readonly threads: number;
}

/**
 * Best of some 40 measured on an H100 (W1 / W2, replica-steps/s): 883,000 / 107,600; with 4 rows 888,000 / 100,600; rounds of 4 inputs 845,000 / 105,500;
 * two pairs and 128 invocations 752,000 / 94,600; 4 outputs, 4 rows and 512 invocations 820,000 / 93,000. The kernel takes more than 128 registers, so that one
 * workgroup of 256 invocations fills a multiprocessor; what bounds it then is workgroup memory, 4 cycles for a warp's vec4s (2 where all are the same).
 */
export const GPU_BLOCK: Block = { outputs: 8, pairs: 1, rows: 8, unroll: 8, threads: 256 };
/** A processor that plays GPU keeps each sum of each invocation in memory, and compiles unrolled code slowly: SwiftShader runs out of stack with more. */
export const SOFTWARE_BLOCK: Block = { outputs: 4, pairs: 1, rows: 2, unroll: 1, threads: 128 };

/** What the engine needs to know of an adapter. */
export interface DeviceLimits {
  /** bytes */
  readonly workgroupStorage: number;
  readonly invocations: number;
  /** Neighbouring invocations that can shuffle; 1 where there are no subgroups. */
  readonly subgroup: number;
  readonly block: Block;
}

/** A layer on the device: `rows` inputs (the first layer's: sine and cosine of each frequency, alternating), padded with zeros. */
export interface DeviceLayer {
  readonly rows: number;
  readonly columns: number;
  /** Offsets in vec4s of theta. */
  readonly weights: number;
  readonly biases: number;
}

export interface Tiling {
  readonly shape: Shape;
  readonly layout: Layout;
  /** Invocations of a workgroup. */
  readonly threads: number;
  readonly block: Block;
  /** As DeviceLimits.subgroup. */
  readonly subgroup: number;
  /** Groups of block.pairs pairs and of block.outputs hidden units; an invocation has one of each. */
  readonly pointGroups: number;
  readonly columnGroups: number;
  /** Of a tile. */
  readonly pairs: number;
  readonly tiles: number;
  /** Of all tiles. */
  readonly allPairs: number;
  readonly width: number;
  readonly frequencies: number;
  readonly outputs: number;
  readonly layers: readonly DeviceLayer[];
  /** Floats of the workgroup's staging area. */
  readonly staging: number;
  /** vec4s of theta, of which the last hold parameters and free gates from float `beyond` on. */
  readonly thetaSize: number;
  readonly beyond: number;
  /** Whether activations are kept beside their arguments: where slopes do not follow from the value. */
  readonly keepsArguments: boolean;
  /** Whether the linear parameters can be solved for in a step; whether noise can be estimated. */
  readonly projects: boolean;
  readonly measures: boolean;
  /** Whether a tile goes forward, through the head and back before the next one begins. Else all tiles go forward before the head. */
  readonly fused: boolean;
}

const STAGING = 2048;
/** Bytes of workgroup memory that are neither activations nor staging: parameters, sums. */
const SMALL = 1024;
/** And those of each initial gate of a joint fit, its slope and its adjoint. */
const INITIAL = 12;
export const WIDEST = 256;
/** Initial gates of a joint fit at most: 12 kB of workgroup memory. */
export const MOST_INITIAL = 1000;

const upTo = (multiple: number, value: number): number => multiple * Math.ceil(value / multiple);

/** What a kernel does beyond a step at given parameters and noise. */
export type Extras = Partial<Pick<Tiling, 'projects' | 'measures'>>;

export function tilingOf(shape: Shape, limits: DeviceLimits, { projects = false, measures = false }: Extras = {}): Tiling {
  const layout = layoutOf(shape);
  const { block } = limits;
  // sums over the workgroup halve it again and again
  const threads = 2 ** Math.floor(Math.log2(Math.min(block.threads, limits.invocations)));
  const width = upTo(8, shape.width);
  const columnGroups = width / block.outputs;
  const room = limits.workgroupStorage - 4 * STAGING - SMALL - INITIAL * initialGates(shape) - 16 * width;
  const fitting = Math.floor(room / (16 * block.pairs * width));
  const most = Math.max(1, Math.min(Math.floor(threads / columnGroups), Math.floor(threads / block.pairs), fitting));
  const points = gridSize(shape);
  const tiles = Math.ceil(points / (2 * block.pairs * most));
  const pointGroups = Math.ceil(points / (2 * block.pairs * tiles));
  const pairs = block.pairs * pointGroups;
  const outputs = layout.layers.at(-1)!.outputs;
  const frequencies = upTo(4, shape.features);
  const { layers, end } = deviceLayers(shape, 2 * frequencies, width, upTo(4, outputs));
  const beyond = layout.size - layout.networkSize;
  return {
    shape,
    layout,
    threads,
    block,
    subgroup: limits.subgroup,
    pointGroups,
    columnGroups,
    pairs,
    tiles,
    allPairs: pairs * tiles,
    width,
    frequencies,
    outputs,
    layers,
    staging: STAGING,
    thetaSize: end + upTo(4, beyond) / 4,
    beyond: 4 * end,
    keepsArguments: shape.activation !== 'tanh',
    projects,
    measures,
    fused: shape.states === 'network' && !projects && !measures,
  };
}

/** Initial gates of a joint fit. */
export function initialGates({ states, segments, model }: Shape): number {
  return states === 'network' || segments === 1 ? 0 : segments * model.gates.length;
}

function deviceLayers(shape: Shape, inputs: number, width: number, outputs: number): { layers: DeviceLayer[]; end: number } {
  const sizes = [inputs, ...Array.from({ length: shape.depth }, () => width), outputs];
  const layers: DeviceLayer[] = [];
  let end = 0;
  for (let l = 0; l + 1 < sizes.length; l++) {
    const [rows, columns] = [sizes[l]!, sizes[l + 1]!];
    layers.push({ rows, columns, weights: end, biases: end + (rows * columns) / 4 });
    end += ((rows + 1) * columns) / 4;
  }
  return { layers, end };
}

/** Float of the device's theta that holds each number of the host's theta. */
export function placesOf({ layout, layers, shape, beyond }: Tiling): Int32Array {
  const places = new Int32Array(layout.size);
  layout.layers.forEach((layer, l) => {
    const { columns, weights, biases } = layers[l]!;
    for (let i = 0; i < layer.inputs; i++) {
      const row = l > 0 ? i : i < shape.features ? 2 * i : 2 * (i - shape.features) + 1;
      for (let j = 0; j < layer.outputs; j++) places[layer.weights + i * layer.outputs + j] = 4 * weights + row * columns + j;
    }
    for (let j = 0; j < layer.outputs; j++) places[layer.biases + j] = 4 * biases + j;
  });
  for (let k = layout.networkSize; k < layout.size; k++) places[k] = beyond + k - layout.networkSize;
  return places;
}

/** The pair of point `p` of a tile, and whether it is the pair's later one. */
export function pairOfPoint({ pairs }: Pick<Tiling, 'pairs'>, p: number): { pair: number; second: 0 | 1 } {
  return p < pairs ? { pair: p, second: 0 } : { pair: 2 * pairs - 1 - p, second: 1 };
}

/** Indices of the first layer's basis (local-basis.ts) that the kernel takes at a time: two rows of a weight gradient each. */
export function indicesAtOnce({ rows }: Block): number {
  return rows / 2;
}

/** Room for `count` of them: whole rounds. */
export function paddedIndices(block: Block, count: number): number {
  return upTo(indicesAtOnce(block), count);
}

/** Indices at most: a function for each sine and cosine. */
export function mostIndices({ block, frequencies }: Pick<Tiling, 'block' | 'frequencies'>): number {
  return paddedIndices(block, 2 * frequencies);
}
