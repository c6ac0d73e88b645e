/** A comparison as rows of text: what the terminal, Markdown and JUnit show. */
import { formatNumber, formatPercent, NOTHING } from '../report/number-format.ts';
import type { Compared, ComparedMeasure, Comparison } from './comparison.ts';
import type { Verdict } from './judgement.ts';

export interface ComparisonRow {
  /** `parameters`, `reconstruction`, `predictive`, `run` */
  readonly group: string;
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** With its interval. */
  readonly shift: string;
  readonly tolerance: string;
  /** Of seconds that cannot be compared: none. */
  readonly verdict: Verdict | 'not compared';
  /** Beside the verdict: how many replicas would decide, or why nothing is compared. */
  readonly remark: string;
}

/** In the order of the comparison. */
export function comparisonRows({ parameters, reconstruction, predictive, successRate, speed }: Comparison): ComparisonRow[] {
  const groups = Object.entries({ parameters, reconstruction, predictive });
  const seconds = { before: formatNumber(speed.before, 3), after: formatNumber(speed.after, 3) };
  const named = { group: 'run', name: speed.clock === 'processor' ? 'processor seconds per replica' : 'wall-clock seconds per replica' };
  return [
    ...groups.flatMap(([group, measures]) => Object.entries(measures).flatMap(([name, measure]) => measureRows(group, name, measure))),
    {
      ...rowOf('run', 'success rate', successRate, points),
      before: formatPercent(successRate.before),
      after: formatPercent(successRate.after),
    },
    speed.compared
      ? { ...rowOf(named.group, named.name, speed, share), ...seconds }
      : { ...named, ...seconds, shift: NOTHING, tolerance: NOTHING, verdict: 'not compared', remark: speed.reason },
  ];
}

type Format = (value: number) => string;
/** A trifle has no sign, and is told from exactly nothing. */
const share: Format = (value) => (value !== 0 && Math.abs(value) < TRIFLE ? '0.00\u00a0%' : formatPercent(value, { sign: true }));
const TRIFLE = 5e-5;
const points: Format = (value) => `${formatNumber(100 * value, 2)} points`;

function measureRows(group: string, name: string, measure: ComparedMeasure): ComparisonRow[] {
  const { unit, scale, spread } = measure;
  const label = group === 'parameters' ? name : `misfit of ${name === 'rmseMv' ? 'the simulation' : name}`;
  const inUnit: Format = (value) => `${formatNumber(value, 3)} ${unit}`;
  const scatter: Format = scale === 'log' ? (value) => formatPercent(Math.expm1(value)) : inUnit;
  const shown = (value: number | null, format: Format): string => (value === null ? NOTHING : format(value));
  return [
    {
      ...rowOf(group, unit === '1' ? label : `${label} (${unit})`, measure, scale === 'log' ? share : inUnit),
      before: formatNumber(measure.before),
      after: formatNumber(measure.after),
    },
    {
      ...rowOf(group, `spread of ${label}`, spread, share),
      before: shown(spread.before, scatter),
      after: shown(spread.after, scatter),
    },
  ];
}

function rowOf(group: string, name: string, compared: Compared, format: Format): Omit<ComparisonRow, 'before' | 'after'> {
  const { verdict, shift, ci95, tolerance } = compared;
  const within = ci95 === null ? '' : ` (${format(ci95[0])} to ${format(ci95[1])})`;
  return {
    group,
    name,
    shift: shift === null ? NOTHING : `${format(shift)}${within}`,
    tolerance: format(tolerance).replace('+', ''),
    verdict,
    remark: remarkOf(compared),
  };
}

function remarkOf({ verdict, shift, replicasToDecide }: Compared): string {
  if (verdict !== 'undecided') return '';
  if (shift === null) return 'too few independent values';
  return typeof replicasToDecide === 'number' ? `${replicasToDecide} replicas would decide` : 'at the edge of the tolerance';
}

/** One sentence on the whole. */
export function headline({ name, verdict, unit, pairing }: Comparison, rows: readonly ComparisonRow[]): string {
  const count = (wanted: Verdict): number => rows.filter((row) => row.verdict === wanted).length;
  const counts = (['regressed', 'improved', 'undecided', 'same'] as const)
    .map((one) => [one, count(one)] as const)
    .filter(([, n]) => n > 0);
  const how = { replica: 'paired replica by replica', draw: 'paired draw by draw', none: 'not paired' }[pairing];
  const counted = unit === 'draw' ? 'each draw counting once' : 'each replica counting';
  return `${name}: ${verdict} (${counts.map(([one, n]) => `${n} ${one}`).join(', ')}); ${how}, ${counted}`;
}

/** Aligned columns; what is not "same" is easily found by its verdict, which stands first. */
export function comparisonTable(rows: readonly ComparisonRow[]): string {
  const head = ['verdict', 'what', 'baseline', 'this run', 'shift (95 %)', 'tolerance', ''];
  const cells = rows.map(({ verdict, name, before, after, shift, tolerance, remark }) => [
    verdict,
    name,
    before,
    after,
    shift,
    tolerance,
    remark,
  ]);
  const lines = [head, ...cells];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
