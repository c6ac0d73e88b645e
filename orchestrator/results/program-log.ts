/** `log.jsonl`: what the program did, for people who look for a fault. Nothing reads it back; outcomes have their own log. */
import { join } from 'node:path';
import pino from 'pino';
import type { Logger } from 'pino';

export interface ProgramLog {
  readonly logger: Logger;
  close(): void;
}

export function openProgramLog(runDirectory: string): ProgramLog {
  const destination = pino.destination({ dest: join(runDirectory, 'log.jsonl'), append: true, sync: true });
  // a full disk must not end the run for a line of the program's own log; the outcome log reports the disk
  destination.on('error', () => undefined);
  const logger = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  return { logger, close: () => destination.end() };
}
