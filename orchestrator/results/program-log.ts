/** `log.jsonl`: what the program did, for people who look for a fault. Nothing reads it back; outcomes have their own log. */
import { join } from 'node:path';
import pino from 'pino';
import type { Logger, LoggerOptions } from 'pino';
import type { Result } from '../../schemas/generated/types.ts';

export interface ProgramLog {
  readonly logger: Logger;
  close(): void;
}

/** One line per outcome would be a second outcome log: only at `debug`. */
export function logResult(logger: Logger, { sweep, index, replica, attempts, outcome, worker, seconds }: Result): void {
  if (!logger.isLevelEnabled('debug')) return;
  logger.debug(
    { event: 'outcome-stored', sweep, index, replica, attempt: attempts, outcome: outcome.kind, worker, seconds },
    'outcome stored',
  );
}

/** Each line has the process and the time in ISO 8601. */
export function logOptions(level: string): LoggerOptions {
  return { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime };
}

export function openProgramLog(runDirectory: string, level = 'info'): ProgramLog {
  const destination = pino.destination({ dest: join(runDirectory, 'log.jsonl'), append: true, sync: true });
  // a full disk must not end the run for a line of the program's own log; the outcome log reports the disk
  destination.on('error', () => undefined);
  const logger = pino(logOptions(level), destination);
  return { logger, close: () => destination.end() };
}
