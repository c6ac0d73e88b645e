/** Activation functions with their exact first and second derivatives, in float64. */
import type { Shape } from '../engine.ts';

/** Writes act(z), act'(z) and act''(z) of one element. */
export type Activation = (z: number, to: Derivatives) => void;

export interface Derivatives {
  value: number;
  slope: number;
  curvature: number;
}

export const ACTIVATIONS: Readonly<Record<Shape['activation'], Activation>> = {
  tanh(z, to) {
    const value = Math.tanh(z);
    to.value = value;
    to.slope = 1 - value * value;
    to.curvature = -2 * value * to.slope;
  },
  sin(z, to) {
    to.value = Math.sin(z);
    to.slope = Math.cos(z);
    to.curvature = -to.value;
  },
  /** z sigmoid(z) (Ramachandran, Zoph, Le 2017, arXiv 1710.05941, with beta = 1). */
  swish(z, to) {
    const s = 1 / (1 + Math.exp(-z));
    const ds = s * (1 - s);
    to.value = z * s;
    to.slope = s + z * ds;
    to.curvature = ds * (2 + z * (1 - 2 * s));
  },
  /** z Phi(z), Phi the normal distribution function (Hendrycks, Gimpel 2016, arXiv 1606.08415). */
  gelu(z, to) {
    const below = (1 + erf(z * Math.SQRT1_2)) / 2;
    const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    to.value = z * below;
    to.slope = below + z * density;
    to.curvature = density * (2 - z * z);
  },
};

/** Beyond this 1 - erf(x) is below half a unit in the last place of 1. */
const ERF_IS_ONE = 6;

/**
 * The error function: 2 / sqrt(pi) exp(-x^2) sum over n of 2^n x^(2n+1) / (1 3 5 ... (2n+1)) (Abramowitz, Stegun, 7.1.6), whose terms have
 * one sign, so that nothing cancels.
 */
export function erf(x: number): number {
  if (!(Math.abs(x) < ERF_IS_ONE)) return Number.isNaN(x) ? x : Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
