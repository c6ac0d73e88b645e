/** The end of a run for people: counts and the table of parameters, as plain text. */
import type { Summary } from '../../schemas/generated/types.ts';
import { describeReason } from '../report/reason-text.ts';
import { formatInterval, formatNumber, formatPercent } from '../report/number-format.ts';

export function describeSummary({ counts, reasons, parameters, predictive }: Summary): string {
  const kinds = (['converged', 'stopped', 'diverged', 'pruned', 'failed'] as const).filter((kind) => counts[kind] > 0);
  const rows = Object.entries(parameters).map(([name, { unit, median, ci95, truth, relativeError }]) => [
    name,
    formatNumber(median),
    formatInterval(ci95),
    unit,
    truth === undefined
      ? ''
      : `truth ${formatNumber(truth)}${median === null ? '' : `, off by ${formatPercent(relativeError, { sign: true })}`}`,
  ]);
  const others = Object.entries(reasons).filter(([reason, count]) => reason !== 'unfinished' && count > 0);
  return [
    `${counts.finished} of ${counts.planned} replicas finished: ${kinds.map((kind) => `${counts[kind]} ${kind}`).join(', ') || 'none'}`,
    `${counts.accepted} accepted by the filter${counts.accepted === 0 ? ', so there are no estimates' : ''}`,
    ...others.map(([reason, count]) => `  ${count} not: ${describeReason(reason)}`),
    ...aligned([['parameter', 'median', '95 % interval', 'unit', ''], ...rows]),
    ...(predictive.rmseMv === null ? [] : [`forward simulation of accepted replicas: RMSE ${formatNumber(predictive.rmseMv)} mV (median)`]),
  ].join('\n');
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd());
}
