/**
 * What trained the replicas of a run, by their own word. The lock knows only who began it: a run may be resumed with another engine or on another
 * machine, and workers of several kinds may serve it.
 */
import type { Lock, Result, Trainer } from '../../schemas/generated/types.ts';

/** Of replicas of several engines. */
export const SEVERAL = 'any';
/** Of methods without a network. */
export const NO_ENGINE = 'none';

export interface TrainerTally {
  add(result: Pick<Result, 'engine' | 'arithmetic' | 'outcome'>): void;
  /** The most replicas first. */
  take(): Trainer[];
}

export function trainerTally(): TrainerTally {
  const counts = new Map<string, Map<string | undefined, number>>();
  return {
    add: ({ engine, arithmetic, outcome }) => {
      // refused, or given up: nobody trained it to an end
      if (outcome.kind === 'failed') return;
      const own = counts.get(engine) ?? new Map<string | undefined, number>();
      counts.set(engine, own.set(arithmetic, (own.get(arithmetic) ?? 0) + 1));
    },
    take: () =>
      [...counts]
        .flatMap(([engine, own]) =>
          Array.from(own, ([arithmetic, replicas]) => ({ engine, ...(arithmetic === undefined ? {} : { arithmetic }), replicas })),
        )
        .toSorted((a, b) => b.replicas - a.replicas || (nameOf(a) < nameOf(b) ? -1 : 1)),
  };
}

function nameOf({ engine, arithmetic = '' }: Trainer): string {
  return `${engine} ${arithmetic}`;
}

/**
 * The one engine and arithmetic of all networks; `any`, and no arithmetic, where there are several. Of a run without results those that began it, and
 * of results that do not tell their arithmetic its own.
 */
export function trainedBy(lock: Pick<Lock, 'engine' | 'arithmetic'>, trainers: readonly Trainer[]): Pick<Lock, 'engine' | 'arithmetic'> {
  const engines = trainers.filter(({ engine }) => engine !== NO_ENGINE);
  const [first, ...others] = engines.length === 0 ? trainers : engines;
  if (first === undefined) return only(lock.engine, lock.arithmetic);
  if (others.length > 0) return only(others.every(({ engine }) => engine === first.engine) ? first.engine : SEVERAL, undefined);
  return only(first.engine, first.arithmetic ?? (first.engine === lock.engine ? lock.arithmetic : undefined));
}

function only(engine: string, arithmetic: string | undefined): Pick<Lock, 'engine' | 'arithmetic'> {
  return { engine, ...(arithmetic === undefined ? {} : { arithmetic }) };
}
