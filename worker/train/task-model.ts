/** The compiled model of a task. A thread's tasks are of few models, and compiling one takes as long as all else that prepares a replica. */
import { recall } from '../../schemas/bounded-map.ts';
import { compileModel } from '../models/compile.ts';
import type { Model } from '../models/model.ts';

const KEPT = 4;
const compiled = new Map<string, Model>();

/** `objects`: text by content hash, which `hash` is. */
export function taskModel(hash: string, objects: (hash: string) => string): Model {
  return recall(compiled, hash, KEPT, () => compileModel(objects(hash), `model ${hash.slice(0, 12)}`));
}
