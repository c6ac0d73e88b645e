/**
 * Which parameters the data identify, in a word each. A rule of thumb on what the summary says, with its reason in words: the largest of the
 * spread over accepted replicas, the standard error that the data allow, and half the interval of the median decides.
 */
import type { InferredParameter, Lock, ParameterSummary, Summary } from '../../schemas/generated/types.ts';
import { listed } from '../../schemas/wording.ts';
import { formatNumber, formatPercent, formatUnit } from './number-format.ts';

export interface Standing {
  readonly name: string;
  readonly standing: 'yes' | 'roughly' | 'no' | 'unknown';
  /** A clause; '' of those that are identified. */
  readonly why: string;
}

/** Of the median for positive parameters; of the width of the model's range for others. */
const LIMITS = { log: { yes: 0.1, no: 0.5 }, linear: { yes: 0.05, no: 0.25 } } as const;

export const STANDING_RULE = `Identified: yes where spread, standard error and half the interval are all at most ${formatPercent(LIMITS.log.yes)} of the median; no where one is above ${formatPercent(LIMITS.log.no)}, or several values fit alike; roughly in between. Of parameters that may be negative, ${formatPercent(LIMITS.linear.yes)} and ${formatPercent(LIMITS.linear.no)} of the range that the model gives them.`;

/** In the order of the lock. `fittedData`: data sets with results. */
export function standings({ resolved }: Pick<Lock, 'resolved'>, summary: Summary, fittedData: number): Standing[] {
  return resolved.problem.infer.map((parameter) => ({ name: parameter.name, ...standingOf(parameter, summary, fittedData) }));
}

function standingOf(parameter: InferredParameter, summary: Summary, fittedData: number): Omit<Standing, 'name'> {
  const { name } = parameter;
  const own = summary.parameters[name]!;
  if (summary.counts.accepted === 0) return { standing: 'no', why: 'no replica passed the filter' };
  const error = summary.identifiability?.standardErrors[name];
  if (error === null) return { standing: 'no', why: 'left open by the data: others make up for a change' };
  if (summary.modes?.[name]?.kind === 'degeneracy') return { standing: 'no', why: 'several values fit equally well' };
  if (own.mad === null) return { standing: 'unknown', why: 'one replica shows no spread' };
  if ((own.perTruth?.length ?? 0) > 1) return { standing: 'unknown', why: 'the data have several true values' };
  if (fittedData === 1 && error === undefined)
    return { standing: 'unknown', why: 'all replicas saw the same data, so their spread says too little' };
  return judged(parameter, own, error);
}

function judged(parameter: InferredParameter, own: ParameterSummary, error: number | undefined): Omit<Standing, 'name'> {
  const sizes = uncertainties(parameter, own, error).toSorted((a, b) => b.size - a.size);
  const [largest] = sizes;
  if (largest === undefined) throw new Error('internal: a spread that is none');
  const { yes, no } = LIMITS[own.scale];
  if (largest.size <= yes) return { standing: 'yes', why: '' };
  return { standing: largest.size > no ? 'no' : 'roughly', why: largest.words };
}

interface Uncertainty {
  readonly size: number;
  readonly words: string;
}

function uncertainties(
  { range, unit }: InferredParameter,
  { scale, mad, median, ci95 }: ParameterSummary,
  error: number | undefined,
): Uncertainty[] {
  const whole = scale === 'log' ? Math.abs(median ?? NaN) : range[1] - range[0];
  const shown = (value: number): string =>
    scale === 'log' ? formatPercent(value / whole) : `${formatNumber(value, 2)} ${formatUnit(unit)}`.trim();
  const all: readonly (readonly [value: number | null | undefined, words: (text: string) => string])[] = [
    [mad, (text) => `replicas spread by ${text}`],
    [error, (text) => `the data tell it to ${text} at best`],
    [ci95 === null ? null : (ci95[1] - ci95[0]) / 2, (text) => `its interval is ${text} wide on either side`],
  ];
  return all.flatMap(([value, words]) =>
    value === null || value === undefined ? [] : [{ size: value / whole, words: words(shown(value)) }],
  );
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
    yes.length > 0
      ? `Identified: ${names(yes)}.`
      : unknown.length < all.length
        ? 'No parameter is clearly identified.'
        : 'Which parameters are identified?',
    roughly.length > 0 ? `Roughly: ${reasons(roughly)}.` : '',
    no.length > 0 ? `Not identified: ${sameReason(no) ? `${names(no)} (${no[0]!.why})` : reasons(no)}.` : '',
    unknown.length > 0 ? `It cannot be said of ${sameReason(unknown) ? `${names(unknown)} (${unknown[0]!.why})` : reasons(unknown)}.` : '',
  ]
    .filter((text) => text !== '')
    .join(' ');
}

function sameReason(some: readonly Standing[]): boolean {
  return new Set(some.map(({ why }) => why)).size === 1;
}
