/** Metrics of `loligo run`, with and without a server. The sweep's name is a label of all of them; no label names a replica. */
import type { Registry } from 'prom-client';
import type { Result } from '../../schemas/generated/types.ts';
import { OUTCOME_KINDS } from '../../schemas/outcome-kind.ts';
import type { QueueCounts } from '../queue/jetstream.ts';
import type { OutcomeCounts } from '../results/outcome-index.ts';
import type { ConnectionWatch } from './connection-watch.ts';
import { Metrics } from './metrics.ts';

export interface RunProbe {
  readonly sweep: string;
  readonly engine: string;
  readonly planned: number;
  readonly stored: () => OutcomeCounts;
  readonly running: () => number;
  /** Of a run through a server. */
  readonly cluster?: { readonly connection: ConnectionWatch; readonly queue: () => QueueCounts };
}

export function runMetrics(probe: RunProbe): { readonly registry: Registry; readonly count: (result: Result) => void } {
  const { cluster } = probe;
  const metrics = new Metrics('run', probe.engine, cluster?.connection);
  metrics.registry.setDefaultLabels({ sweep: probe.sweep });
  metrics.gauge('loligo_run_replicas_planned', 'Replicas of the sweep.', () => probe.planned);
  metrics.gauge('loligo_run_replicas_running', 'Replicas in training.', probe.running);
  metrics.gauges('loligo_run_replicas_stored', 'Replicas with an outcome in the run directory.', 'outcome', () => ({ ...probe.stored() }));
  if (cluster !== undefined) queueMetrics(metrics, cluster.queue);
  const stored = metrics.counter('loligo_run_results_stored_total', 'Results stored by this process.', ['outcome']);
  const givenUp = metrics.counter('loligo_run_replicas_given_up_total', 'Replicas given up after their last try.');
  const tries = metrics.counter('loligo_run_tries_total', 'Tries that the stored results took.');
  const steps = metrics.counter('loligo_run_steps_total', 'Replica-steps of the stored results.');
  const seconds = metrics.seconds('loligo_run_training_seconds', 'Training of one replica, by the worker.');
  for (const outcome of OUTCOME_KINDS) stored.inc({ outcome }, 0);
  const count = (result: Result): void => {
    const { outcome } = result;
    stored.inc({ outcome: outcome.kind });
    tries.inc(result.attempts);
    steps.inc(result.steps);
    seconds.observe(result.seconds);
    if (outcome.kind === 'failed' && outcome.error.code === 'REPLICA_GIVEN_UP') givenUp.inc();
  };
  return { registry: metrics.registry, count };
}

function queueMetrics(metrics: Metrics, counts: () => QueueCounts): void {
  metrics.gauge('loligo_run_replicas_outstanding', 'Replicas on their way through the server.', () => counts().outstanding);
  metrics.growing('loligo_run_replicas_published_total', 'Tasks sent for the first time.', () => counts().published);
  metrics.growing(
    'loligo_run_replicas_republished_total',
    'Tasks sent again because the server had lost them.',
    () => counts().republished,
  );
  metrics.growing('loligo_run_reconciliations_total', 'Comparisons of the run directory with the server.', () => counts().reconciliations);
  metrics.growing('loligo_run_tasks_left_over_total', 'Tasks taken out whose outcome was stored.', () => counts().leftOver);
  metrics.growing('loligo_run_messages_malformed_total', 'Messages that were no results.', () => counts().malformed);
  metrics.growing('loligo_run_result_bytes_total', 'Size of the results that came.', () => counts().resultBytes);
}
