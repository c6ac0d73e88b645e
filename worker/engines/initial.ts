/**
 * Where a replica begins: frequencies and weights drawn from its seed, parameters from their start values, gates at the steady state of
 * the first sample. Every engine starts from these numbers, in float64.
 */
import { randomStream } from '../../schemas/random.ts';
import { steadyGates } from '../simulate/forward.ts';
import type { Shape } from './engine.ts';
import { shareOfValue } from './gate-range.ts';
import { freeGatePlace, gateToTheta, layoutOf, parameterToTheta, type Layer } from './layout.ts';

/** Standard deviation of the initial biases. */
const BIAS_SD = 0.1;
/** Of s, the logarithm of a neuron's factor. */
const [FACTOR_MEAN, FACTOR_SD] = [1, 0.1];

/**
 * Random Fourier frequencies in cycles per ms: one drawn uniformly from each of `count` equal parts of 0 to the bandwidth (kHz). Drawn
 * independently of each other, normal as in Tancik et al. 2020, eq. 5, they leave gaps: with 24 of them spikes of a noiseless axon are then
 * missed by 0.07 mV in some seeds, and gNa by 1 %, which strong physics turns into a bias; like this 0.01 % (3 draws each).
 */
export function initialFrequencies(seed: number, count: number, bandwidthKhz: number): Float64Array {
  const stream = randomStream(seed, 'frequencies');
  return Float64Array.from({ length: count }, (_, k) => (bandwidthKhz * (k + stream.uniform(k))) / count);
}

/** Harmonics of twice the window, in cycles per ms: their sines and cosines hold every function on the window, periodic or not. */
export function harmonicFrequencies(count: number, windowMs: number): Float64Array {
  return Float64Array.from({ length: count }, (_, k) => (k + 1) / (2 * windowMs));
}

/**
 * theta at the start: weights normal with variance 1 / inputs (LeCun et al. 1998, 4.6), parameters at `starts` (model's units), free gates
 * at their steady state at `firstMv`, V at the beginning of each segment, the frequencies' scale at 1. Factorised weights act as the others do, on factors exp(s) with s normal
 * of mean 1 and s.d. 0.1 (Wang et al. 2022, section 5).
 */
export function initialTheta(
  shape: Shape,
  seed: number,
  starts: Readonly<Record<string, number>>,
  fixed: Readonly<Record<string, number>>,
  firstMv: readonly number[],
): Float64Array {
  const layout = layoutOf(shape);
  const theta = new Float64Array(layout.size);
  layout.layers.forEach((layer, l) => drawLayer(layer, seed, String(l), theta));
  layout.encoders.forEach((layer, e) => drawLayer(layer, seed, `encoder ${e}`, theta));
  layout.parameters.forEach((parameter, p) => {
    const start = starts[parameter.name];
    if (start === undefined) throw new Error(`internal: no start value for ${parameter.name}`);
    theta[layout.parameterOffset + p] = parameterToTheta(parameter, start);
  });
  if (layout.freeGates.length > 0)
    firstMv.forEach((V, s) => {
      const steady = steadyGates(shape.model, { ...fixed, ...starts }, V);
      shape.model.gates.forEach((gate) => {
        const k = layout.freeGates.indexOf(gate.name);
        if (k >= 0) theta[freeGatePlace(layout, s, k)] = gateToTheta(shareOfValue(gate, steady[gate.name]!));
      });
    });
  return theta;
}

function drawLayer({ inputs, outputs, weights, biases, scales }: Layer, seed: number, name: string, theta: Float64Array): void {
  const drawn = randomStream(seed, `weights ${name}`);
  const shifts = randomStream(seed, `biases ${name}`);
  const scale = 1 / Math.sqrt(inputs);
  for (let i = 0; i < inputs * outputs; i++) theta[weights + i] = scale * drawn.normal(i);
  for (let j = 0; j < outputs; j++) theta[biases + j] = BIAS_SD * shifts.normal(j);
  if (scales < 0) return;
  const factors = randomStream(seed, `scales ${name}`);
  for (let j = 0; j < outputs; j++) theta[scales + j] = FACTOR_MEAN + FACTOR_SD * factors.normal(j);
  for (let i = 0; i < inputs * outputs; i++) theta[weights + i]! /= Math.exp(theta[scales + (i % outputs)]!);
}
