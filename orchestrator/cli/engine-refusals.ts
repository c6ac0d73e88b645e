/** What of a sweep an engine does not train: asked before anything is spent. */
import { throwIfAny } from '../../schemas/errors.ts';
import type { Engine } from '../../worker/engines/engine.ts';
import { settingsOf, shapeOf } from '../../worker/train/member.ts';
import type { LoadedSweep } from './load-sweep.ts';

/** Configurations that are looked at; of a larger sweep they are spread over it, and the worker asks again for each replica. */
const MOST_EXAMINED = 20_000;

/** Different refusals, each by the name of the variant in the spec; empty when the engine trains everything. */
export function refusalsOf({ expansion, model }: LoadedSweep, engine: Engine): string[] {
  const stride = Math.max(1, Math.ceil(expansion.configurations / MOST_EXAMINED));
  const found = new Set<string>();
  // the first so many tasks have the first seed and data: one for each configuration
  for (let index = 0; index < expansion.configurations; index += stride) {
    const task = expansion.task(index);
    const refusal = engine.refuses(shapeOf(task, model), settingsOf(task));
    if (refusal !== null) found.add(refusal);
  }
  return [...found];
}

/** Throws SPEC_UNSUPPORTED with every variant that the engine lacks. */
export function refuseIfLacking(sweep: LoadedSweep, engine: Engine): void {
  throwIfAny(
    refusalsOf(sweep, engine).map((refusal) => ({
      code: 'SPEC_UNSUPPORTED',
      where: `--engine ${engine.name}`,
      rule: `the engine ${engine.name} does not train ${refusal}`,
      remedy: 'Take another engine ("reference" trains everything, "auto" the fastest that can), or leave it out of the sweep.',
    })),
  );
}
