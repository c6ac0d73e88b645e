/** The engine of this machine, for a sweep or for a worker. `run`, `plan` and `validate` ask here, so that they speak of the same one. */
import type { Engine } from '../../worker/engines/engine.ts';
import { refusalsOf, refuseIfLacking } from './engine-refusals.ts';
import type { LoadedSweep } from './load-sweep.ts';

/** `asked`: a name, or `auto` for the fastest that trains everything of the sweep. Throws ENGINE_UNAVAILABLE, SPEC_UNSUPPORTED. The caller closes it. */
export async function openSweepEngine(asked: string, sweep: LoadedSweep): Promise<{ engine: Engine; why: string }> {
  // engines take most of the program's start: loaded where they are used
  const { openEngine } = await import('../../worker/engines/registry.ts');
  const stages = Object.values(sweep.resolved.training).flat();
  const adamOnly = stages.every(({ optimizer }) => optimizer === 'adam');
  const opened = await openEngine(asked, (candidate) => refusalsOf(sweep, candidate)[0] ?? null, { adamOnly });
  try {
    refuseIfLacking(sweep, opened.engine);
  } catch (error) {
    await opened.engine.close();
    throw error;
  }
  return opened;
}

/** Closed, as the threads open their own, with the company that it gains by; it still says what it refuses. */
export async function measuredEngine({ engine, why }: { engine: Engine; why: string }, say: (line: string) => void): Promise<Engine> {
  const { measureCompany } = await import('../../worker/engines/speed-test.ts');
  const company = await measureCompany(engine);
  await engine.close();
  say(`engine: ${why}`);
  return { ...engine, company };
}
