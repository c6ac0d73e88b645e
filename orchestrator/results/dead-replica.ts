/** What is told of a replica that was given up: which one it is, in the words of the spec, and how it ended. */
import type { Configuration, DeadReplica, ResolvedSweep, Task } from '../../schemas/generated/types.ts';
import type { DeadOutcome } from './outcome-index.ts';

export function describeDead(task: Task, { result, retries }: DeadOutcome, { space }: Pick<ResolvedSweep, 'space'>): DeadReplica {
  const { index, replica, attempts, worker, engine, outcome } = result;
  // the keys of a configuration are those of the space that are axes; the expansion fills in what the spec leaves out
  const axes = Object.keys(space) as (keyof Configuration)[];
  return {
    index,
    replica,
    retries,
    attempts,
    worker,
    engine,
    reason: outcome.kind === 'failed' ? outcome.error.message.slice(0, MOST_LETTERS) : outcome.kind,
    data: task.data.label,
    draw: task.draw,
    seed: task.seed,
    configuration: Object.fromEntries(axes.flatMap((axis) => valueOf(task, axis))),
  };
}

function valueOf({ configuration }: Task, axis: keyof Configuration): [string, string | number][] {
  const value = configuration[axis];
  return value === undefined ? [] : [[axis, value]];
}

/** It has to fit into a message. */
const MOST_LETTERS = 4000;
