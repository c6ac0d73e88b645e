/**
 * Schedules of faults through real nats-servers with real processes: fixed ones that hold every kind at least once, and random ones whose seed
 * their name gives. LOLIGO_FAULT_SEED repeats a random one; `npm run study:faults` plays hundreds.
 */
import { describe, expect, test } from 'vitest';
import { natsVersions } from '../helpers/nats-server.ts';
import { KINDS } from './kinds.mjs';
import { drawPlan, playSchedule } from './schedule.mjs';

/** Long enough for a loaded machine to keep. */
const ACK_WAIT_MS = 2000;
const LIMIT_MS = 150_000;

interface Fixed {
  readonly seed: number;
  readonly kinds: readonly string[];
  /** The command line and the native engine, not the fixture's trainer. */
  readonly real?: boolean;
}

const FIXED: readonly Fixed[] = [
  { seed: 1, kinds: ['kill worker', 'kill thread', 'kill orchestrator', 'delete stream', 'poison: process'] },
  { seed: 2, kinds: ['kill server', 'stop worker', 'echoed messages', 'poison: thread'] },
  { seed: 3, kinds: ['wipe server', 'drain worker', 'cut link', 'torn message', 'poison: throw'] },
  { seed: 4, kinds: ['stop orchestrator', 'full disk', 'clock jump', 'delete messages', 'slow link'] },
  { seed: 5, kinds: ['stop server', 'silent link', 'purge stream', 'delete consumer'] },
  { seed: 6, kinds: ['kill worker', 'kill orchestrator', 'wipe server'], real: true },
];

test('the fixed schedules hold every kind of fault', () => {
  expect(FIXED.flatMap(({ kinds }) => kinds)).toEqual(expect.arrayContaining(KINDS.map(({ name }) => name)));
});

const versions = natsVersions();
const random = Number(process.env['LOLIGO_FAULT_SEED'] ?? Date.now() % 1_000_000);

describe.skipIf(versions.length === 0)('a sweep ends with the outcomes of an undisturbed run, each once', () => {
  const fixed = FIXED.map((one, place) => ({ ...one, ...versions[place % versions.length] }));

  test.concurrent.each(fixed)(
    '$name: $kinds',
    async ({ seed, kinds, real = false, binary = '' }) => {
      const { problems, faults } = await playSchedule(drawPlan(seed, { ackWaitMs: ACK_WAIT_MS, kinds, real }), binary);
      expect(problems).toEqual([]);
      expect(Object.keys(faults).length).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  // on one of the servers, by the seed
  test.concurrent.each(
    versions
      .slice(random % versions.length)
      .slice(0, 1)
      .map((version) => ({ ...version, seed: random })),
  )(
    '$name: LOLIGO_FAULT_SEED=$seed',
    async ({ seed, binary }) => {
      const { problems } = await playSchedule(drawPlan(seed, { ackWaitMs: ACK_WAIT_MS }), binary);
      expect(problems).toEqual([]);
    },
    LIMIT_MS,
  );
});
