/**
 * A signal that aborts once every one of several did. Not AbortSignal.any turned around: this one lets go of its sources when its user is
 * done, so that a signal that lives as long as the process (a local lease's) keeps nothing of the cohorts that came and went.
 */
export interface AllAborted {
  readonly signal: AbortSignal;
  /** Stop listening. */
  forget(): void;
}

export function allAborted(sources: readonly AbortSignal[]): AllAborted {
  const all = new AbortController();
  const look = (): void => {
    if (sources.every(({ aborted }) => aborted)) all.abort();
  };
  for (const source of sources) source.addEventListener('abort', look);
  look();
  return {
    signal: all.signal,
    forget: () => {
      for (const source of sources) source.removeEventListener('abort', look);
    },
  };
}
