/** Reads the outcome log of a run directory, also while another process writes it: everything acknowledged before the call is there. */
import type { Result } from '../../schemas/generated/types.ts';
import { setImmediate as breath } from 'node:timers/promises';
import { AcceptedLines } from './accepted-lines.ts';
import { parseOutcomeLine, readHead } from './outcome-line.ts';
import { lines, segmentsOf } from './segments.ts';

const RESULTS_PER_BREATH = 1024;

/** Results in the order of the log, one per replica: the first that was not withdrawn. Throws RUN_CORRUPT with file and line, SCHEMA never. */
export async function* readOutcomes(runDirectory: string): AsyncGenerator<Result, void, undefined> {
  const segments = segmentsOf(runDirectory);
  const accepted = new AcceptedLines(segments);
  let results = 0;
  for (const { block, from, to, where } of lines(segments)) {
    if (!accepted.accepts(readHead(block, from, to, where))) continue;
    results += 1;
    yield parseOutcomeLine(block.toString('utf8', from, to), where);
    if (results % RESULTS_PER_BREATH === 0) await breath();
  }
}
