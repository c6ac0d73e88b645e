/** What each replica of a sweep will be fitted to and what it will be scored on, data unit by data unit: a part of the plan. */
import type { DataUnit } from '../../schemas/generated/types.ts';
import { plural } from '../report/number-format.ts';

export interface PlannedData {
  readonly label: string;
  readonly samples: number;
  /** samples that count, where not all do */
  readonly counted?: number;
  readonly sampleMs: number;
  /** fitted jointly, each with an initial state of its own */
  readonly windows: number;
  /** labels of sweeps that are scored where they are not fitted */
  readonly rest: readonly string[];
  /** labels of stretches that are scored as a whole */
  readonly heldOut: readonly string[];
}

/** Units and held-out stretches that are told by name. */
const MOST_NAMED = 12;

export function plannedData({ label, samples, counted, sampleMs, segments = [0], heldOut = [] }: DataUnit): PlannedData {
  return {
    label,
    samples,
    ...(counted === undefined ? {} : { counted }),
    sampleMs,
    windows: segments.length,
    rest: heldOut.filter(({ fitted }) => fitted !== undefined).map((stretch) => stretch.label),
    heldOut: heldOut.filter(({ fitted }) => fitted === undefined).map((stretch) => stretch.label),
  };
}

/** Lines for people. */
export function describeData(data: readonly PlannedData[]): string[] {
  const units = data
    .slice(0, MOST_NAMED)
    .flatMap((unit) => [`  ${fittedWords(unit)}`, ...scoredWords(unit).map((words) => `    ${words}`)]);
  return [...units, ...(data.length > MOST_NAMED ? [`  and ${plural(data.length - MOST_NAMED, 'more data unit')}`] : [])];
}

function fittedWords({ label, samples, counted, sampleMs, windows }: PlannedData): string {
  return `${label}: fitted to ${counted === undefined ? samples : `${counted} of ${samples}`} samples of ${sampleMs} ms${windows > 1 ? ` in ${windows} windows` : ''}`;
}

function scoredWords({ rest, heldOut }: PlannedData): string[] {
  return [
    ...(rest.length > 0 ? [`scored on ${listed(rest)}`] : []),
    ...(heldOut.length > 0 ? [`held out, for the score only: ${listed(heldOut)}`] : []),
  ];
}

function listed(labels: readonly string[]): string {
  const named = labels.slice(0, MOST_NAMED).join(', ');
  return labels.length > MOST_NAMED ? `${named} and ${labels.length - MOST_NAMED} more` : named;
}
