/** Puts report.html, summary.json and the figures' files into a run directory. The first two appear whole or not at all, also when the process dies between. */
import { join } from 'node:path';
import type { Summary } from '../../schemas/generated/types.ts';
import { writeAtomically } from '../results/disk.ts';
import { writeFigures } from './figure-files.ts';
import { renderReport } from './report.ts';
import type { ReportInput } from './report.ts';

/** Paths of what was written. Throws DISK where the folder cannot be written. */
export function writeReport(folder: string, input: ReportInput): { report: string; summary: string } {
  const report = join(folder, 'report.html');
  const summary = join(folder, 'summary.json');
  const { page, figures } = renderReport(input);
  writeAtomically(report, page);
  writeAtomically(summary, printSummary(input.summary));
  writeFigures(folder, figures);
  return { report, summary };
}

/** summary.json as it is written: two spaces, a newline at the end. */
function printSummary(summary: Summary): string {
  return `${JSON.stringify(summary, undefined, 2)}\n`;
}
