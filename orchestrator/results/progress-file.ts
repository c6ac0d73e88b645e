/** `progress.json`: what the process that writes a run directory last said of it, for `loligo status DIR`. Nothing rests on it. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SweepNotice } from '../../schemas/generated/types.ts';
import { parseNotice } from '../../schemas/parse.ts';

const NAME = 'progress.json';

/** Not fsynced, and a disk that refuses it is the outcome log's to report. */
export function writeProgress(runDirectory: string, notice: SweepNotice): void {
  const path = join(runDirectory, NAME);
  try {
    writeFileSync(`${path}.tmp`, JSON.stringify(notice));
    renameSync(`${path}.tmp`, path);
  } catch {
    // the next second has the next notice
  }
}

/** Undefined where there is none that can be read. */
export function readProgress(runDirectory: string): SweepNotice | undefined {
  try {
    return parseNotice(JSON.parse(readFileSync(join(runDirectory, NAME), 'utf8')));
  } catch {
    return undefined;
  }
}
