/**
 * Where each number of a replica lives in its flat vector theta, and how a number of theta becomes a parameter or an initial gate.
 * Every engine uses this one layout, so that states move between engines.
 *
 * theta = [layers 0 .. depth, encoders U and Q, inferred parameters, free initial gates, c],  a layer being [W, b, s]
 *
 * W is stored row by row, W[i * out + j] from input i to output j. The first layer's inputs are the sines of all frequencies, then their
 * cosines. Outputs: V, and with `states: network` each gate in the model's order. Parts that exist only with a variant of the network:
 *   s   random weight factorisation (Wang, Wang, Seidman, Perdikaris 2022, arXiv 2210.01274): the layer's weights are W[i][j] exp(s[j])
 *   U, Q  the encoders of a modified MLP (Wang, Teng, Perdikaris 2021, arXiv 2001.04536), from the features to the width
 *   free initial gates  `states: integrated`; those of the first segment, then those of the next, ...
 *   c   trainable scale of the features: every frequency times exp(c)
 *
 * Adam moves the network's own numbers (W, b, s, c) at the stage's rate, parameters and free gates at a multiple of it. Levenberg-Marquardt
 * holds s and c: with s it would count every weight twice, and c would need a Jacobian column of its own (`heldBySecondOrder`).
 */
import type { Model, Parameter } from '../models/model.ts';
import { parameterNamed } from '../models/parameter-values.ts';
import type { Member, Shape } from './engine.ts';

/** V = VOLTAGE_CENTRE + VOLTAGE_SCALE * output + the member's driven voltage, mV: resting and spiking voltages lie within one unit of output. */
export const VOLTAGE_CENTRE = -40;
export const VOLTAGE_SCALE = 40;

export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  /** Offset of W in theta. */
  readonly weights: number;
  /** Offset of b in theta. */
  readonly biases: number;
  /** Offset of s in theta; -1 without factorisation. */
  readonly scales: number;
}

export interface Layout {
  readonly layers: readonly Layer[];
  /** U and Q of a modified MLP; empty otherwise. */
  readonly encoders: readonly Layer[];
  /** The network's layers and encoders come first: theta[0 .. networkSize). */
  readonly networkSize: number;
  readonly parameters: readonly Parameter[];
  /** Offset of the first inferred parameter. */
  readonly parameterOffset: number;
  /** Gates whose initial value is inferred, in order, the same in each segment. */
  readonly freeGates: readonly string[];
  readonly freeGateOffset: number;
  readonly segments: number;
  /** Offset of c; -1 when the frequencies are fixed. */
  readonly scaleOffset: number;
  readonly size: number;
}

export function layoutOf(shape: Shape): Layout {
  const { features, depth, width, model, infer } = shape;
  const outputs = shape.states === 'network' ? 1 + model.gates.length : 1;
  const sizes = [2 * features, ...Array.from({ length: depth }, () => width), outputs];
  let networkSize = 0;
  const place = (inputs: number, out: number): Layer => {
    const layer = layerAt(networkSize, inputs, out, shape);
    networkSize = layer.biases + out + (layer.scales < 0 ? 0 : out);
    return layer;
  };
  const layers = Array.from({ length: depth + 1 }, (_, l) => place(sizes[l]!, sizes[l + 1]!));
  const encoders = shape.architecture === 'modified-mlp' ? [place(2 * features, width), place(2 * features, width)] : [];
  const parameters = infer.map((name) => parameterNamed(model, name));
  const freeGates = freeGatesOf(shape);
  const freeGateOffset = networkSize + parameters.length;
  const freeGateEnd = freeGateOffset + shape.segments * freeGates.length;
  const scaleOffset = shape.scale === 'trainable' ? freeGateEnd : -1;
  return {
    layers,
    encoders,
    networkSize,
    parameters,
    parameterOffset: networkSize,
    freeGates,
    freeGateOffset,
    segments: shape.segments,
    scaleOffset,
    size: freeGateEnd + (scaleOffset < 0 ? 0 : 1),
  };
}

function layerAt(offset: number, inputs: number, outputs: number, { factorisation }: Shape): Layer {
  const biases = offset + inputs * outputs;
  return { inputs, outputs, weights: offset, biases, scales: factorisation === 'random-weight' ? biases + outputs : -1 };
}

function freeGatesOf({ states, initialGates, model }: Shape): string[] {
  return states === 'integrated' ? gatesFreeAtStart(model, initialGates) : [];
}

/** Gates whose first value is inferred, by `initial.gates`. */
export function gatesFreeAtStart(model: Model, initialGates: Shape['initialGates']): string[] {
  const free = (initial: 'steady' | 'free'): boolean => (initialGates === 'model' ? initial : initialGates) === 'free';
  return model.gates.filter((gate) => free(gate.initial)).map((gate) => gate.name);
}

/** Parts of theta, [from, to), that Levenberg-Marquardt leaves as they are: every s, and c. */
export function heldBySecondOrder({ layers, encoders, scaleOffset }: Layout): readonly (readonly [from: number, to: number])[] {
  const factors = [...layers, ...encoders].filter(({ scales }) => scales >= 0);
  return [
    ...factors.map(({ scales, outputs }) => [scales, scales + outputs] as const),
    ...(scaleOffset < 0 ? [] : [[scaleOffset, scaleOffset + 1] as const]),
  ];
}

/**
 * A parameter stays within its range: u = tanh(theta) runs from the range's low end (-1) to its high end (1), on a logarithmic scale for
 * a positive parameter. A value at or beyond an end is taken to just inside it, where the slope still lets it move.
 */
export function parameterToTheta(parameter: Parameter, value: number): number {
  const { centre, half } = scaleOf(parameter);
  const u = ((parameter.positive ? Math.log(value) : value) - centre) / half;
  return Math.atanh(Math.min(INNERMOST, Math.max(-INNERMOST, u)));
}

/** tanh(theta) of the values next to a range's ends. */
const INNERMOST = 0.95;

/** The range less a fortieth at either end (on the scale of the fit): what parameterToTheta can represent. */
export function innerRange(parameter: Parameter): [number, number] {
  const end = Math.atanh(INNERMOST);
  return [thetaToParameter(parameter, -end), thetaToParameter(parameter, end)];
}

export function thetaToParameter(parameter: Parameter, theta: number): number {
  const { centre, half } = scaleOf(parameter);
  const scaled = centre + half * Math.tanh(theta);
  return parameter.positive ? Math.exp(scaled) : scaled;
}

/** d parameter / d theta. */
export function parameterSlope(parameter: Parameter, theta: number): number {
  const slope = scaleOf(parameter).half * (1 - Math.tanh(theta) ** 2);
  return parameter.positive ? slope * thetaToParameter(parameter, theta) : slope;
}

/** Middle and half width of the range, on the scale that the parameter is fitted on. */
export function scaleOf({ range, positive }: Pick<Parameter, 'range' | 'positive'>): { centre: number; half: number } {
  const [low, high] = positive ? [Math.log(range[0]), Math.log(range[1])] : range;
  return { centre: (low + high) / 2, half: (high - low) / 2 };
}

/** A free initial gate lies at the logistic function of its theta, as a share of its range (gate-range.ts): for one from 0 to 1 that is the gate. */
export function thetaToGate(theta: number): number {
  return 1 / (1 + Math.exp(-theta));
}

/** d gate / d theta. */
export function gateSlope(theta: number): number {
  const gate = thetaToGate(theta);
  return gate * (1 - gate);
}

/** A gate nearer to 0 or 1 than 1e-4 is taken to there, where the slope still lets it move. */
export function gateToTheta(gate: number): number {
  const inside = Math.min(1 - 1e-4, Math.max(1e-4, gate));
  return Math.log(inside / (1 - inside));
}

/** Inferred parameters by name, in the model's units. */
export function inferredParameters(layout: Layout, theta: Float64Array): Record<string, number> {
  return Object.fromEntries(
    layout.parameters.map((parameter, p) => [parameter.name, thetaToParameter(parameter, theta[layout.parameterOffset + p]!)]),
  );
}

/** The same as a vector in the order of `layout.parameters`. */
export function inferredValues(layout: Layout, theta: Float64Array): Float64Array {
  return Float64Array.from(layout.parameters, (parameter, p) => thetaToParameter(parameter, theta[layout.parameterOffset + p]!));
}

/** Points of the collocation grid. */
export function gridSize(shape: Shape): number {
  return (shape.samples - shape.segments) * shape.perSample + shape.segments;
}

/** The first collocation point of each segment. */
export function segmentStarts({ sampleAt, segments }: Pick<Member, 'sampleAt' | 'segments'>): Int32Array {
  return segments.map((sample) => sampleAt[sample]!);
}

/** ms between the points, [M - 1]; 0 from one segment to the next: nothing happens there. */
export function gridStepsMs(member: Pick<Member, 'grid' | 'sampleAt' | 'segments'>): Float64Array {
  const { grid } = member;
  const steps = Float64Array.from({ length: grid.length - 1 }, (_, j) => grid[j + 1]! - grid[j]!);
  for (const start of segmentStarts(member)) if (start > 0) steps[start - 1] = 0;
  return steps;
}

/** Place in theta of the k-th free gate's initial value in a segment. */
export function freeGatePlace({ freeGateOffset, freeGates }: Layout, segment: number, k: number): number {
  return freeGateOffset + segment * freeGates.length + k;
}
