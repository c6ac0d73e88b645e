/** Metrics of `loligo worker`: its events, counted. No label names a sweep or a replica: a worker serves any number of them. */
import type { Registry } from 'prom-client';
import { OUTCOME_KINDS } from '../../schemas/outcome-kind.ts';
import type { ReportEvent, TryFailure } from '../../worker/queue/worker-event.ts';
import type { ConnectionWatch } from './connection-watch.ts';
import { Metrics } from './metrics.ts';

export interface WorkerProbe {
  readonly engine: string;
  readonly threads: number;
  readonly connection: ConnectionWatch;
  readonly running: () => number;
  readonly steps: () => number;
}

const FAILURES: readonly TryFailure[] = ['died', 'threw', 'out-of-memory', 'object-missing'];

export function workerMetrics(probe: WorkerProbe): { readonly registry: Registry; readonly count: ReportEvent } {
  const metrics = new Metrics('worker', probe.engine, probe.connection);
  metrics.gauge('loligo_worker_threads', 'Threads that train.', () => probe.threads);
  metrics.gauge('loligo_worker_replicas_running', 'Replicas in training.', probe.running);
  metrics.growing('loligo_worker_steps_total', 'Replica-steps done.', probe.steps);
  const finished = metrics.counter('loligo_worker_replicas_finished_total', 'Outcomes handed in.', ['outcome']);
  const failed = metrics.counter('loligo_worker_tries_failed_total', 'Tries that ended without an outcome.', ['reason']);
  const cohorts = metrics.counter('loligo_worker_cohorts_started_total', 'Cohorts that began to train.');
  const split = metrics.counter('loligo_worker_cohorts_split_total', 'Cohorts halved because they ran out of memory.');
  const lost = metrics.counter('loligo_worker_leases_lost_total', 'Leases that ran out, or were not wanted any more.');
  const malformed = metrics.counter('loligo_worker_messages_malformed_total', 'Messages that were no tasks.');
  const bytes = metrics.counter('loligo_worker_result_bytes_total', 'Size of the results handed in.');
  const checks = metrics.counter('loligo_worker_self_checks_total', 'Checks of this machine.', ['verdict']);
  const held = metrics.counter('loligo_worker_lanes_held_total', 'Times that a lane was left for a while.');
  const troubles = metrics.counter('loligo_worker_troubles_total', 'Failures that were tried again.');
  const seconds = metrics.seconds('loligo_worker_training_seconds', "A replica's share of its cohort's training.");
  // series that exist from the start can be told from a worker that does not count them
  for (const outcome of OUTCOME_KINDS) finished.inc({ outcome }, 0);
  for (const reason of FAILURES) failed.inc({ reason }, 0);
  for (const verdict of ['passed', 'failed']) checks.inc({ verdict }, 0);
  const count: ReportEvent = (event) => {
    switch (event.kind) {
      case 'cohort-started':
        return cohorts.inc();
      case 'replica-finished':
        seconds.observe(event.result.seconds);
        return finished.inc({ outcome: event.result.outcome.kind });
      case 'try-failed':
        return failed.inc({ reason: event.failure });
      case 'cohort-split':
        return split.inc();
      case 'result-published':
        return bytes.inc(event.bytes);
      case 'lease-lost':
        return lost.inc();
      case 'message-malformed':
        return malformed.inc();
      case 'self-checked':
        return checks.inc({ verdict: event.fault === undefined ? 'passed' : 'failed' });
      case 'lane-held':
        return held.inc();
      case 'trouble':
        return troubles.inc();
      case 'in-doubt':
      case 'went-out':
        return undefined;
      default:
        return event satisfies never;
    }
  };
  return { registry: metrics.registry, count };
}
