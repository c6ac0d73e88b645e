/**
 * The network t -> Fourier features -> MLP -> outputs with its exact time derivative, in float64, and the reverse pass through both.
 *
 * Shapes: M points, layer l maps in(l) to out(l). For each layer input `a` [M, in] and its time derivative `da` [M, in] (per ms):
 *   z = a W + b, dz = da W;  next a = act(z), next da = act'(z) dz;  the last layer is linear.
 * Reverse, with bars for adjoints:
 *   z_ = act'(z) a_ + act''(z) dz da_,  dz_ = act'(z) da_,  W_ = a^T z_ + da^T dz_,  b_ = sum z_.
 */
import type { Shape } from '../engine.ts';
import { gridSize, type Layer, type Layout } from '../layout.ts';

/** Values kept from a forward pass for the reverse pass. */
export interface LayerTape {
  readonly layer: Layer;
  /** Input and its time derivative, [M, in]. */
  readonly a: Float64Array;
  readonly da: Float64Array;
  /** dz [M, out]; act'(z) and act''(z) [M, out] (hidden layers only). */
  readonly dz: Float64Array;
  readonly slope: Float64Array;
  readonly curvature: Float64Array;
}

export class Network {
  readonly points: number;
  readonly outputs: number;
  /** Network outputs and their time derivatives after `forward`, [M, outputs]. */
  readonly out: Float64Array;
  readonly dOut: Float64Array;
  readonly tapes: readonly LayerTape[];
  private readonly activation: Shape['activation'];
  private readonly everyPoint: Int32Array;

  /** `frequencies` in cycles per ms; the grid starts at 0 and is centred in the features. */
  constructor(shape: Shape, layout: Layout, frequencies: Float64Array, stepMs: number) {
    this.activation = shape.activation;
    this.points = gridSize(shape);
    this.everyPoint = Int32Array.from({ length: this.points }, (_, p) => p);
    const input = fourierFeatures(frequencies, this.points, stepMs);
    const tapes: LayerTape[] = [];
    let { a, da } = input;
    for (const layer of layout.layers) {
      const size = this.points * layer.outputs;
      tapes.push({ layer, a, da, dz: new Float64Array(size), slope: new Float64Array(size), curvature: new Float64Array(size) });
      a = new Float64Array(size);
      da = new Float64Array(size);
    }
    this.tapes = tapes;
    this.out = a;
    this.dOut = da;
    this.outputs = layout.layers.at(-1)!.outputs;
  }

  forward(theta: Float64Array): void {
    this.tapes.forEach((tape, l) => {
      const next = this.tapes[l + 1];
      const z = next === undefined ? this.out : next.a;
      const dz = next === undefined ? this.dOut : tape.dz;
      affine(tape, theta, this.points, z, dz);
      if (next !== undefined) activate(this.activation, tape, z, next.da);
    });
  }

  /** Add to `gradient` the reverse pass of the adjoints `outBar` and `dOutBar` [M, outputs]. Both are overwritten. */
  backward(theta: Float64Array, outBar: Float64Array, dOutBar: Float64Array, gradient: Float64Array): void {
    let zBar = outBar;
    let dzBar = dOutBar;
    for (let l = this.tapes.length - 1; l >= 0; l--) {
      const tape = this.tapes[l]!;
      accumulateWeights(tape, this.points, zBar, dzBar, gradient);
      if (l === 0) return;
      const below = this.tapes[l - 1]!;
      const aBar = timesTransposed(tape.layer, theta, this.points, zBar);
      const daBar = timesTransposed(tape.layer, theta, this.points, dzBar);
      throughActivation(below, this.everyPoint, aBar, daBar);
      zBar = aBar;
      dzBar = daBar;
    }
  }
}

/** sin and cos of 2 pi f (t - centre) and their time derivatives, [M, 2 F]. */
export function fourierFeatures(frequencies: Float64Array, points: number, stepMs: number): { a: Float64Array; da: Float64Array } {
  const count = frequencies.length;
  const a = new Float64Array(points * 2 * count);
  const da = new Float64Array(points * 2 * count);
  const centre = ((points - 1) * stepMs) / 2;
  for (let p = 0; p < points; p++) {
    for (let k = 0; k < count; k++) {
      const omega = 2 * Math.PI * frequencies[k]!;
      const phase = omega * (p * stepMs - centre);
      const at = p * 2 * count + k;
      a[at] = Math.sin(phase);
      a[at + count] = Math.cos(phase);
      da[at] = omega * Math.cos(phase);
      da[at + count] = -omega * Math.sin(phase);
    }
  }
  return { a, da };
}

function affine({ layer, a, da }: LayerTape, theta: Float64Array, points: number, z: Float64Array, dz: Float64Array): void {
  const { inputs, outputs, weights, biases } = layer;
  for (let p = 0; p < points; p++) {
    const row = p * outputs;
    for (let j = 0; j < outputs; j++) {
      z[row + j] = theta[biases + j]!;
      dz[row + j] = 0;
    }
    for (let i = 0; i < inputs; i++) {
      const value = a[p * inputs + i]!;
      const rate = da[p * inputs + i]!;
      const w = weights + i * outputs;
      for (let j = 0; j < outputs; j++) {
        z[row + j]! += value * theta[w + j]!;
        dz[row + j]! += rate * theta[w + j]!;
      }
    }
  }
}

/** Replace z by act(z), fill slope, curvature and the next layer's da. */
function activate(activation: Shape['activation'], { dz, slope, curvature }: LayerTape, z: Float64Array, da: Float64Array): void {
  for (let i = 0; i < z.length; i++) {
    if (activation === 'tanh') {
      const value = Math.tanh(z[i]!);
      slope[i] = 1 - value * value;
      curvature[i] = -2 * value * slope[i]!;
      z[i] = value;
    } else {
      const value = Math.sin(z[i]!);
      slope[i] = Math.cos(z[i]!);
      curvature[i] = -value;
      z[i] = value;
    }
    da[i] = slope[i]! * dz[i]!;
  }
}

function accumulateWeights(
  { layer, a, da }: LayerTape,
  points: number,
  zBar: Float64Array,
  dzBar: Float64Array,
  gradient: Float64Array,
): void {
  const { inputs, outputs, weights, biases } = layer;
  for (let p = 0; p < points; p++) {
    const row = p * outputs;
    for (let j = 0; j < outputs; j++) gradient[biases + j]! += zBar[row + j]!;
    for (let i = 0; i < inputs; i++) {
      const value = a[p * inputs + i]!;
      const rate = da[p * inputs + i]!;
      const w = weights + i * outputs;
      for (let j = 0; j < outputs; j++) gradient[w + j]! += value * zBar[row + j]! + rate * dzBar[row + j]!;
    }
  }
}

/** Adjoints of a hidden layer's output, [rows, out], become those of its z in place: z_ and dz_ of the header. Row r looks at point[r]. */
export function throughActivation(
  { layer, slope, curvature, dz }: LayerTape,
  point: Int32Array,
  aBar: Float64Array,
  daBar: Float64Array,
): void {
  const width = layer.outputs;
  for (let r = 0; r < point.length; r++) {
    const at = point[r]! * width;
    for (let k = 0; k < width; k++) {
      const row = r * width + k;
      aBar[row] = slope[at + k]! * aBar[row]! + curvature[at + k]! * dz[at + k]! * daBar[row]!;
      daBar[row] = slope[at + k]! * daBar[row]!;
    }
  }
}

/** bar [rows, out] times W^T -> [rows, in] */
export function timesTransposed({ inputs, outputs, weights }: Layer, theta: Float64Array, rows: number, bar: Float64Array): Float64Array {
  const result = new Float64Array(rows * inputs);
  for (let p = 0; p < rows; p++) {
    for (let i = 0; i < inputs; i++) {
      const w = weights + i * outputs;
      let sum = 0;
      for (let j = 0; j < outputs; j++) sum += bar[p * outputs + j]! * theta[w + j]!;
      result[p * inputs + i] = sum;
    }
  }
  return result;
}
