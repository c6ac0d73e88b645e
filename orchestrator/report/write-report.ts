/** Puts report.html and summary.json into a run directory. Each appears whole or not at all, also when the process dies between. */
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LoligoError } from '../../schemas/errors.ts';
import type { Summary } from '../../schemas/generated/types.ts';
import { renderReport } from './report.ts';
import type { ReportInput } from './report.ts';

/** Paths of what was written. Throws LoligoError DISK where the folder cannot be written. */
export async function writeReport(folder: string, input: ReportInput): Promise<{ report: string; summary: string }> {
  const report = await replaceFile(folder, 'report.html', renderReport(input));
  const summary = await replaceFile(folder, 'summary.json', printSummary(input.summary));
  return { report, summary };
}

/** summary.json as it is written: two spaces, a newline at the end. */
function printSummary(summary: Summary): string {
  return `${JSON.stringify(summary, undefined, 2)}\n`;
}

/** Written beside its place and moved there: a reader sees the old file or the new one. */
async function replaceFile(folder: string, name: string, content: string): Promise<string> {
  const path = join(folder, name);
  const temporary = join(folder, `.${name}.${randomUUID()}`);
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
    return path;
  } catch (cause) {
    await rm(temporary, { force: true });
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new LoligoError(
      [
        {
          code: 'DISK',
          where: path,
          rule: 'the report must be written',
          got,
          remedy: 'Free space or choose a folder that can be written.',
        },
      ],
      { cause },
    );
  }
}
