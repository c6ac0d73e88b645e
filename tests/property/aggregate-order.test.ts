import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aggregate } from '../../orchestrator/aggregate/aggregate.ts';
import { renderReport } from '../../orchestrator/report/report.ts';
import { fixtureLock, fixtureObservations, fixtureReplicas } from '../helpers/ensemble-fixture.ts';
import type { FixtureReplica } from '../helpers/ensemble-fixture.ts';

const options = { amplitudes: [8, 12], draws: 2, seeds: 4, widths: [16, 24], accepted: 0.7 };
const lock = fixtureLock(options);
const replicas = [...fixtureReplicas(options)];
const observations = fixtureObservations(options);

function bytes(inOrder: readonly FixtureReplica[]): string {
  const { summary } = aggregate({ lock, planned: replicas.length, replicas: inOrder });
  return JSON.stringify(summary);
}

test('the same results in any order give the same bytes of the summary', () => {
  const expected = bytes(replicas);
  fc.assert(
    fc.property(fc.shuffledSubarray(replicas, { minLength: replicas.length }), (shuffled) => {
      expect(bytes(shuffled)).toBe(expected);
    }),
    { numRuns: 20 },
  );
});

test('the same results in any order give the same bytes of the report', () => {
  const report = (inOrder: readonly FixtureReplica[]) => {
    const { summary, tables } = aggregate({ lock, planned: replicas.length, replicas: inOrder });
    return renderReport({ lock, summary, tables, observations }).page;
  };
  expect(report(replicas.toReversed())).toBe(report(replicas));
});

test('any subset of the results accounts for every planned replica and has no number that is not finite', () => {
  fc.assert(
    fc.property(fc.subarray(replicas), (some) => {
      const { summary } = aggregate({ lock, planned: replicas.length, replicas: some });
      const left = Object.values(summary.reasons).reduce((a, b) => a + b, 0);
      // JSON would turn NaN into null without a word: look before it does
      JSON.stringify(summary, (key, value: unknown) => {
        if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${key} is ${value}`);
        return value;
      });
      expect(summary.counts.accepted + left).toBe(replicas.length);
    }),
    { numRuns: 20 },
  );
});
