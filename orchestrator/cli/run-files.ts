/** What every run keeps open in its directory while it writes it, with and without a server; and closing it all. */
import { LoligoError } from '../../schemas/errors.ts';
import type { Lock } from '../../schemas/generated/types.ts';
import { openOutcomeLog, type OutcomeLog } from '../results/outcome-log.ts';
import { openProgramLog, type ProgramLog } from '../results/program-log.ts';
import { openRun, type WritableRun } from '../results/run-directory.ts';
import type { LoadedSweep } from './load-sweep.ts';
import type { RunWatchOptions } from './run-watch.ts';

export interface RunFiles {
  readonly run: WritableRun;
  readonly programLog: ProgramLog;
  readonly log: OutcomeLog;
}

/** What was opened is noted in `closing` at once: it is closed also where the next cannot be opened. Throws RUN_LOCKED, RUN_DIFFERS, RUN_CORRUPT, DISK. */
export function openRunFiles(
  { sweep, lock, out, watch }: { sweep: LoadedSweep; lock: Lock; out: string; watch: RunWatchOptions },
  closing: (() => unknown)[],
): RunFiles {
  const run = openRun(out, lock);
  closing.push(() => run.close());
  for (const text of sweep.objects.values()) run.objects.put(text);
  const programLog = openProgramLog(out, watch['log-level']);
  closing.push(() => programLog.close());
  const log = openOutcomeLog(out, { replicas: sweep.expansion.replicas });
  closing.push(() => log.close());
  return { run, programLog, log };
}

/** Closes everything and lets all failures through together. */
export async function closeAll(closing: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closing) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 0) return;
  if (failures.length === 1 && failures[0] instanceof LoligoError) throw failures[0];
  throw new AggregateError(failures, 'the run did not close cleanly');
}
