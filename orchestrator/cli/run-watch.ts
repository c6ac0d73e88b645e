/** What lets others watch a run: the metrics server, and a line of the program's log for each outcome at `debug`. */
import type { Logger } from 'pino';
import type { Lock, Result } from '../../schemas/generated/types.ts';
import type { OutcomeLog } from '../results/outcome-log.ts';
import { logResult } from '../results/program-log.ts';
import { openMetrics, type MetricsArguments } from './metrics-server.ts';
import { runMetrics, type RunProbe } from './run-metrics.ts';

export interface RunWatchOptions extends MetricsArguments {
  readonly 'log-level': string;
  readonly say: (line: string) => void;
}

export interface RunWatch {
  readonly onResult: (result: Result) => void;
  close(): Promise<void>;
}

/** Throws USAGE for a port that cannot be had. */
export async function openRunWatch(
  options: RunWatchOptions,
  { logger, ...probe }: RunProbe & { readonly logger: Logger },
): Promise<RunWatch> {
  if (options['metrics-port'] === undefined) return { onResult: (result) => logResult(logger, result), close: () => Promise.resolve() };
  const metrics = runMetrics(probe);
  const fault = (): string | undefined => (probe.cluster?.connection.connected() === false ? 'the server is away' : undefined);
  const server = await openMetrics(options, metrics.registry, fault, options.say);
  return {
    onResult: (result) => {
      metrics.count(result);
      logResult(logger, result);
    },
    close: async () => server?.close(),
  };
}

/** What every run knows of itself. */
export function probeOf(
  {
    lock,
    engine,
    sweep,
  }: { readonly lock: Lock; readonly engine: string; readonly sweep: { readonly expansion: { readonly replicas: number } } },
  log: OutcomeLog,
): Pick<RunProbe, 'sweep' | 'engine' | 'planned' | 'stored'> {
  return { sweep: lock.resolved.name, engine, planned: sweep.expansion.replicas, stored: () => log.counts };
}
