/**
 * The Fisher information about parameters in one stretch of V with unknown initial states: sensitivities with the part that initial states
 * could account for taken out (their least-squares projection), so that the informations of stretches add up.
 */
import type { Model } from '../models/model.ts';
import { parameterValues } from '../models/parameter-values.ts';
import { steadyGates } from '../simulate/forward.ts';
import { openSensitivities, type Sensitivities } from '../simulate/sensitivity.ts';
import { dot, multiply, norm, subtract } from './columns.ts';
import { borderStep, type Unknown } from './unknown.ts';

export interface Stretch {
  /** in the model's unit, one value per sample */
  readonly current: Float64Array;
  readonly sampleMs: number;
  /** mV, one value per sample; a stretch that was not measured may have fewer */
  readonly voltageMv: Float64Array;
  /** 1 for a sample at which V is known; beyond its end all are, and all when absent */
  readonly counted?: Uint8Array;
  /** samples of the data that each sample here stands for */
  readonly every: number;
}

export type Information =
  | {
      readonly kind: 'done';
      /** per mV^-2 of noise variance; rows and columns are unknowns in borders, n x n */
      readonly matrix: Float64Array;
      /** mV, simulated */
      readonly voltageMv: Float64Array;
      /** largest change of V by one border of each unknown, beyond what initial states could do, mV */
      readonly reachMv: Float64Array;
    }
  | { readonly kind: 'failed'; readonly reason: string };

/** Looser than a fit: the error of V is below a thousandth of a mV, and exact dependencies stay exact at any tolerance. */
const TOLERANCE = 1e-6;
/** A Hodgkin-Huxley neuron takes 10 to 15 at this tolerance; a stiff draw that wants many more is passed over. */
const STEPS_PER_MS = 150;
const STEPS_AT_LEAST = 2000;

/** Compiled once, asked at many parameter values. `parameters` holds every parameter of the model. */
export function openInformation(
  model: Model,
  unknowns: readonly Unknown[],
  stretch: Stretch,
): (parameters: Readonly<Record<string, number>>) => Information {
  const infer = unknowns.map(({ name }) => name);
  const freeInitial = ['V', ...model.gates.filter(({ initial }) => initial === 'free').map(({ name }) => name)];
  const { current, sampleMs, voltageMv, counted, every } = stretch;
  const firstMv = voltageMv[0]!;
  const maxSteps = STEPS_AT_LEAST + STEPS_PER_MS * current.length * sampleMs;
  const open = (fixed: Readonly<Record<string, number>>): Sensitivities =>
    openSensitivities(model, { fixed, infer, freeInitial, current, sampleMs, rtol: TOLERANCE, atol: TOLERANCE, maxSteps });
  let opened: Sensitivities | undefined; // what is not inferred is the same at every point
  return (parameters) => {
    opened ??= open(parameters);
    const steady = steadyGates(model, parameterValues(model, parameters), firstMv);
    const start = freeInitial.map((name) => (name === 'V' ? firstMv : steady[name]!));
    const solution = opened.solve(Float64Array.of(...infer.map((name) => parameters[name]!), ...start));
    if (solution.kind === 'failed') return solution;
    const columns = Array.from({ length: infer.length + freeInitial.length }, (_, k) =>
      solution.jacobian.slice(k * current.length, (k + 1) * current.length),
    );
    for (const column of columns) counted?.forEach((one, i) => (column[i]! *= one));
    const slopes = columns.slice(0, infer.length);
    slopes.forEach((column, k) => multiply(column, borderStep(unknowns[k]!, parameters[infer[k]!]!)));
    projectOut(slopes, columns.slice(infer.length));
    const reachMv = Float64Array.from(slopes, (column) => column.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
    if (slopes.some((column) => !column.every(Number.isFinite))) return { kind: 'failed', reason: 'not-finite' };
    return { kind: 'done', matrix: gram(slopes, every), voltageMv: solution.V, reachMv };
  };
}

/** Share of its length that is left of an initial state's column when others account for it: such a column says nothing of its own. */
const SPENT = 1e-9;

/** Twice, so that what rounding leaves of an almost parallel column is taken out too. */
function projectOut(columns: readonly Float64Array[], by: readonly Float64Array[]): void {
  const directions: Float64Array[] = [];
  for (const column of by) {
    const before = norm(column);
    for (const direction of [...directions, ...directions]) subtract(column, direction);
    const after = norm(column);
    if (!(after > SPENT * before)) continue;
    multiply(column, 1 / after);
    directions.push(column);
  }
  for (const column of columns) for (const direction of [...directions, ...directions]) subtract(column, direction);
}

function gram(columns: readonly Float64Array[], weight: number): Float64Array {
  return Float64Array.from(columns.flatMap((a) => columns.map((b) => weight * dot(a, b))));
}
