/**
 * What a calibration holds for. Errors depend on all that makes an estimate, so that model, free parameters, fixed values, network, training, finish and
 * acceptance must be the same, value by value; and on the data, which are never the same: their length, sampling, noise and current must
 * be near. Not asked: name and seed of the sweep, engine, and which stretches are held out.
 */
import { canonicalJson, contentId } from '../../schemas/content-id.ts';
import type { Violation } from '../../schemas/errors.ts';
import type { CalibrationConditions, CurrentMoments, DataKind, DataUnit, ResolvedSweep } from '../../schemas/generated/types.ts';

/** Noise may be larger or smaller by this factor: its size itself is in the standard errors. */
const NOISE_FACTOR = 1.5;
/** Moments of the current may differ by this share of its root mean square. */
const CURRENT_SHARE = 0.1;
/** Of a calibration's moments, which are compared and hashed. */
const DIGITS = 6;

/** `currentOf` a unit: moments of the current over its window. */
export function calibrationConditions(resolved: ResolvedSweep, currentOf: (unit: DataUnit) => CurrentMoments): CalibrationConditions {
  const same = sameOf(resolved);
  const kinds = resolved.problem.data.map((unit) => kindOf(unit, currentOf(unit)));
  const distinct = new Map(kinds.map((kind) => [canonicalJson(kind), kind]));
  return { id: contentId(same), same, data: [...distinct.values()] };
}

function sameOf({ problem, space, sampler, training, finish, methods, accept }: ResolvedSweep): Record<string, string> {
  const { infer, fixed, tied = [], model } = problem;
  const entries: [string, unknown][] = [
    ['problem.model', model],
    ['problem.infer', infer.map(({ name }) => name)],
    ...infer.flatMap(({ name, start, prior }): [string, unknown][] => [
      [`problem.infer.${name}.start`, start],
      ...(prior === undefined ? [] : [[`problem.infer.${name}.prior`, prior] as [string, unknown]]),
    ]),
    ...Object.entries(fixed).map(([name, value]): [string, unknown] => [`problem.fixed.${name}`, value]),
    ...tied.map(({ name, equation }): [string, unknown] => [`problem.tied.${name}`, equation]),
    ...Object.entries(space).map(([axis, value]): [string, unknown] => [`space.${axis}`, value]),
    ['sampler', sampler],
    ['training', training],
    ['finish', finish ?? 'none'],
    ['methods', methods ?? {}],
    ...Object.entries(accept).map(([key, value]): [string, unknown] => [`accept.${key}`, value]),
  ];
  return Object.fromEntries(entries.map(([key, value]) => [key, canonicalJson(value)]));
}

function kindOf({ samples, sampleMs, segments = [0], sigmaMv }: DataUnit, current: CurrentMoments): DataKind {
  const rounded = (value: number): number => Number(value.toPrecision(DIGITS));
  const { mean, sd, change } = current;
  return {
    samples,
    sampleMs,
    windows: segments.length,
    sigmaMv: rounded(sigmaMv),
    current: { mean: rounded(mean), sd: rounded(sd), change: rounded(change) },
  };
}

/** Everything in which a run differs from what a calibration was made with; `made` is the calibration's. */
export function conditionViolations(run: CalibrationConditions, made: CalibrationConditions): Violation[] {
  const keys = [...new Set([...Object.keys(made.same), ...Object.keys(run.same)])].filter((key) => made.same[key] !== run.same[key]);
  const remedy = 'Calibrate with this value: docs/calibration.md.';
  return [
    ...keys.map((key) => differs(key, made.same[key] ?? 'nothing', run.same[key] ?? 'nothing', remedy)),
    ...run.data.flatMap((kind) => kindViolations(kind, made.data)),
  ];
}

function differs(where: string, expected: string, got: string, remedy: string): Violation {
  return {
    code: 'CALIBRATION_DIFFERS',
    where,
    rule: `must be that of the calibration, ${shortened(expected)}`,
    got: shortened(got),
    remedy,
  };
}

const MOST_CHARACTERS = 80;

function shortened(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}... (${contentId(text).slice(0, 8)})`;
}

/** By the nearest kind of the calibration: that with the fewest differences. */
function kindViolations(kind: DataKind, made: readonly DataKind[]): Violation[] {
  const all = made.map((other) => kindDifferences(kind, other));
  return all.toSorted((a, b) => a.length - b.length)[0] ?? [];
}

function kindDifferences(kind: DataKind, made: DataKind): Violation[] {
  const remedy = 'Calibrate with data like these: docs/calibration.md.';
  const named = (what: string, expected: string, got: string): Violation => differs(`data: ${what}`, expected, got, remedy);
  const exact = (['samples', 'sampleMs', 'windows'] as const).filter((key) => kind[key] !== made[key]);
  const noise = kind.sigmaMv / made.sigmaMv;
  const { mean, sd } = made.current;
  const allowed = CURRENT_SHARE * Math.hypot(mean, sd);
  const moments = (['mean', 'sd', 'change'] as const).filter((key) => Math.abs(kind.current[key] - made.current[key]) > allowed);
  return [
    ...exact.map((key) => named(key, String(made[key]), String(kind[key]))),
    ...(noise > NOISE_FACTOR || noise < 1 / NOISE_FACTOR
      ? [named('noise', `${made.sigmaMv} mV within a factor of ${NOISE_FACTOR}`, `${kind.sigmaMv} mV`)]
      : []),
    ...moments.map((key) =>
      named(MOMENTS[key], `${made.current[key]} within ${Number(allowed.toPrecision(2))}`, String(kind.current[key])),
    ),
  ];
}

const MOMENTS = {
  mean: 'mean of the current',
  sd: 'standard deviation of the current',
  change: 'change of the current from sample to sample',
} as const;
