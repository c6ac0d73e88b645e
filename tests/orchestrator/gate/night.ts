/** Runs as the gate records them, without training: 12 draws, or others, of a parameter with a truth, one without, and two misfits. */
import { baselineOf, type ToleranceOptions } from '../../../orchestrator/gate/baseline.ts';
import type { RunRecord } from '../../../orchestrator/gate/run-record.ts';
import type { Baseline, GatedReplica } from '../../../schemas/generated/types.ts';
import { sha256 } from '../../../schemas/content-id.ts';
import { randomStream } from '../../../schemas/random.ts';
import { fixtureLock } from '../../helpers/ensemble-fixture.ts';

export interface NightOptions {
  readonly draws?: number;
  readonly seeds?: number;
  /** Names of the replicas' and the data's ids. */
  readonly replicas?: string;
  readonly data?: string;
  /** What the code does to a replica. */
  readonly change?: (replica: GatedReplica, index: number) => GatedReplica;
  readonly processor?: string;
  readonly engine?: string;
  readonly arithmetic?: string;
}

/** gNa at 2 % around its truth of 120, gK at 2 % around 40, misfits around 0.1. */
export function night(options: NightOptions = {}): RunRecord {
  const {
    draws = 12,
    seeds = 1,
    replicas: prefix = 'replica',
    data = 'data',
    change = (one) => one,
    engine = 'native',
    arithmetic = 'wide',
    processor = 'Loom 9',
  } = options;
  const replicas = Array.from({ length: draws * seeds }, (_, r): GatedReplica => {
    const own = randomStream(1, `${prefix} ${data} ${r}`);
    return {
      id: sha256(`${prefix} ${r}`).slice(0, 16),
      cluster: `${sha256(data).slice(0, 16)}:${Math.floor(r / seeds)}`,
      accepted: true,
      seconds: 2,
      values: [
        120 * Math.exp(0.02 * own.normal(0)),
        40 * Math.exp(0.02 * own.normal(1)),
        0.1 * Math.exp(0.1 * own.normal(2)),
        1 + 0.01 * own.normal(3),
      ],
    };
  }).map(change);
  return {
    sweep: { name: 'night', id: sha256('night'), model: 'hodgkin-huxley' },
    engine,
    arithmetic,
    processor,
    planned: replicas.length,
    finished: replicas.length,
    measures: [
      { kind: 'parameter', name: 'gNa', unit: 'mS/cm2', scale: 'log', truth: 120 },
      { kind: 'parameter', name: 'gK', unit: 'mS/cm2', scale: 'log' },
      { kind: 'reconstruction', name: 'V', unit: 'mV', scale: 'log' },
      { kind: 'predictive', name: 'rmseMv', unit: 'mV', scale: 'log' },
    ],
    replicas: replicas.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

export function baselineNight(options: NightOptions = {}, tolerances: ToleranceOptions = {}, most = 1000): Baseline {
  return baselineOf({ lock: fixtureLock(), record: night(options), tolerances, most });
}

/** Values by measure, each times its factor and a thousandth of noise. */
export function scaled(...factors: readonly number[]): NonNullable<NightOptions['change']> {
  return (replica, index) => {
    const noise = randomStream(2, `noise ${index}`);
    const values = replica.values.map((value, m) =>
      value === null ? null : value * (factors[m] ?? 1) * Math.exp(0.001 * noise.normal(m)),
    );
    return { ...replica, values };
  };
}

export const rejected = (replica: GatedReplica): GatedReplica => ({ ...replica, accepted: false, values: [] });
