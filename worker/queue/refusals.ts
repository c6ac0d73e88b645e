/**
 * What this worker cannot train, asked of its engine, its memory and its version before it takes a task. Such a task goes back untried, and
 * the worker's card says why: a fleet of different engines and machines serves one sweep, each worker what it can.
 */
import type { Task } from '../../schemas/generated/types.ts';
import { laneRefusal } from '../../schemas/wire.ts';
import type { Engine } from '../engines/engine.ts';
import { compileModel } from '../models/compile.ts';
import type { Model } from '../models/model.ts';
import { replicaBytes } from '../train/cost.ts';
import { settingsOf, shapeOf } from '../train/member.ts';
import type { Refusals } from './jetstream.ts';

export interface WorkerAbilities {
  readonly engine: Pick<Engine, 'name' | 'refuses'>;
  /** For one replica at least. */
  readonly memoryBytes: number;
  /** Version of the program. */
  readonly version: string;
  /** Text of an object by content hash. */
  readonly objects: (hash: string) => Promise<string>;
}

export function refusalsOf({ engine, memoryBytes, version, objects }: WorkerAbilities): Refusals {
  const models = new Map<string, Promise<Model | undefined>>();
  const modelOf = (hash: string): Promise<Model | undefined> => {
    const reading = models.get(hash) ?? compiled(objects, hash);
    models.set(hash, reading);
    return reading;
  };
  return {
    lane: (lane) => laneRefusal(lane, engine.name, version),
    task: async (task: Task) => {
      // a method without a network asks for no engine, and for little memory
      if (task.method !== undefined) return null;
      const model = await modelOf(task.model);
      // without its model the task fails in training, where that is told
      if (model === undefined) return null;
      const shape = shapeOf(task, model);
      const lacking = engine.refuses(shape, settingsOf(task));
      if (lacking !== null) return `engine ${engine.name} does not train ${lacking}`;
      const bytes = replicaBytes(shape, task.training);
      return bytes <= memoryBytes ? null : `a replica needs about ${gigabytes(bytes)} of memory, it has ${gigabytes(memoryBytes)}`;
    },
  };
}

async function compiled(objects: WorkerAbilities['objects'], hash: string): Promise<Model | undefined> {
  try {
    return compileModel(await objects(hash), `model ${hash.slice(0, 12)}`);
  } catch {
    return undefined;
  }
}

function gigabytes(bytes: number): string {
  return `${Number((bytes / 1e9).toPrecision(2))} GB`;
}
