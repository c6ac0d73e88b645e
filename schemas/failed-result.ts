/** Results of replicas that nobody trained to an end. */
import type { ErrorCode } from './errors.ts';
import type { Result, Task } from './generated/types.ts';

/** Who says so, and after how many deliveries. */
export interface Reporter {
  readonly attempts: number;
  readonly worker: string;
  readonly engine: string;
}

/** An error may list thousands of violations; the server takes a result of 1 MB. */
const LONGEST = 4000;

export function failedResult(task: Task, { attempts, worker, engine }: Reporter, error: { code: ErrorCode; message: string }): Result {
  const { sweep, index, replica } = task;
  return {
    sweep,
    index,
    replica,
    outcome: { kind: 'failed', error: { ...error, message: cut(error.message) } },
    attempts,
    worker,
    engine,
    seconds: 0,
    steps: 0,
  };
}

/** A replica that failed on every one of its tries; `reason` is a sentence about the last failure. */
export function givenUp(task: Task, by: Reporter, reason: string): Result {
  const message = `given up after ${by.attempts} tries. ${reason}`;
  return failedResult(task, by, { code: 'REPLICA_GIVEN_UP', message });
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}
