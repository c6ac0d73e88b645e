/**
 * Where each number of a replica lives in its flat vector theta, and how a number of theta becomes a parameter or an initial gate.
 * Every engine uses this one layout, so that states move between engines.
 *
 * theta = [W0, b0, W1, b1, ..., W(depth), b(depth), inferred parameters, free initial gates]
 * W(l) is stored row by row, W(l)[i * out + j] from input i to output j. The first layer's inputs are the sines of all frequencies,
 * then their cosines. Outputs: V, and with `states: network` each gate in the model's order.
 * Free initial gates exist with `states: integrated` only.
 */
import type { Parameter } from '../models/model.ts';
import { parameterNamed } from '../models/parameter-values.ts';
import type { Member, Shape } from './engine.ts';

/** V = VOLTAGE_CENTRE + VOLTAGE_SCALE * output, mV: resting and spiking voltages lie within one unit of output. */
export const VOLTAGE_CENTRE = -40;
export const VOLTAGE_SCALE = 40;

export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  /** Offset of W in theta. */
  readonly weights: number;
  /** Offset of b in theta. */
  readonly biases: number;
}

export interface Layout {
  readonly layers: readonly Layer[];
  /** Network weights come first: theta[0 .. networkSize). */
  readonly networkSize: number;
  readonly parameters: readonly Parameter[];
  /** Offset of the first inferred parameter. */
  readonly parameterOffset: number;
  /** Gates whose initial value is inferred, in order. */
  readonly freeGates: readonly string[];
  readonly freeGateOffset: number;
  readonly size: number;
}

export function layoutOf(shape: Shape): Layout {
  const outputs = shape.states === 'network' ? 1 + shape.model.gates.length : 1;
  const sizes = [2 * shape.features, ...Array.from({ length: shape.depth }, () => shape.width), outputs];
  const layers: Layer[] = [];
  let offset = 0;
  for (let l = 0; l + 1 < sizes.length; l++) {
    const inputs = sizes[l]!;
    const out = sizes[l + 1]!;
    layers.push({ inputs, outputs: out, weights: offset, biases: offset + inputs * out });
    offset += (inputs + 1) * out;
  }
  const parameters = shape.infer.map((name) => parameterNamed(shape.model, name));
  const freeGates =
    shape.states === 'integrated' ? shape.model.gates.filter((gate) => gate.initial === 'free').map((gate) => gate.name) : [];
  const freeGateOffset = offset + parameters.length;
  return {
    layers,
    networkSize: offset,
    parameters,
    parameterOffset: offset,
    freeGates,
    freeGateOffset,
    size: freeGateOffset + freeGates.length,
  };
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
function scaleOf({ range, positive }: Parameter): { centre: number; half: number } {
  const [low, high] = positive ? [Math.log(range[0]), Math.log(range[1])] : range;
  return { centre: (low + high) / 2, half: (high - low) / 2 };
}

/** A free initial gate is the logistic function of its theta. */
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
  return (shape.samples - 1) * shape.perSample + 1;
}

/** ms between them. */
export function gridStepMs({ perSample }: Shape, { sampleMs }: Member): number {
  return sampleMs / perSample;
}
