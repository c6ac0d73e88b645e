/**
 * The time courses of a bounded number of replicas: those whose ids are the lowest. Ids are hashes, so that this is a random sample, the same in
 * any order of arrival, and two samples merge into that of both.
 */
import type { Traces } from '../../schemas/generated/types.ts';

/** At 250 points of V, three gates and the simulated V each they take 40 MB. `traces.replicas` asks for half of it unless the spec says more. */
const MOST_TRACES = 4000;

export interface TraceSample {
  add(entry: SampledTraces): void;
  /** By position in the expansion. */
  take(): Map<number, Traces>;
}

interface SampledTraces {
  readonly replica: string;
  /** position in the expansion */
  readonly index: number;
  readonly traces: Traces;
}

export function traceSample(most = MOST_TRACES): TraceSample {
  let kept: SampledTraces[] = [];
  const cut = (): void => {
    if (kept.length > most) kept = kept.toSorted((a, b) => (a.replica < b.replica ? -1 : 1)).slice(0, most);
  };
  return {
    add: (entry) => {
      kept.push(entry);
      if (kept.length >= 2 * most) cut();
    },
    take: () => {
      cut();
      return new Map(kept.map(({ index, traces }) => [index, traces]));
    },
  };
}
