/** What the metrics of `run` and `worker` have in common: the process, the build, the connection. docs/metrics.md lists every name. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { packageVersion } from '../../schemas/package-root.ts';
import type { ConnectionWatch } from './connection-watch.ts';

/** Seconds that training a replica takes: from a test's to a night's. */
const SECONDS = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000];

/** Makes counters, gauges and histograms in one registry. */
export class Metrics {
  readonly registry = new Registry();

  constructor(role: 'run' | 'worker', engine: string, connection: ConnectionWatch | undefined) {
    collectDefaultMetrics({ register: this.registry });
    const build = new Gauge({
      name: 'loligo_build_info',
      help: 'Always 1; its labels tell the program.',
      labelNames: ['role', 'engine', 'version', 'node'],
      registers: [this.registry],
    });
    build.set({ role, engine, version: packageVersion(), node: process.versions.node }, 1);
    if (connection === undefined) return;
    this.gauge('loligo_nats_connected', '1 while the server answers.', () => Number(connection.connected()));
    this.growing('loligo_nats_reconnects_total', 'Times that the connection came back.', () => connection.reconnects());
  }

  counter<T extends string>(name: string, help: string, labelNames: readonly T[] = []): Counter<T> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  /** A counter that somebody else counts. */
  growing(name: string, help: string, read: () => number): void {
    const counter: Counter = new Counter({
      name,
      help,
      registers: [this.registry],
      collect: () => {
        counter.reset();
        counter.inc(read());
      },
    });
  }

  gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [this.registry], collect: () => gauge.set(read()) });
  }

  gauges<T extends string>(name: string, help: string, label: T, read: () => Readonly<Record<string, number>>): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.registry],
      collect: () => {
        for (const [value, number] of Object.entries(read())) gauge.set({ [label]: value }, number);
      },
    });
  }

  seconds(name: string, help: string): Histogram {
    return new Histogram({ name, help, buckets: SECONDS, registers: [this.registry] });
  }
}
