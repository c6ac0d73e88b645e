/** Reads the outcome log of a run directory, also while another process writes it: everything acknowledged before the call is there. */
import type { Result } from '../../schemas/generated/types.ts';
import { setImmediate as breath } from 'node:timers/promises';
import { IndexSet } from './index-set.ts';
import { parseOutcomeLine } from './outcome-line.ts';
import { lines, segmentsOf } from './segments.ts';

const RESULTS_PER_BREATH = 1024;

/** Results in the order of the log, one per replica (the first counts). Throws RUN_CORRUPT with file and line, SCHEMA never. */
export async function* readOutcomes(runDirectory: string): AsyncGenerator<Result, void, undefined> {
  const seen = new IndexSet();
  for (const { block, from, to, where } of lines(segmentsOf(runDirectory))) {
    const result = parseOutcomeLine(block.toString('utf8', from, to), where);
    if (!seen.add(result.index)) continue;
    yield result;
    if (seen.size % RESULTS_PER_BREATH === 0) await breath();
  }
}
