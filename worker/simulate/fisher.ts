/**
 * The information floor: how well any unbiased method can know parameters and initial values from V alone, when V has independent
 * Gaussian noise. Fisher information by forward sensitivities, the Cramer-Rao bound by its inverse.
 *
 * Unknowns are in scaled units: log for positive parameters, share of the range for other parameters, mV for V and 1 for gates at t = 0.
 */
import { listed } from '../../schemas/wording.ts';
import { priorSlope, type Prior } from '../engines/prior.ts';
import type { Model } from '../models/model.ts';
import { parameterNamed, parameterValues } from '../models/parameter-values.ts';
import { covarianceOf, normalMatrix } from './covariance.ts';
import { steadyGates } from './forward.ts';
import { openSensitivities } from './sensitivity.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

export interface BoundRequest {
  /** by name, in the model's units; the model's own value for a name not given */
  readonly parameters: Readonly<Record<string, number>>;
  /** names of the unknown parameters */
  readonly infer: readonly string[];
  /** V (mV) and gates at t = 0; the model's rest and steady states where not given */
  readonly initial?: Readonly<Record<string, number>>;
  /** states whose initial values are unknown too; a steady gate that is not among them and not given stays tied to V(0) */
  readonly freeInitial: readonly string[];
  /** in the model's unit, one value per sample */
  readonly current: Float64Array;
  readonly sampleMs: number;
  readonly sigmaMv: number;
  /** 1 for a sample at which V is known, one per sample; all are when absent */
  readonly counted?: Uint8Array;
  /** of parameters of `infer`: the bound is then that of the posterior */
  readonly priors?: readonly Prior[];
}

export type BoundOutcome =
  | {
      readonly kind: 'done';
      /** Per unknown: relative for positive parameters, else in the parameter's or state's unit. Initial values are `V(0)`, `m(0)`, ... Infinity where V says nothing. */
      readonly standardErrors: Readonly<Record<string, number>>;
      /** By pair of unknowns, in the order of the unknowns. */
      readonly correlations: readonly { readonly a: string; readonly b: string; readonly value: number }[];
      /** The combination of parameters that V says least about: one standard error along it. */
      readonly weakest: { readonly direction: Readonly<Record<string, number>>; readonly words: string };
    }
  | { readonly kind: 'failed'; readonly atMs: number; readonly reason: string };

interface Unknown {
  readonly label: string;
  /** where the bound is asked for, in the model's unit */
  readonly value: number;
  /** One scaled unit in the model's unit: the value of positive parameters, the range of others, 1 of states. */
  readonly scale: number;
  /** One scaled unit in reported units: 1 for positive parameters (relative), the range for others, 1 for states. */
  readonly unit: number;
  readonly suffix: string;
  readonly isParameter: boolean;
}

/** Costs one integration of states and sensitivities. */
export function cramerRao(model: Model, request: BoundRequest): BoundOutcome {
  const own = informationOf(model, request);
  return own.kind === 'failed' ? own : describe(own.unknowns, covarianceOf(own.matrix, own.unknowns.length));
}

/**
 * The bound of stretches that share their unknown parameters and have initial values of their own, named `V(0)` and so on in each. `infer` of all
 * is that of the first, whose priors count. Costs an integration for each.
 */
export function jointCramerRao(model: Model, [first, ...rest]: readonly [BoundRequest, ...BoundRequest[]]): BoundOutcome {
  const p = first.infer.length;
  const parts: Informed[] = [];
  for (const request of [first, ...rest.map((one) => ({ ...one, infer: first.infer, priors: [] }))]) {
    const own = informationOf(model, request);
    if (own.kind === 'failed') return own;
    parts.push(own);
  }
  const unknowns = [...parts[0]!.unknowns.slice(0, p), ...parts.flatMap((part) => part.unknowns.slice(p))];
  const n = unknowns.length;
  const matrix = new Float64Array(n * n);
  let offset = 0;
  for (const part of parts) {
    const m = part.unknowns.length;
    const place = (k: number): number => (k < p ? k : k + offset);
    part.matrix.forEach((value, at) => (matrix[place(Math.floor(at / m)) * n + place(at % m)]! += value));
    offset += m - p;
  }
  return describe(unknowns, covarianceOf(matrix, n));
}

interface Informed {
  readonly kind: 'done';
  readonly unknowns: readonly Unknown[];
  /** Fisher information, of scaled unknowns; n x n, row-major */
  readonly matrix: Float64Array;
}

function informationOf(model: Model, request: BoundRequest): Informed | Extract<BoundOutcome, { kind: 'failed' }> {
  if (request.infer.length === 0) throw new Error('internal: a bound needs an unknown parameter');
  const { infer, freeInitial, current, sampleMs, sigmaMv, counted, initial = {}, priors = [] } = request;
  const unknowns = unknownsOf(model, request);
  const known = Object.fromEntries(Object.entries(initial).filter(([name]) => !freeInitial.includes(name)));
  const sensitivities = openSensitivities(model, { fixed: request.parameters, infer, freeInitial, initial: known, current, sampleMs });
  const solution = sensitivities.solve(Float64Array.from(unknowns, ({ value }) => value));
  if (solution.kind === 'failed') return solution;
  const columns = solution.jacobian.map((slope, at) =>
    counted?.[at % current.length] === 0 ? 0 : (slope * unknowns[Math.floor(at / current.length)]!.scale) / sigmaMv,
  );
  const information = normalMatrix(columns, unknowns.length);
  for (const prior of priors) {
    const { value, scale } = unknowns[prior.parameter]!;
    information[prior.parameter * (unknowns.length + 1)]! += (priorSlope(prior, value) * scale) ** 2;
  }
  return { kind: 'done', unknowns, matrix: information };
}

function unknownsOf(model: Model, { parameters, infer, freeInitial, initial = {} }: BoundRequest): Unknown[] {
  const values = parameterValues(model, parameters);
  const V = initial['V'] ?? model.rest;
  const steady = steadyGates(model, values, V);
  return [
    ...infer.map((name) => parameterUnknown(model, name, values[name]!)),
    ...freeInitial.map((name) => stateUnknown(name, initial[name] ?? (name === 'V' ? V : steady[name]!))),
  ];
}

function parameterUnknown(model: Model, name: string, value: number): Unknown {
  const { positive, range, unit } = parameterNamed(model, name);
  const width = range[1] - range[0];
  const scale = positive ? value : width;
  return { label: name, value, scale, unit: positive ? 1 : width, suffix: positive ? '%' : unit, isParameter: true };
}

function stateUnknown(name: string, value: number): Unknown {
  return { label: `${name}(0)`, value, scale: 1, unit: 1, suffix: name === 'V' ? 'mV' : '', isParameter: false };
}

function describe(unknowns: readonly Unknown[], C: Float64Array): BoundOutcome {
  const n = unknowns.length;
  const sd = (k: number): number => Math.sqrt(C[k * n + k]!);
  const pairs = unknowns.flatMap((a, p) =>
    unknowns.slice(p + 1).map((b, q) => ({ a: a.label, b: b.label, value: C[p * n + p + 1 + q]! / (sd(p) * sd(p + 1 + q)) })),
  );
  return {
    kind: 'done',
    standardErrors: Object.fromEntries(unknowns.map((unknown, k) => [unknown.label, sd(k) * unknown.unit])),
    correlations: pairs,
    weakest: weakestOf(unknowns, C),
  };
}

/** Largest eigenvector of the parameters' block of the covariance: initial values are left free, not fixed. */
function weakestOf(unknowns: readonly Unknown[], C: Float64Array): { direction: Record<string, number>; words: string } {
  const n = unknowns.length;
  const among = unknowns.flatMap((unknown, k) => (unknown.isParameter ? [k] : []));
  const lost = among.filter((k) => C[k * n + k] === Infinity).map((k) => unknowns[k]!.label);
  if (lost.length > 0)
    return {
      direction: Object.fromEntries(lost.map((label) => [label, Infinity])),
      words: `this voltage does not determine ${listed(lost, 'and')}`,
    };
  const block = Float64Array.from(among.flatMap((p) => among.map((q) => C[p * n + q]!)));
  const { values, vectors } = symmetricEigen(block, among.length);
  const top = among.length - 1;
  const length = Math.sqrt(values[top] ?? 0);
  const entries = among.map((k, j) => ({ unknown: unknowns[k]!, value: vectors[top * among.length + j]! * length * unknowns[k]!.unit }));
  // an eigenvector has no sign of its own: let its largest part go up
  const largest = entries.reduce((a, b) => (Math.abs(b.value / b.unknown.unit) > Math.abs(a.value / a.unknown.unit) ? b : a), entries[0]!);
  const sign = largest.value < 0 ? -1 : 1;
  return {
    direction: Object.fromEntries(entries.map(({ unknown, value }) => [unknown.label, sign * value])),
    words: wordsOf(entries.map(({ unknown, value }) => ({ unknown, value: sign * value }))),
  };
}

/** e.g. "gNa +0.78 %, gK +0.2 % and gL +4.1 % together cannot be told from the noise" */
function wordsOf(entries: readonly { unknown: Unknown; value: number }[]): string {
  const terms = entries.map(({ unknown, value }) => {
    const amount = unknown.suffix === '%' ? 100 * value : value;
    return `${unknown.label} ${amount < 0 ? '-' : '+'}${Number(Math.abs(amount).toPrecision(2))} ${unknown.suffix}`.trimEnd();
  });
  return `${listed(terms, 'and')}${terms.length > 1 ? ' together' : ''} cannot be told from the noise`;
}
