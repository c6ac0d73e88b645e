/**
 * The network t -> Fourier features -> MLP -> outputs with its exact time derivative, in float64, and the reverse pass through both.
 *
 * A hidden layer (layer.ts) gives z and dz from its input, and hands on  y = act(z), dy = act'(z) dz; the last layer is linear. Reverse:
 *   z_ = act'(z) y_ + act''(z) dz dy_,  dz_ = act'(z) dy_.
 *
 * In a modified MLP (Wang, Teng, Perdikaris 2021, arXiv 2001.04536, eq. 41 to 45) two encoders U and Q, layers of their own from the
 * features, gate what a hidden layer hands on, y becoming
 *   h = (1 - y) U + y Q,  dh = (1 - y) dU + y dQ + dy (Q - U).  Reverse:
 *   y_ = (Q - U) h_ + (dQ - dU) dh_,  dy_ = (Q - U) dh_,
 *   U_ += (1 - y) h_ - dy dh_,  dU_ += (1 - y) dh_,   Q_ += y h_ + dy dh_,  dQ_ += y dh_.
 */
import type { Member, Shape } from '../engine.ts';
import type { Layer, Layout } from '../layout.ts';
import { ACTIVATIONS, type Activation } from './activation.ts';
import { fillFeatures, fourierFeatures, scaleAdjoint, type Features } from './features.ts';
import { accumulate, affine, timesTransposed } from './layer.ts';

/** Values kept from a forward pass for the reverse pass. */
export interface LayerTape {
  readonly layer: Layer;
  /** Input and its time derivative, [M, in]. */
  readonly a: Float64Array;
  readonly da: Float64Array;
  /** z and dz of the last layer; of a hidden one y and dy; [M, out] */
  readonly y: Float64Array;
  readonly dy: Float64Array;
  /** dz, act'(z) and act''(z), [M, out] (hidden layers and encoders only). */
  readonly dz: Float64Array;
  readonly slope: Float64Array;
  readonly curvature: Float64Array;
}

/** Gets a layer's z_ and dz_, [rows, out]. */
export type LayerVisit = (tape: LayerTape, zBar: Float64Array, dzBar: Float64Array) => void;

export class Network {
  readonly points: number;
  readonly outputs: number;
  /** Network outputs and their time derivatives after `forward`, [M, outputs]. */
  readonly out: Float64Array;
  readonly dOut: Float64Array;
  readonly tapes: readonly LayerTape[];
  /** U and Q of a modified MLP, or none. */
  readonly encoders: readonly LayerTape[];
  private readonly activation: Activation;
  private readonly features: Features;
  private readonly member: Pick<Member, 'frequencies' | 'grid'>;
  private readonly scaleOffset: number;
  private readonly everyPoint: Int32Array;

  constructor(shape: Shape, layout: Layout, member: Pick<Member, 'frequencies' | 'grid'>) {
    this.activation = ACTIVATIONS[shape.activation];
    this.member = member;
    this.scaleOffset = layout.scaleOffset;
    this.points = member.grid.length;
    this.everyPoint = Int32Array.from({ length: this.points }, (_, p) => p);
    this.features = fourierFeatures(member.frequencies, member.grid);
    this.encoders = layout.encoders.map((layer) => createTape(layer, this.features.a, this.features.da));
    const tapes: LayerTape[] = [];
    let { a, da } = this.features;
    for (const layer of layout.layers) {
      const tape = createTape(layer, a, da);
      tapes.push(tape);
      // an MLP's layer hands on what it computes, a modified MLP's a mixture
      const mixes = this.encoders.length > 0;
      a = mixes ? new Float64Array(tape.y.length) : tape.y;
      da = mixes ? new Float64Array(tape.y.length) : tape.dy;
    }
    this.tapes = tapes;
    const last = tapes.at(-1)!;
    this.out = last.y;
    this.dOut = last.dy;
    this.outputs = last.layer.outputs;
  }

  forward(theta: Float64Array): void {
    if (this.scaleOffset >= 0) fillFeatures(this.features, this.member.frequencies, this.member.grid, theta[this.scaleOffset]!);
    for (const tape of this.encoders) this.forwardHidden(tape, theta);
    this.tapes.forEach((tape, l) => {
      const next = this.tapes[l + 1];
      if (next === undefined) affine(tape.layer, theta, tape.a, tape.da, tape.y, tape.dy);
      else this.forwardHidden(tape, theta);
      if (next !== undefined && this.encoders.length > 0) mix(this.encoders, tape, next);
    });
  }

  private forwardHidden(tape: LayerTape, theta: Float64Array): void {
    const { layer, a, da, y, dy, dz, slope, curvature } = tape;
    affine(layer, theta, a, da, y, dz);
    const at = { value: 0, slope: 0, curvature: 0 };
    for (let i = 0; i < y.length; i++) {
      this.activation(y[i]!, at);
      y[i] = at.value;
      slope[i] = at.slope;
      curvature[i] = at.curvature;
      dy[i] = at.slope * dz[i]!;
    }
  }

  /** Add to `gradient` the reverse pass of the adjoints `outBar` and `dOutBar` [M, outputs]. */
  backward(theta: Float64Array, outBar: Float64Array, dOutBar: Float64Array, gradient: Float64Array): void {
    const { a } = this.features;
    const { frequencies, grid } = this.member;
    this.pull(theta, this.everyPoint, outBar, dOutBar, (tape, zBar, dzBar) => {
      accumulate(tape.layer, theta, tape.a, tape.da, zBar, dzBar, gradient);
      if (this.scaleOffset < 0 || tape.a !== a) return;
      const aBar = timesTransposed(tape.layer, theta, this.points, zBar);
      const daBar = timesTransposed(tape.layer, theta, this.points, dzBar);
      gradient[this.scaleOffset]! += scaleAdjoint(aBar, daBar, frequencies, grid, theta[this.scaleOffset]!);
    });
  }

  /**
   * Carry adjoints of the outputs, row r looking at point[r], down the network: `visit` gets every layer's, the last layer's first and the
   * encoders' at the end. A row without tangent (dBar 0) has none in any layer. The tapes must hold the state in question.
   */
  pull(theta: Float64Array, point: Int32Array, bar: Float64Array, dBar: Float64Array, visit: LayerVisit): void {
    const rows = point.length;
    const encoded = this.encoders.map(
      ({ layer }) => [new Float64Array(rows * layer.outputs), new Float64Array(rows * layer.outputs)] as const,
    );
    let zBar = bar;
    let dzBar = dBar;
    for (let l = this.tapes.length - 1; l >= 0; l--) {
      const { layer } = this.tapes[l]!;
      visit(this.tapes[l]!, zBar, dzBar);
      if (l === 0) break;
      const below = this.tapes[l - 1]!;
      zBar = timesTransposed(layer, theta, rows, zBar);
      dzBar = timesTransposed(layer, theta, rows, dzBar);
      if (encoded.length > 0) unmix(this.encoders, below, point, zBar, dzBar, encoded);
      throughActivation(below, point, zBar, dzBar);
    }
    this.encoders.forEach((tape, e) => {
      const [yBar, dyBar] = encoded[e]!;
      throughActivation(tape, point, yBar, dyBar);
      visit(tape, yBar, dyBar);
    });
  }
}

function createTape(layer: Layer, a: Float64Array, da: Float64Array): LayerTape {
  const perOutput = (): Float64Array => new Float64Array((a.length / layer.inputs) * layer.outputs);
  return { layer, a, da, y: perOutput(), dy: perOutput(), dz: perOutput(), slope: perOutput(), curvature: perOutput() };
}

/** h and dh of the header, into the input of the next layer. */
function mix([U, Q]: readonly LayerTape[], { y, dy }: LayerTape, next: LayerTape): void {
  for (let i = 0; i < y.length; i++) {
    const lead = Q!.y[i]! - U!.y[i]!;
    next.a[i] = U!.y[i]! + y[i]! * lead;
    next.da[i] = U!.dy[i]! + y[i]! * (Q!.dy[i]! - U!.dy[i]!) + dy[i]! * lead;
  }
}

/** Adjoints of h and dh become those of y and dy in place; those of U and Q are added up. */
function unmix(
  [U, Q]: readonly LayerTape[],
  { layer, y, dy }: LayerTape,
  point: Int32Array,
  bar: Float64Array,
  dBar: Float64Array,
  [toU, toQ]: readonly (readonly [value: Float64Array, rate: Float64Array])[],
): void {
  const width = layer.outputs;
  for (let row = 0; row < bar.length; row++) {
    const i = point[Math.floor(row / width)]! * width + (row % width);
    const h = bar[row]!;
    const dh = dBar[row]!;
    toU![0][row]! += (1 - y[i]!) * h - dy[i]! * dh;
    toU![1][row]! += (1 - y[i]!) * dh;
    toQ![0][row]! += y[i]! * h + dy[i]! * dh;
    toQ![1][row]! += y[i]! * dh;
    const lead = Q!.y[i]! - U!.y[i]!;
    bar[row] = lead * h + (Q!.dy[i]! - U!.dy[i]!) * dh;
    dBar[row] = lead * dh;
  }
}

/** Adjoints of a hidden layer's y and dy, [rows, out], become those of its z and dz in place. Row r looks at point[r]. */
function throughActivation({ layer, slope, curvature, dz }: LayerTape, point: Int32Array, yBar: Float64Array, dyBar: Float64Array): void {
  const width = layer.outputs;
  for (let r = 0; r < point.length; r++) {
    const at = point[r]! * width;
    for (let k = 0; k < width; k++) {
      const row = r * width + k;
      yBar[row] = slope[at + k]! * yBar[row]! + curvature[at + k]! * dz[at + k]! * dyBar[row]!;
      dyBar[row] = slope[at + k]! * dyBar[row]!;
    }
  }
}
