/** From a spec file to a sweep that can run: read, resolve the problem (worker's knowledge), fill defaults, expand. */
import { dirname, resolve } from 'node:path';
import type { ResolvedSweep, TraceObject } from '../../schemas/generated/types.ts';
import { parseTrace } from '../../schemas/parse.ts';
import { structuralNotes } from '../../worker/identifiability/warnings.ts';
import type { Model } from '../../worker/models/model.ts';
import { resolveProblem } from '../../worker/train/resolve-problem.ts';
import { expansionOf, type Expansion } from '../expand/expansion.ts';
import { fixedAxes } from '../spec/axes.ts';
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
    fixedAxes: Object.fromEntries(fixedAxes(spec.space)),
  });
  const resolved = resolveSpec(spec, problem);
  return { resolved, expansion: expansionOf(resolved), objects, model, notes };
}

/** Stored windows of the sweep by content hash. */
export function tracesOf({ objects }: LoadedSweep): (hash: string) => TraceObject {
  return (hash) => parseTrace(JSON.parse(objects.get(hash)!));
}

/** The sweep's notes, and what the structure of its equations cannot tell apart. */
export function notesOf(sweep: LoadedSweep): string[] {
  const { model, resolved, notes } = sweep;
  return [...notes, ...structuralNotes({ model, problem: resolved.problem, trace: tracesOf(sweep) })];
}
