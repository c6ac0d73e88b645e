/**
 * What `loligo worker` says on stderr: lines for people, or with `--log json` one object a line, with an event's name and, where there is
 * one, sweep, replica and attempt. What happens to every replica is told at `debug` only. No secret passes through here.
 */
import pino from 'pino';
import type { Logger } from 'pino';
import type { ReplicaTry, ReportEvent, WorkerEvent } from '../../worker/queue/worker-event.ts';
import { logOptions } from '../results/program-log.ts';
import { say } from './output.ts';

export function openWorkerLog({ log, 'log-level': level }: { readonly log: string; readonly 'log-level': string }): Logger {
  const options = logOptions(level);
  if (log === 'json') {
    const stderr = pino.destination({ dest: 2, sync: true });
    stderr.on('error', () => undefined); // a worker trains on without a reader
    return pino(options, stderr);
  }
  // pino writes nothing but lines of JSON objects with a msg
  return pino(options, { write: (line) => say(inWords(JSON.parse(line) as Record<string, unknown>)) });
}

/** `try failed: the trainer threw (sweep 0a1b2c3d4e5f, replica 7, attempt 1)` */
function inWords({ msg, level, sweep, index, attempt }: Record<string, unknown>): string {
  const places = [
    typeof sweep === 'string' ? `sweep ${sweep.slice(0, 12)}` : '',
    typeof index === 'number' ? `replica ${index}` : '',
    typeof attempt === 'number' ? `attempt ${attempt}` : '',
  ].filter((part) => part !== '');
  const kind = typeof level === 'number' && level >= 40 ? (level >= 50 ? 'error: ' : 'warning: ') : '';
  return `${kind}${String(msg)}${places.length === 0 ? '' : ` (${places.join(', ')})`}`;
}

/** Every event to each of them. */
export function inTurn(...reports: readonly ReportEvent[]): ReportEvent {
  return (event) => {
    for (const report of reports) report(event);
  };
}

export function eventLog(logger: Logger): ReportEvent {
  return (event) => logEvent(logger, event);
}

function logEvent(logger: Logger, event: WorkerEvent): void {
  const named = { event: event.kind };
  const of = (replica: ReplicaTry): object => ({ ...named, ...replica });
  switch (event.kind) {
    case 'cohort-started':
      for (const replica of event.tries) logger.debug(of(replica), 'training');
      return;
    case 'replica-finished':
      return logger.debug({ ...of(event.of), outcome: event.result.outcome.kind, seconds: event.result.seconds }, 'outcome handed in');
    case 'try-failed': {
      const { failure, counted, message } = event;
      return logger.warn({ ...of(event.of), reason: failure, counted }, `try failed: ${message}`);
    }
    case 'cohort-split':
      return logger.info({ ...named, shape: event.shape }, `${event.from} replicas ran out of memory together: trying ${event.to}`);
    case 'result-published':
      return undefined;
    case 'lease-lost':
      return logger.warn(of(event.of), 'the lease was lost: another worker has the replica, nobody wants it, or the server is away');
    case 'message-malformed':
      return logger.warn(named, 'a message that was no task was put aside');
    case 'trouble':
      return logger.warn(named, `trying again: ${event.message}`);
    case 'self-checked': {
      const { fault, seconds } = event;
      if (fault === undefined) return logger.debug({ ...named, seconds }, 'this machine passed its own check');
      return logger.error({ ...named, seconds }, `this machine failed its own check: ${fault}`);
    }
    case 'in-doubt': {
      const { failures, pauseMs } = event;
      return logger.warn(
        { ...named, failures, pauseMs },
        `${failures} failed in a row: the next is pulled after ${pauseMs / 1000} s, alone`,
      );
    }
    case 'lane-held': {
      const { sweep, shape, seconds, why } = event;
      return logger.warn({ ...named, sweep, shape, seconds }, `nothing of this sweep and shape for ${seconds} s: ${why}`);
    }
    case 'went-out':
      return logger.error(named, `takes itself out: ${event.why}`);
    default:
      return event satisfies never;
  }
}
