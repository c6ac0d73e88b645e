/** From a spec file to a sweep that can run: read, resolve the problem (worker's knowledge), fill defaults, expand. */
import { dirname, resolve } from 'node:path';
import type { ResolvedSweep } from '../../schemas/generated/types.ts';
import type { Model } from '../../worker/models/model.ts';
import { resolveProblem } from '../../worker/train/resolve-problem.ts';
import { expansionOf, type Expansion } from '../expand/expansion.ts';
import { DEFAULT_SEED } from '../spec/defaults.ts';
import { resolveSpec } from '../spec/resolve.ts';
import { readSpec } from '../spec/spec-file.ts';

export interface LoadedSweep {
  readonly resolved: ResolvedSweep;
  readonly expansion: Expansion;
  /** Texts that tasks name by content hash. */
  readonly objects: ReadonlyMap<string, string>;
  readonly model: Model;
  /** What was assumed or left out, for the user. */
  readonly notes: readonly string[];
}

/** Throws LoligoError with every violation found; nothing is written. */
export async function loadSweep(specFile: string): Promise<LoadedSweep> {
  const spec = readSpec(specFile);
  const { problem, objects, model, notes } = await resolveProblem(spec.problem, {
    folder: dirname(resolve(specFile)),
    seed: spec.seed ?? DEFAULT_SEED,
  });
  const resolved = resolveSpec(spec, problem);
  return { resolved, expansion: expansionOf(resolved), objects, model, notes };
}
