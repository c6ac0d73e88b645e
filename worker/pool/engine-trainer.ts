/** The trainer of every real run: the engine that was asked for, and train/ around it; a method without a network needs no engine. */
import { openNamedEngine } from '../engines/registry.ts';
import { estimateCohort } from '../train/networkless.ts';
import { trainCohort } from '../train/train-cohort.ts';
import type { Trainer } from './trainer.ts';

/** As OpenTrainer. */
export async function openTrainer(name: string, arithmetic?: string): Promise<Trainer> {
  const engine = await openNamedEngine(name, arithmetic);
  return {
    // tasks of one shape have one method
    train: async (tasks, context) =>
      tasks[0]?.method === undefined ? trainCohort(tasks, { ...context, engine }) : estimateCohort(tasks, context),
  };
}
