/**
 * A start nearer to the data: the parameters that the current balance is linear in, by least squares along the measured V, the others where they
 * are. Training takes them so too, so that their first guesses do not matter; here it keeps a point of a spiking cell from being a silent
 * one. Rough: noise and gates that start at rest bias it by tens of percent.
 */
import { cholesky, solveFactored } from '../engines/reference/dense.ts';
import { specialise } from '../models/graph.ts';
import { createScalar } from '../models/interpret.ts';
import { linearParameters, linearParts } from '../models/linear.ts';
import type { Model } from '../models/model.ts';
import { parameterNamed } from '../models/parameter-values.ts';
import { steadyGates } from '../simulate/forward.ts';
import { bridgedVoltage } from '../train/ignored.ts';
import type { Observation } from '../train/observation.ts';
import { segmentSpans } from '../train/segments.ts';

/** The balance is averaged over so long, against the noise of dV/dt. */
const BLOCK_MS = 0.3;
/** Pull towards the first guess, in shares of the mean square of a column: what the data do not tell stays there. */
const RIDGE = 1e-3;
/** A factor from the first guess beyond which, or below zero, least squares has lost its way: the first guess stays. */
const MOST_FACTOR = 50;

type Values = Readonly<Record<string, number>>;

export function balancedPoint(
  model: Model,
  observation: Observation,
  infer: readonly string[],
  parameters: Values,
): Record<string, number> {
  const positive = infer.filter((name) => parameterNamed(model, name).positive);
  const names = linearParameters(model.currentResidual, 'residual:V', positive);
  if (names.length === 0) return { ...parameters };
  const voltageMv = bridgedVoltage(observation);
  const rows = segmentSpans(observation.segments, voltageMv.length).flatMap(({ from, to }) =>
    segmentRows(model, names, parameters, {
      voltageMv: voltageMv.subarray(from, to),
      current: observation.current.subarray(from, to),
      sampleMs: observation.sampleMs,
    }),
  );
  const factors = factorsOf(rows, names.length);
  const solved = names.map((name, k) => {
    const { range } = parameterNamed(model, name);
    const factor = factors[k]! > 1 / MOST_FACTOR && factors[k]! < MOST_FACTOR ? factors[k]! : 1;
    return [name, Math.min(Math.max(parameters[name]! * factor, range[0]), range[1])] as const;
  });
  return { ...parameters, ...Object.fromEntries(solved) };
}

interface Segment {
  readonly voltageMv: Float64Array;
  readonly current: Float64Array;
  readonly sampleMs: number;
}

/** Block by block: the balance with every name at 0, then its slope by each name's factor on the first guess. */
function segmentRows(
  model: Model,
  names: readonly string[],
  parameters: Values,
  { voltageMv, current, sampleMs }: Segment,
): Float64Array[] {
  const gates = model.gates.map(({ name }) => name);
  const others = Object.fromEntries(Object.entries(parameters).filter(([name]) => !names.includes(name)));
  const balance = createScalar(specialise(linearParts(model.currentResidual, 'residual:V', names), others), ['V', ...gates, 'd:V', 'I']);
  const kinetics = openKinetics(model, parameters);
  const state = Float64Array.of(...Object.values(steadyGates(model, parameters, voltageMv[0]!)));
  const block = Math.max(3, Math.round(BLOCK_MS / sampleMs));
  const rows: Float64Array[] = [];
  const row = new Float64Array(1 + names.length);
  let sum = new Float64Array(row.length);
  for (let i = 1; i + 1 < voltageMv.length; i++) {
    kinetics(state, (voltageMv[i - 1]! + voltageMv[i]!) / 2, sampleMs);
    const rate = (voltageMv[i + 1]! - voltageMv[i - 1]!) / (2 * sampleMs);
    balance(Float64Array.of(voltageMv[i]!, ...state, rate, current[i]!), row);
    for (let k = 0; k < row.length; k++) sum[k]! += (row[k]! * (k === 0 ? 1 : parameters[names[k - 1]!]!)) / block;
    if (i % block > 0) continue;
    rows.push(sum);
    sum = new Float64Array(row.length);
  }
  return rows;
}

/** One step of exponential Euler at a held V; a gate reads those before it. */
function openKinetics(model: Model, parameters: Values): (state: Float64Array, V: number, stepMs: number) => void {
  const program = specialise(model.gateRates, parameters);
  const evaluate = createScalar(program, ['V', ...model.gates.map(({ name }) => name)]);
  const outputs = new Float64Array(program.outputs.length);
  const at = (output: string): number => program.outputs.findIndex(({ name }) => name === output);
  const places = model.gates.map(({ name }) => ({ steady: at(`inf:${name}`), rate: at(`rate:${name}`) }));
  return (state, V, stepMs) => {
    evaluate(Float64Array.of(V, ...state), outputs);
    places.forEach(({ steady, rate }, g) => {
      state[g] = outputs[steady]! + (state[g]! - outputs[steady]!) * Math.exp(-outputs[rate]! * stepMs);
    });
  };
}

/** Least squares for the factors, pulled towards 1. */
function factorsOf(rows: readonly Float64Array[], n: number): Float64Array {
  const A = new Float64Array(n * n);
  const b = new Float64Array(n);
  for (const row of rows)
    for (let p = 0; p < n; p++) {
      b[p]! -= row[1 + p]! * row[0]!;
      for (let q = 0; q < n; q++) A[p * n + q]! += row[1 + p]! * row[1 + q]!;
    }
  for (let p = 0; p < n; p++) {
    const pull = RIDGE * A[p * n + p]! + 1e-12;
    A[p * n + p]! += pull;
    b[p]! += pull;
  }
  if (!cholesky(A, n)) return new Float64Array(n).fill(1);
  solveFactored(A, n, b);
  return b.every(Number.isFinite) ? b : new Float64Array(n).fill(1);
}
