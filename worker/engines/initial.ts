/**
 * Where a replica begins: frequencies and weights drawn from its seed, parameters from their start values, gates at the steady state of
 * the first sample. Every engine starts from these numbers, in float64.
 */
import { randomStream } from '../../schemas/random.ts';
import { steadyGates } from '../simulate/forward.ts';
import type { Shape } from './engine.ts';
import { gateToTheta, layoutOf, parameterToTheta } from './layout.ts';

/** Standard deviation of the initial biases. */
const BIAS_SD = 0.1;

/** Random Fourier frequencies in cycles per ms, normal with the given standard deviation in kHz (Tancik et al. 2020, eq. 5). */
export function initialFrequencies(seed: number, count: number, bandwidthKhz: number): Float64Array {
  const stream = randomStream(seed, 'frequencies');
  return Float64Array.from({ length: count }, (_, k) => bandwidthKhz * stream.normal(k));
}

/**
 * theta at the start: weights normal with variance 1 / inputs (LeCun et al. 1998, 4.6), parameters at `starts` (model's units), free gates
 * at their steady state at `firstMv`.
 */
export function initialTheta(
  shape: Shape,
  seed: number,
  starts: Readonly<Record<string, number>>,
  fixed: Readonly<Record<string, number>>,
  firstMv: number,
): Float64Array {
  const layout = layoutOf(shape);
  const theta = new Float64Array(layout.size);
  layout.layers.forEach((layer, l) => {
    const weights = randomStream(seed, `weights ${l}`);
    const biases = randomStream(seed, `biases ${l}`);
    const scale = 1 / Math.sqrt(layer.inputs);
    for (let i = 0; i < layer.inputs * layer.outputs; i++) theta[layer.weights + i] = scale * weights.normal(i);
    for (let j = 0; j < layer.outputs; j++) theta[layer.biases + j] = BIAS_SD * biases.normal(j);
  });
  layout.parameters.forEach((parameter, p) => {
    const start = starts[parameter.name];
    if (start === undefined) throw new Error(`internal: no start value for ${parameter.name}`);
    theta[layout.parameterOffset + p] = parameterToTheta(parameter, start);
  });
  if (layout.freeGates.length > 0) {
    const steady = steadyGates(shape.model, { ...fixed, ...starts }, firstMv);
    layout.freeGates.forEach((name, k) => (theta[layout.freeGateOffset + k] = gateToTheta(steady[name]!)));
  }
  return theta;
}
