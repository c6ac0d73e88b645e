/**
 * Holds a run against a baseline: location and spread of every measure, success rate and speed, each judged on its own, with the alarms of
 * all of them together held to 5 % of nights. Pure. What the verdicts mean stands in judgement.ts, how replicas are paired in design.ts.
 */
import { LoligoError } from '../../schemas/errors.ts';
import type { Baseline, GatedMeasure } from '../../schemas/generated/types.ts';
import { median, sortedFinite } from '../../schemas/sample-quantile.ts';
import { scaledMad } from '../statistics/median-absolute-deviation.ts';
import { scaleOf } from '../aggregate/scale.ts';
import type { Scale } from '../aggregate/scale.ts';
import type { Compared, ComparedMeasure, ComparedSpeed, Comparison } from './comparison.ts';
import { pDifference, type Contrast } from './contrast.ts';
import { designOf, type Design } from './design.ts';
import { holm } from '../statistics/holm.ts';
import { judge, worst, type Judged, type Question, type Verdict } from './judgement.ts';
import { locationShift } from './location-shift.ts';
import { matchedValues, type MatchedValues, type Reading } from './matched-values.ts';
import type { RunRecord } from './run-record.ts';
import { otherTrainer, speedShift, type SpeedShift } from './speed-shift.ts';
import { spreadShift, type SpreadShift } from './spread-shift.ts';
import { successShift } from './success-shift.ts';

/** Throws BASELINE_DIFFERS. */
export function compare(baseline: Baseline, current: RunRecord): Comparison {
  checkProblem(baseline, current);
  const design = designOf(baseline.replicas, current.replicas);
  const compared = baseline.measures.flatMap((measure, m) => contrastsOf(baseline, current, design, measure, m));
  const success = successShift(design);
  const speed = speedShift(baseline, current, design);
  const contrasts = [...compared.flatMap(({ location, spread }) => [location, spread.contrast]), success, speed.contrast];
  const judged = judgeWith(contrasts);
  const entries = compared.map((one) => [one.measure, comparedMeasure(one, baseline, judged)] as const);
  const successRate = comparedRate(design, success, baseline, judged);
  const comparedSpeed = speedEntry(speed, baseline, judged);
  const verdicts = [
    ...entries.flatMap(([, entry]) => [entry.verdict, entry.spread.verdict]),
    successRate.verdict,
    ...(comparedSpeed.compared ? [comparedSpeed.verdict] : []),
  ];
  const kind = (wanted: GatedMeasure['kind']) =>
    Object.fromEntries(entries.filter(([measure]) => measure.kind === wanted).map(([measure, entry]) => [measure.name, entry]));
  return {
    verdict: worst(verdicts),
    name: baseline.sweep.name,
    pairing: design.pairing,
    unit: design.unit,
    parameters: kind('parameter'),
    reconstruction: kind('reconstruction'),
    predictive: kind('predictive'),
    successRate,
    speed: comparedSpeed,
    notes: notesOf(baseline, current, design),
  };
}

function checkProblem(baseline: Baseline, { sweep, measures }: RunRecord): void {
  const inferred = (list: readonly { readonly kind: string; readonly name: string }[]): string =>
    list
      .filter(({ kind }) => kind === 'parameter')
      .map(({ name }) => name)
      .toSorted()
      .join(', ');
  const described = (model: string, list: RunRecord['measures']): string => `${inferred(list)} of ${model}`;
  const [expected, got] = [described(baseline.sweep.model, baseline.measures), described(sweep.model, measures)];
  if (expected === got) return;
  const remedy = 'Compare a run of the same model and parameters, or make a new baseline.';
  throw new LoligoError([
    { code: 'BASELINE_DIFFERS', where: sweep.name, rule: `the run must infer what the baseline does: ${expected}`, got, remedy },
  ]);
}

/** A verdict for one of the contrasts, all of which share the 5 %. */
type Judge = (contrast: Contrast | undefined, question: Omit<Question, 'family'>) => Judged;

function judgeWith(contrasts: readonly (Contrast | undefined)[]): Judge {
  const known = [...new Set(contrasts.filter((contrast) => contrast !== undefined))];
  const adjusted = holm(known.map(pDifference));
  const pOf = new Map(known.map((contrast, i) => [contrast, adjusted[i]!]));
  return (contrast, question) => judge(contrast, contrast === undefined ? 1 : pOf.get(contrast)!, { ...question, family: known.length });
}

interface MeasureContrasts {
  readonly measure: GatedMeasure;
  readonly scale: Scale;
  readonly values: MatchedValues;
  readonly location: Contrast | undefined;
  readonly spread: SpreadShift;
}

/** Nothing where the new run does not measure it. */
function contrastsOf(baseline: Baseline, current: RunRecord, design: Design, measure: GatedMeasure, m: number): MeasureContrasts[] {
  const position = current.measures.findIndex(({ kind, name }) => kind === measure.kind && name === measure.name);
  if (position < 0) return [];
  const scale = scaleOf({ positive: measure.scale === 'log' });
  const old = new Set(baseline.replicas);
  const read: Reading = (replica) => {
    const value = replica.values[old.has(replica) ? m : position] ?? NaN;
    const scaled = scale.forward(value);
    // a misfit of exactly 0 has no logarithm
    return Number.isFinite(scaled) ? scaled : NaN;
  };
  const values = matchedValues(design, read);
  return [{ measure, scale, values, location: locationShift(values, design.pairing), spread: spreadShift(values, design.pairing) }];
}

const RATIO = scaleOf({ positive: true });
const lower = ([low, high]: readonly [number, number]): boolean => low + high < 0;
const higher = ([low, high]: readonly [number, number]): boolean => low + high > 0;

function comparedMeasure(
  { measure, scale, values, location, spread }: MeasureContrasts,
  baseline: Baseline,
  judged: Judge,
): ComparedMeasure {
  const tolerance = measure.scale === 'log' ? Math.log1p(measure.tolerance) : measure.tolerance;
  const centre = median(values.before.flat());
  const better = measure.kind === 'parameter' ? nearer(centre, measure.truth, scale) : lower;
  const ofSpread = judged(spread.contrast, { tolerance: Math.log1p(baseline.tolerances.spread), better: lower });
  // scatter that the tolerance of the location swallows is none, whatever its ratio
  const slight = spread.contrast !== undefined && Math.max(spread.before ?? 0, spread.after ?? 0) <= tolerance;
  return {
    ...presented(location, judged(location, { tolerance, better }), scale, measure.tolerance),
    before: inUnit(centre, scale),
    after: inUnit(median(values.after.flat()), scale),
    effect: effectOf(location, values),
    unit: measure.unit,
    scale: measure.scale,
    ...(measure.truth === undefined ? {} : { truth: measure.truth }),
    spread: {
      ...presented(spread.contrast, slight ? settled(ofSpread, 'same') : ofSpread, RATIO, baseline.tolerances.spread),
      before: spread.before,
      after: spread.after,
    },
  };
}

/** Towards the truth wherever the shift lies in its interval. Without a truth nothing says that a change is for the better. */
function nearer(centre: number | null, truth: number | undefined, scale: Scale): Question['better'] {
  if (centre === null || truth === undefined) return () => false;
  const error = centre - scale.forward(truth);
  return (ci95) => ci95.every((shift) => Math.abs(error + shift) < Math.abs(error));
}

function effectOf(location: Contrast | undefined, { before }: MatchedValues): number | null {
  const spread = scaledMad(sortedFinite(before.flat()));
  return location === undefined || spread === null || spread === 0 ? null : location.shift / spread;
}

function comparedRate(design: Design, contrast: Contrast | undefined, { tolerances }: Baseline, judged: Judge): Compared {
  const rate = (units: Design['after']): number | null => {
    const replicas = units.flat();
    return replicas.length === 0 ? null : replicas.filter(({ accepted }) => accepted).length / replicas.length;
  };
  const [before, after] = [rate(design.before), rate(design.after)];
  const verdict = judged(contrast, { tolerance: tolerances.success, better: higher });
  // a run without an accepted replica has nothing else to say, and too few draws must not hide it
  const dead = before !== null && before > 0 && after === 0;
  const settledBy = dead ? 'regressed' : isIdentical(design) ? 'same' : undefined;
  const h = before === null || after === null ? null : 2 * (Math.asin(Math.sqrt(after)) - Math.asin(Math.sqrt(before)));
  const judgedRate = settledBy === undefined ? verdict : settled(verdict, settledBy);
  const { ci95, ...entry } = presented(contrast, judgedRate, scaleOf({ positive: false }), tolerances.success);
  const possible = (shift: number): number => Math.min(1, Math.max(-1, shift));
  return { ...entry, ci95: ci95 === null ? null : [possible(ci95[0]), possible(ci95[1])], before, after, effect: h };
}

/** The same replicas ended on the same numbers: no chance was at work that a statistic would have to allow for. */
function isIdentical({ pairing, before, after }: Design): boolean {
  if (pairing !== 'replica') return false;
  const fresh = after.flat();
  return before.flat().every(({ values }, i) => {
    const other = fresh[i]!.values;
    return values.length === other.length && values.every((value, m) => value === other[m]);
  });
}

function settled({ ci95, pHolm, pEquivalence }: Judged, verdict: Verdict): Judged {
  return { verdict, ci95, pHolm, pEquivalence };
}

function speedEntry({ clock, reason, values, contrast }: SpeedShift, { tolerances }: Baseline, judged: Judge): ComparedSpeed {
  const [before, after] = [values.before, values.after].map((units) => inUnit(median(units.flat()), RATIO));
  const seconds = { clock, before: before ?? null, after: after ?? null };
  if (reason !== undefined) return { compared: false, reason, ...seconds };
  const verdict = judged(contrast, { tolerance: Math.log1p(tolerances.speed), better: lower });
  return { compared: true, ...presented(contrast, verdict, RATIO, tolerances.speed), ...seconds, effect: effectOf(contrast, values) };
}

/** A contrast and its verdict in numbers that people read: ratios as shares of change. */
function presented(
  contrast: Contrast | undefined,
  { ci95, ...judged }: Judged,
  scale: Scale,
  tolerance: number,
): Omit<Compared, 'before' | 'after'> {
  const shown = (shift: number): number => (scale.name === 'log' ? Math.expm1(shift) : shift);
  return {
    ...judged,
    shift: contrast === undefined ? null : shown(contrast.shift),
    ci95: ci95 === null ? null : [shown(ci95[0]), shown(ci95[1])],
    tolerance,
    n: contrast?.replicas ?? 0,
    units: contrast?.units ?? 0,
  };
}

function inUnit(value: number | null, scale: Scale): number | null {
  return value === null ? null : scale.back(value);
}

function notesOf(baseline: Baseline, current: RunRecord, { pairing, unit }: Design): string[] {
  const measured = new Set(current.measures.map(({ kind, name }) => `${kind} ${name}`));
  const lost = baseline.measures.filter(({ kind, name }) => !measured.has(`${kind} ${name}`)).map(({ name }) => name);
  const trainer = otherTrainer(baseline, current);
  return [
    ...(trainer === undefined ? [] : [`${trainer}: equal seeds need not end on equal bits, and speed is not compared`]),
    ...(current.finished < current.planned
      ? [`${current.planned - current.finished} of ${current.planned} replicas have no outcome yet`]
      : []),
    ...(pairing === 'draw' ? ['no replica of the baseline is in the run, but the data are: means over each draw are compared'] : []),
    ...(pairing === 'none'
      ? ['neither replicas nor data of the baseline are in the run: the two are compared as independent samples']
      : []),
    ...(pairing === 'replica' && unit === 'replica' ? ['few draws: each replica counts, and the verdict holds for these data alone'] : []),
    ...(lost.length === 0 ? [] : [`not measured in this run: ${lost.join(', ')}`]),
  ];
}
