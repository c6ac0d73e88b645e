/** The compiled model of a task. A thread's tasks are of few models, and compiling one takes as long as all else that prepares a replica. */
import { compileModel } from '../models/compile.ts';
import type { Model } from '../models/model.ts';

const KEPT = 4;
const compiled = new Map<string, Model>();

/** `objects`: text by content hash, which `hash` is. */
export function taskModel(hash: string, objects: (hash: string) => string): Model {
  const model = compiled.get(hash) ?? compileModel(objects(hash), `model ${hash.slice(0, 12)}`);
  compiled.delete(hash);
  compiled.set(hash, model);
  const [oldest] = compiled.keys();
  if (compiled.size > KEPT && oldest !== undefined) compiled.delete(oldest);
  return model;
}
