/** The trainer of every real run: the engine that was asked for, and train/ around it. */
import { openEngine } from '../engines/registry.ts';
import { trainCohort } from '../train/train-cohort.ts';
import type { Trainer } from './trainer.ts';

/** Throws ENGINE_UNAVAILABLE. */
export async function openTrainer(name: string): Promise<Trainer> {
  const { engine } = await openEngine(name);
  return { train: (tasks, context) => trainCohort(tasks, { ...context, engine }) };
}
