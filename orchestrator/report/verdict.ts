/**
 * Which parameters are identified, whether to trust the ensemble, and why, in a few sentences. Rules of thumb, each with its number in words:
 * they judge what the summary already says and replace no reading of it.
 */
import { chi2Limit, samplesThatCount, STANDARD_ACCEPT } from '../../schemas/acceptance.ts';
import type { Calibration, Lock, ParameterSummary, Summary } from '../../schemas/generated/types.ts';
import { listed } from '../../schemas/wording.ts';
import { MOVED, movedMedians, SURVIVORS } from './acceptance-table.ts';
import { judgeCoverage } from './calibration-section.ts';
import { FEW_DATA, standingSentence } from './identified.ts';
import type { Standing } from './identified.ts';
import { formatCount, formatNumber, formatPercent, plural } from './number-format.ts';
import { describeReason } from './reason-text.ts';

export interface Verdict {
  /** trust: nothing speaks against it; care: something does; none: the values answer nothing */
  readonly level: 'trust' | 'care' | 'none';
  readonly lead: string;
  /** which parameters are identified, or why there is nothing to say of any */
  readonly answer: string;
  /** what there is to say for the values; nothing where there are none */
  readonly support?: string;
  /** what speaks against them, a clause each */
  readonly objections: readonly string[];
}

/** Accepted replicas below which a spread means little. */
const FEW_REPLICAS = 10;
/** Estimates within this relative spread agree. */
const ALIKE = 0.1;
/** Network misfit in units of the noise below which noise was fitted. */
const FITTED_NOISE = 0.85;
/** Share of accepted replicas from which a filter picks rather than checks. */
const LOW_SHARE = 0.5;

/** `standing`: of every parameter, see standings. */
export function judge(lock: Lock, summary: Summary, fittedData: number, standing: readonly Standing[]): Verdict {
  const { counts } = summary;
  if (counts.finished === 0)
    return { level: 'none', lead: 'There is nothing to trust yet:', answer: 'no replica has finished.', objections: [] };
  if (counts.accepted === 0)
    return { level: 'none', lead: 'The fits failed, do not trust any value here:', answer: nothingAccepted(summary), objections: [] };
  if (summary.calibration !== undefined && summary.calibration.truths > 1) return judgeCalibration(lock, summary, summary.calibration);
  const objections = [
    ...fitObjections(lock, summary),
    ...heldOutObjections(summary),
    ...sizeObjections(summary, fittedData),
    ...parameterObjections(summary),
    ...settingObjections(summary, standing),
  ];
  const answer = standingSentence(standing);
  const support = supportOf(summary);
  if (standing.every((one) => one.standing === 'no'))
    return { level: 'none', lead: 'These data do not tell the parameters.', answer, support: `${support}.`, objections };
  if (objections.length === 0 && standing.every((one) => one.standing === 'yes'))
    return { level: 'trust', lead: 'These values look trustworthy.', answer, support: `${support}, and the replicas agree.`, objections };
  return { level: 'care', lead: 'Trust these values with care.', answer, support: `${support}.`, objections };
}

function supportOf({ counts, predictive: { rmseMv } }: Summary): string {
  const met = rmseMv === null ? '' : `, and simulation with their parameters meets the data to ${formatNumber(rmseMv, 3)} mV`;
  return `${formatCount(counts.accepted)} of ${plural(counts.finished, 'finished replica')} passed the acceptance filter${met}`;
}

/** Of a run over cells that differ there is one thing to say: whether its intervals hold their truths. */
function judgeCalibration({ resolved }: Lock, summary: Summary, calibration: Calibration): Verdict {
  const { tooNarrow, words } = judgeCoverage(resolved.problem.infer, calibration);
  return {
    level: tooNarrow ? 'care' : 'trust',
    lead: words,
    answer: `These are ${plural(calibration.truths, 'cell')} with different, known parameters: no one value is identified over all of them (see Calibration).`,
    support: `${supportOf(summary)}.`,
    objections: fitObjections({ resolved }, summary),
  };
}

function nothingAccepted({ counts, reasons, parameters }: Summary): string {
  const [reason] = Object.entries(reasons)
    .filter(([name]) => name !== 'unfinished')
    .toSorted(([, a], [, b]) => b - a);
  const why = reason === undefined ? '' : ` (most often, ${formatCount(reason[1])} times: ${describeReason(reason[0])})`;
  const estimates = Math.max(0, ...Object.values(parameters).map(({ unfiltered }) => unfiltered.n));
  const shown = estimates === 0 ? 'there is no estimate at all' : 'what is drawn below are rejected replicas, to help find out why';
  return `none of ${plural(counts.finished, 'finished replica')} passed the acceptance filter${why}, so ${shown}.${agreement(parameters)}`;
}

/** A small spread looks like success, and is none without the forward simulation. */
function agreement(parameters: Summary['parameters']): string {
  const alike = Object.entries(parameters)
    .map(([name, { scale, unfiltered }]) => [name, relativeSpread({ scale, ...unfiltered })] as const)
    .filter(([, spread]) => spread > 0 && spread <= ALIKE);
  if (alike.length === 0) return '';
  const words = alike.map(([name, spread]) => `${name} within ${formatPercent(spread)}`);
  return ` That their estimates agree with each other (${listed(words, 'and')}) says nothing: a model with them does not do what the cell does.`;
}

/** Coincidence on what was not fitted, below which a model is said not to carry over. */
const GOOD_COINCIDENCE = 0.8;

function heldOutObjections({ rest, heldOut = [] }: Summary): string[] {
  const stretches = [...(rest === undefined ? [] : [rest]), ...heldOut];
  const poor = stretches.filter(({ n, failed, coincidence }) => n + failed > 0 && (n < failed || (coincidence ?? 1) < GOOD_COINCIDENCE));
  if (poor.length === 0) return [];
  const worst = poor.map(({ coincidence }) => coincidence ?? 0).toSorted((a, b) => a - b)[0];
  return [
    `${stretches.length === 1 ? 'on the stretch that was' : `on ${formatCount(poor.length)} of ${formatCount(stretches.length)} stretches that were`} not fitted the simulations do not meet the spikes of the cell (coincidence down to ${formatNumber(worst, 2)})`,
  ];
}

function fitObjections(lock: Pick<Lock, 'resolved'>, { predictive, reconstruction }: Summary): string[] {
  const { problem, accept } = lock.resolved;
  const { data } = problem;
  const yardstick = accept.yardstick ?? STANDARD_ACCEPT.yardstick;
  const limit = Math.max(...data.map((unit) => chi2Limit('auto', samplesThatCount(unit), yardstick)));
  const sigma = Math.min(...data.map(({ sigmaMv }) => sigmaMv));
  const rmse = reconstruction['V']?.rmse ?? null;
  const { spikes, chi2 } = predictive;
  return [
    predictive.n === 0 ? 'no forward simulation of them ran through' : undefined,
    chi2 !== null && chi2 > limit
      ? `that misfit is more than ${yardstick === 'noise' ? 'the noise explains' : 'three times the spread of the cell\u2019s own spikes'} (\u03c7\u00b2/N would be at most ${formatNumber(limit, 3)})`
      : undefined,
    spikes.observed !== spikes.simulated ? 'simulations do not have the spikes of the data' : undefined,
    rmse !== null && rmse < FITTED_NOISE * sigma
      ? `the networks follow the noise (misfit ${formatNumber(rmse, 2)} mV, noise ${formatNumber(sigma, 2)} mV)`
      : undefined,
  ].filter((text) => text !== undefined);
}

function sizeObjections({ counts, acceptance }: Summary, fittedData: number): string[] {
  const unfinished = counts.planned - counts.finished;
  const moved = acceptance === undefined ? [] : movedMedians(acceptance);
  const survivors = acceptance?.rejectedShare ?? 0;
  return [
    counts.accepted < LOW_SHARE * counts.finished ? 'most replicas were rejected' : undefined,
    survivors > SURVIVORS && moved.length > 0
      ? `the filter took ${formatPercent(survivors)} of the estimates, which moves the median of ${listed(moved, 'and')} by more than ${formatNumber(MOVED, 2)} of their spread`
      : undefined,
    unfinished > 0 ? `${formatCount(unfinished)} of the planned replicas ${unfinished === 1 ? 'has' : 'have'} not finished` : undefined,
    counts.accepted === 1 ? 'a single replica shows no spread' : undefined,
    counts.accepted > 1 && counts.accepted < FEW_REPLICAS ? `${plural(counts.accepted, 'replica')} are few to show a spread` : undefined,
    fittedData === 1 && counts.accepted > 1
      ? 'all replicas saw the same data, so the spread is that of seeds and not the uncertainty'
      : undefined,
    fittedData > 1 && fittedData < FEW_DATA ? `the intervals rest on only ${fittedData} data sets and are likely too narrow` : undefined,
  ].filter((text) => text !== undefined);
}

/** Axes that are no choice of who made the sweep: what the data are, and chance. */
const NO_SETTINGS = ['data', 'window', 'draw', 'seed', 'residual'];
/** Share of the variance from which on an axis decides. */
const MOST = 0.5;

/** Where a setting and not the data decides what comes out. */
function settingObjections({ varianceShares = {} }: Summary, standing: readonly Standing[]): string[] {
  const open = standing.filter((one) => one.standing === 'roughly' || one.standing === 'no');
  const decided = open.flatMap(({ name }) =>
    Object.entries(varianceShares[name] ?? {}).flatMap(([axis, { share }]) =>
      share > MOST && !NO_SETTINGS.includes(axis) ? [{ name, axis, share }] : [],
    ),
  );
  return [...new Set(decided.map(({ axis }) => axis))].map((axis) => {
    const of = decided.filter((one) => one.axis === axis).map(({ name, share }) => `${name} (${formatPercent(share)})`);
    return `${axis}, a setting of the sweep, decides most of the spread of ${listed(of, 'and')}`;
  });
}

function parameterObjections({ parameters }: Summary): string[] {
  const entries = Object.entries(parameters);
  const mixed = entries.some(([, { perTruth }]) => perTruth !== undefined && perTruth.length > 1);
  const missed = entries.filter(([, { truth, ci95 }]) => truth !== undefined && ci95 !== null && (truth < ci95[0] || truth > ci95[1]));
  return [
    mixed ? 'the data have different true values, which a median over all mixes: read the table by true value' : undefined,
    missed.length > 0
      ? `the known truth lies outside the interval of ${listed(
          missed.map(([name, { relativeError }]) => `${name} (median off by ${formatPercent(Math.abs(relativeError ?? NaN))})`),
          'and',
        )}`
      : undefined,
  ].filter((text) => text !== undefined);
}

/** 1.4826 MAD over the median, for parameters that spread by factors; 0 for others. */
function relativeSpread({ scale, mad, median }: Pick<ParameterSummary, 'scale' | 'mad' | 'median'>): number {
  return scale === 'log' && mad !== null && median !== null ? mad / median : 0;
}
