/**
 * The information floor: how well any unbiased method can know parameters and initial values from V alone, when V has independent
 * Gaussian noise. Fisher information by central differences of the forward solution, the Cramer-Rao bound by its inverse.
 *
 * Unknowns are in scaled units: log for positive parameters, share of the range for other parameters, mV for V and 1 for gates at
 * t = 0. Error of the differences: at steps of 1e-4 and tolerance 1e-10 the bounds are off by about 1e-4 of themselves (those with half
 * and double the step differ by 5e-4, see tests/worker/simulate/fisher.test.ts).
 */
import { listed } from '../../schemas/wording.ts';
import type { Model, Parameter } from '../models/model.ts';
import { parameterNamed, parameterValues } from '../models/parameter-values.ts';
import { simulate, steadyGates } from './forward.ts';
import { symmetricEigen } from './symmetric-eigen.ts';
import type { SymmetricEigen } from './symmetric-eigen.ts';

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
  /** step of the differences in scaled units */
  readonly step?: number;
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

const STEP = 1e-4;
const TOLERANCE = 1e-10;

/**
 * Eigenvalues of the information, scaled to a diagonal of 1, below this are errors of the differences: the direction is not
 * identifiable. An exact degeneracy (conductances, capacitance and EL under constant current) comes out at 4e-13; the weakest
 * direction that is identifiable (three conductances, three reversal potentials, four initial values) at 4e-6.
 */
const SINGULAR = 1e-10;

/** Parts of such a direction below this are errors too: they come out at 2e-6, real ones at 0.06 and more. */
const SINGULAR_PART = 1e-4;

interface Unknown {
  readonly label: string;
  /** One scaled unit in reported units: 1 for positive parameters (relative), the range for others, 1 for states. */
  readonly unit: number;
  readonly suffix: string;
  readonly isParameter: boolean;
  shift(start: Start, delta: number): Start;
}

interface Start {
  readonly parameters: Readonly<Record<string, number>>;
  readonly initial: Readonly<Record<string, number>>;
}

/** Costs two simulations for each unknown at tolerance 1e-10. */
export function cramerRao(model: Model, request: BoundRequest): BoundOutcome {
  if (request.infer.length === 0) throw new Error('internal: a bound needs an unknown parameter');
  const start = startOf(model, request);
  const unknowns = [...request.infer.map((name) => parameterUnknown(model, name)), ...request.freeInitial.map(stateUnknown)];
  const columns: Float64Array[] = [];
  for (const unknown of unknowns) {
    const column = sensitivity(model, request, start, unknown);
    if ('kind' in column) return column;
    columns.push(column);
  }
  const information = informationOf(columns, request.sigmaMv);
  return describe(unknowns, covarianceOf(information, unknowns.length));
}

/** Free initial values need a number to be shifted; tied gates must stay out of `initial`. */
function startOf(model: Model, { parameters, initial = {}, freeInitial }: BoundRequest): Start {
  const values = parameterValues(model, parameters);
  const V = initial['V'] ?? model.rest;
  const steady = steadyGates(model, values, V);
  const free = freeInitial.map((name) => [name, initial[name] ?? (name === 'V' ? V : steady[name])] as const);
  return { parameters: values, initial: { V, ...initial, ...Object.fromEntries(free) } };
}

function parameterUnknown(model: Model, name: string): Unknown {
  const parameter = parameterNamed(model, name);
  const moved = movedParameter(parameter);
  return {
    label: name,
    unit: parameter.positive ? 1 : parameter.range[1] - parameter.range[0],
    suffix: parameter.positive ? '%' : parameter.unit,
    isParameter: true,
    shift: ({ parameters, initial }, delta) => ({ parameters: { ...parameters, [name]: moved(parameters[name]!, delta) }, initial }),
  };
}

function movedParameter({ positive, range }: Parameter): (value: number, delta: number) => number {
  return positive ? (value, delta) => value * Math.exp(delta) : (value, delta) => value + delta * (range[1] - range[0]);
}

function stateUnknown(name: string): Unknown {
  return {
    label: `${name}(0)`,
    unit: 1,
    suffix: name === 'V' ? 'mV' : '',
    isParameter: false,
    shift: ({ parameters, initial }, delta) => ({ parameters, initial: { ...initial, [name]: initial[name]! + delta } }),
  };
}

/** dV/d unknown in mV per scaled unit, one value per sample. */
function sensitivity(
  model: Model,
  request: BoundRequest,
  start: Start,
  unknown: Unknown,
): Float64Array | (BoundOutcome & { kind: 'failed' }) {
  const { current, sampleMs, step = STEP } = request;
  const [up, down] = [step, -step].map((delta) =>
    simulate(model, { ...unknown.shift(start, delta), current, sampleMs, rtol: TOLERANCE, atol: TOLERANCE }),
  );
  if (up === undefined || down === undefined) throw new Error('internal: a central difference has two sides');
  if (up.kind === 'failed') return up;
  if (down.kind === 'failed') return down;
  const below = down.states['V']!;
  return up.states['V']!.map((above, i) => (above - below[i]!) / (2 * step));
}

/** F = J^T J / sigma^2; shape n x n, row-major. */
function informationOf(columns: readonly Float64Array[], sigmaMv: number): Float64Array {
  const n = columns.length;
  const F = new Float64Array(n * n);
  columns.forEach((a, p) =>
    columns.forEach((b, q) => {
      let sum = 0;
      for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
      F[p * n + q] = sum / sigmaMv ** 2;
    }),
  );
  return F;
}

/** The inverse, by the eigenvectors of F scaled to a diagonal of 1; variance is Infinity along directions without information. */
function covarianceOf(F: Float64Array, n: number): Float64Array {
  const scale = Array.from({ length: n }, (_, k) => 1 / Math.sqrt(F[k * n + k]!));
  if (scale.some((s) => !Number.isFinite(s))) return uninformed(F, n);
  const eigen = symmetricEigen(
    F.map((value, at) => value * scale[Math.floor(at / n)]! * scale[at % n]!),
    n,
  );
  return F.map((_, at) => {
    const p = Math.floor(at / n);
    const q = at % n;
    return scale[p]! * scale[q]! * inverseEntry(eigen, n, p, q);
  });
}

function inverseEntry({ values, vectors }: SymmetricEigen, n: number, p: number, q: number): number {
  let sum = 0;
  for (let k = 0; k < n; k++) {
    const [a, b] = [vectors[k * n + p]!, vectors[k * n + q]!];
    if (values[k]! > SINGULAR) sum += (a * b) / values[k]!;
    else if (p === q && Math.abs(a) > SINGULAR_PART) return Infinity;
  }
  return sum;
}

/** Some unknown does not move V at all: it is Infinity, the others are bounded without it. */
function uninformed(F: Float64Array, n: number): Float64Array {
  const seen = Array.from({ length: n }, (_, k) => k).filter((k) => F[k * n + k]! > 0);
  const reduced = Float64Array.from(seen.flatMap((p) => seen.map((q) => F[p * n + q]!)));
  const inner = covarianceOf(reduced, seen.length);
  const C = new Float64Array(n * n);
  for (let k = 0; k < n; k++) C[k * n + k] = Infinity;
  seen.forEach((p, a) => seen.forEach((q, b) => (C[p * n + q] = inner[a * seen.length + b]!)));
  return C;
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
