import { expect, test } from 'vitest';
import { tableBuilder } from '../../../orchestrator/aggregate/replica-table.ts';
import { recordOf, type RunRecord } from '../../../orchestrator/gate/run-record.ts';
import { fixtureLock, fixtureReplicas, type FixtureOptions } from '../../helpers/ensemble-fixture.ts';

function recordOfFixture(options: FixtureOptions, hosts = 1): RunRecord {
  const lock = { ...fixtureLock(options), processor: 'Loom 9' };
  const replicas = [...fixtureReplicas(options)];
  const builder = tableBuilder(lock);
  for (const replica of replicas) builder.add(replica);
  return recordOf({ lock, table: builder.finish(), planned: 40, hosts, replicaId: (index) => replicas[index]!.task.replica });
}

test('a record lists every finished replica by id, values of the accepted alone, in clusters of data unit and draw', () => {
  const options = { amplitudes: [10, 20], draws: 4, seeds: 4, traces: false };
  const { replicas, planned, finished, measures } = recordOfFixture(options);
  expect([planned, finished, replicas.length]).toEqual([40, 32, 32]);
  expect(replicas.map(({ id }) => id)).toEqual(replicas.map(({ id }) => id).toSorted());
  expect(new Set(replicas.map(({ cluster }) => cluster)).size).toBe(8);
  const lost = replicas.filter(({ accepted }) => !accepted);
  expect(lost.length).toBeGreaterThan(0);
  expect(lost.every(({ values }) => values.length === 0)).toBe(true);
  expect(replicas.filter(({ accepted }) => accepted).every(({ values }) => values.length === measures.length)).toBe(true);
  expect(new Set(replicas.filter(({ accepted }) => accepted).map(({ id }) => id))).toEqual(
    new Set(
      [...fixtureReplicas(options)].flatMap(({ task, result }) => (result.outcome.kind === 'converged' ? [task.replica.slice(0, 16)] : [])),
    ),
  );
});

test('values stand in the order of the measures, to seven digits, with the truth that all data share', () => {
  const options = { draws: 1, seeds: 2, accepted: 1, traces: false };
  const { replicas, measures } = recordOfFixture(options);
  expect(measures.map(({ kind, name, unit, truth }) => [kind, name, unit, truth])).toEqual([
    ['parameter', 'gNa', 'mS/cm2', 120],
    ['parameter', 'gK', 'mS/cm2', 36],
    ['parameter', 'gL', 'mS/cm2', 0.3],
    ['reconstruction', 'V', 'mV', undefined],
    ['reconstruction', 'm', '1', undefined],
    ['reconstruction', 'h', '1', undefined],
    ['reconstruction', 'n', '1', undefined],
    ['predictive', 'rmseMv', 'mV', undefined],
  ]);
  const { task, result } = [...fixtureReplicas(options)][0]!;
  const row = replicas.find(({ id }) => task.replica.startsWith(id))!;
  const { parameters, network, predictive } = result.estimate!;
  expect(row.values[1]).toBe(Number(parameters['gK']!.toPrecision(7)));
  expect(row.values[4]).toBe(Number(network.rmseToTruth!['m']!.toPrecision(7)));
  expect(row.values[7]).toBe(Number(predictive!.rmseMv.toPrecision(7)));
});

test('of recordings V against the data is measured, and what was held out', () => {
  const { measures } = recordOfFixture({ recorded: true, heldOut: 2, traces: false });
  expect(measures.slice(3).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    'reconstruction V',
    'predictive rmseMv',
    'predictive rest of the fitted sweeps',
    'predictive sweep 20',
    'predictive sweep 21',
  ]);
  expect(measures.some(({ truth }) => truth !== undefined)).toBe(false);
});

test('a processor is known of what one host trained', () => {
  const options = { draws: 1, seeds: 2, traces: false };
  expect(recordOfFixture(options).processor).toBe('Loom 9');
  expect(recordOfFixture(options, 2)).not.toHaveProperty('processor');
});
