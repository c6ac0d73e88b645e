/**
 * Which parameters the data identify, in a word each. A convention on what the summary says, with the number that it is applied to: the largest
 * of the spread over accepted replicas, the standard error that the noise leaves, and half the interval of the median decides.
 */
import type { InferredParameter, Lock, ParameterSummary, Summary } from '../../schemas/generated/types.ts';
import { listed } from '../../schemas/wording.ts';
import { formatNumber, formatPercent, formatUnit } from './number-format.ts';

export interface Standing {
  readonly name: string;
  readonly standing: 'yes' | 'roughly' | 'no' | 'unknown';
  /** A clause; '' of those that are identified. */
  readonly why: string;
  /** The number that decided: "±15 %". Absent where no number did. */
  readonly size?: string;
  /** Which one that is. */
  readonly by?: Uncertain;
}

/** What a parameter is uncertain by. */
export type Uncertain = 'spread' | 'error' | 'interval';

/** Of the median for positive parameters; of the width of the model's range for others. */
const LIMITS = { log: { yes: 0.1, no: 0.5 }, linear: { yes: 0.05, no: 0.25 } } as const;
/** Data sets below which their spread alone, without a standard error, says too little. */
export const FEW_DATA = 5;

/**
 * Where the limits come from: 1.96 standard deviations of a logarithm reach from 0.83 to 1.2 times the value at 10 %, from 0.45 to 2.2 times at
 * 50 %.
 */
export const STANDING_RULE = `Identified goes by the largest of half the interval, the spread and the standard error, which stands beside the word (bold in its column). Yes: at most ${formatPercent(LIMITS.log.yes)} of the median, so that 95 % lie within about a fifth of it. No: above ${formatPercent(LIMITS.log.no)}, where half or twice the value would do as well, or where several values fit alike. Of parameters that may be negative: ${formatPercent(LIMITS.linear.yes)} and ${formatPercent(LIMITS.linear.no)} of the range that the model gives them. These limits are our convention; hold others against the same numbers.`;

/** In the order of the lock. `fittedData`: data sets with results. */
export function standings({ resolved }: Pick<Lock, 'resolved'>, summary: Summary, fittedData: number): Standing[] {
  return resolved.problem.infer.map((parameter) => ({ name: parameter.name, ...standingOf(parameter, summary, fittedData) }));
}

function standingOf(parameter: InferredParameter, summary: Summary, fittedData: number): Omit<Standing, 'name'> {
  const { name } = parameter;
  const own = summary.parameters[name]!;
  if (summary.counts.accepted === 0) return { standing: 'no', why: 'no replica passed the filter' };
  const error = standardError(name, summary);
  if (error === null) return { standing: 'no', why: 'left open by the data: others make up for a change' };
  if (summary.modes?.[name]?.kind === 'degeneracy') return { standing: 'no', why: 'several values fit equally well' };
  if (own.mad === null) return { standing: 'unknown', why: 'one replica shows no spread' };
  if ((own.perTruth?.length ?? 0) > 1) return { standing: 'unknown', why: 'the data have several true values' };
  if (fittedData < FEW_DATA && error === undefined)
    return {
      standing: 'unknown',
      why:
        fittedData === 1
          ? 'all replicas saw the same data, so their spread says too little'
          : `the spread over ${fittedData} data sets says too little`,
    };
  return judged(parameter, own, error);
}

/** That of one data set: by the Fisher information, else by the finish; null where the data leave the parameter open, undefined where nobody asked. */
export function standardError(name: string, { identifiability, parameters }: Summary): number | null | undefined {
  const bound = identifiability?.standardErrors[name];
  return bound === undefined ? (parameters[name]?.standardError ?? undefined) : bound;
}

function judged(parameter: InferredParameter, own: ParameterSummary, error: number | undefined): Omit<Standing, 'name'> {
  const [largest] = uncertainties(parameter, own, error).toSorted((a, b) => b.share - a.share);
  if (largest === undefined) throw new Error('internal: a spread that is none');
  const { share, words, by } = largest;
  const { yes, no } = LIMITS[own.scale];
  const size = `\u00b1${formatPercent(share)}${parameter.positive ? '' : ' of the range'}`;
  if (share <= yes) return { standing: 'yes', why: '', size, by };
  return { standing: share > no ? 'no' : 'roughly', why: words, size, by };
}

interface Uncertainty {
  readonly by: Uncertain;
  /** of the median, or of the model's range */
  readonly share: number;
  readonly words: string;
}

function uncertainties(parameter: InferredParameter, { mad, median, ci95 }: ParameterSummary, error: number | undefined): Uncertainty[] {
  const { positive, range } = parameter;
  const all: readonly (readonly [value: number | null | undefined, by: Uncertain, words: (text: string) => string])[] = [
    [mad, 'spread', (text) => `replicas spread by ${text}`],
    [error, 'error', (text) => `the noise of one data set hides changes of ${text}`],
    [ci95 === null ? null : (ci95[1] - ci95[0]) / 2, 'interval', (text) => `its interval is ${text} wide on either side`],
  ];
  const whole = positive ? Math.abs(median ?? NaN) : range[1] - range[0];
  return all.flatMap(([value, by, words]) =>
    value === null || value === undefined ? [] : [{ by, share: value / whole, words: words(amount(parameter, median, value)) }],
  );
}

/** In per cent of the median for positive parameters, in the unit for others. */
export function amount({ positive, unit }: Pick<InferredParameter, 'positive' | 'unit'>, median: number | null, value: number): string {
  return positive ? formatPercent(value / Math.abs(median ?? NaN)) : `${formatNumber(value, 2)} ${formatUnit(unit)}`.trim();
}

/** A sentence for each group, those that are identified first. */
export function standingSentence(all: readonly Standing[]): string {
  const of = (standing: Standing['standing']): Standing[] => all.filter((one) => one.standing === standing);
  const names = (some: readonly Standing[]): string =>
    listed(
      some.map(({ name }) => name),
      'and',
    );
  const reasons = (some: readonly Standing[]): string =>
    listed(
      some.map(({ name, why }) => `${name} (${why})`),
      'and',
    );
  const [yes, roughly, no, unknown] = [of('yes'), of('roughly'), of('no'), of('unknown')];
  return [
    yes.length > 0 ? `Identified: ${names(yes)}.` : unknown.length < all.length ? 'No parameter is clearly identified.' : '',
    roughly.length > 0 ? `Roughly: ${reasons(roughly)}.` : '',
    no.length > 0 ? `Not identified: ${sameReason(no) ? `${names(no)} (${no[0]!.why})` : reasons(no)}.` : '',
    unknown.length > 0
      ? `Whether ${sameReason(unknown) ? `${names(unknown)} ${isOrAre(unknown)} identified cannot be said (${unknown[0]!.why})` : `they are identified cannot be said of ${reasons(unknown)}`}.`
      : '',
  ]
    .filter((text) => text !== '')
    .join(' ');
}

function sameReason(some: readonly Standing[]): boolean {
  return new Set(some.map(({ why }) => why)).size === 1;
}

function isOrAre(some: readonly Standing[]): string {
  return some.length === 1 ? 'is' : 'are';
}
