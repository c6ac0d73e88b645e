/** The judge of fault schedules on made-up histories: what it must object to, and what it must allow. */
import { expect, test } from 'vitest';
import { judge, readJournal, type Found } from './verdict.mjs';

const PLAN = { replicas: 3, workers: 2, threads: 1, places: 2, ackWaitMs: 1000, reconcileMs: 500, poison: {} };
const SUMMARY = '{"counts":3}';

/** Three replicas, each trained once by process 1 or 2, at 0, 100 and 200 ms. */
function found(changes: Partial<Found> & { journalText?: string } = {}): Found {
  const { journalText = 'begin 0 1 1 1 0.0\nbegin 1 1 1 1 100.0\nbegin 2 2 1 1 200.0\n', ...rest } = changes;
  return {
    plan: PLAN,
    lines: [0, 1, 2].map((index) => ({ index, attempts: 1, outcome: { kind: 'converged' } })),
    journal: readJournal(journalText),
    disturbances: [],
    stored: new Map([0, 1, 2].map((index) => [index, 300])),
    parquet: { rows: 3, replicas: 3 },
    summary: { counts: { finished: 3 } },
    canonical: SUMMARY,
    reference: SUMMARY,
    ...rest,
  };
}

const kindsOf = (changes: Parameters<typeof found>[0]): string[] => judge(found(changes)).map(({ kind }) => kind);
const again = 'begin 0 1 1 1 0.0\nbegin 1 1 1 1 100.0\nbegin 2 2 1 1 200.0\nbegin 1 2 1 2 5000.0\n';
const failed = (index: number, attempts: number) => ({ index, attempts, outcome: { kind: 'failed', error: { code: 'REPLICA_GIVEN_UP' } } });

test('an undisturbed history is in order', () => {
  expect(kindsOf({})).toEqual([]);
});

test('a replica without a line is lost, one with two is double, and every count must agree', () => {
  const lines = found().lines;
  expect(kindsOf({ lines: lines.slice(1) })).toEqual(['lost', 'double', 'double', 'double']);
  expect(kindsOf({ lines: [...lines, ...lines.slice(2)] })).toEqual(['double']);
  expect(kindsOf({ parquet: { rows: 4, replicas: 3 } })).toEqual(['double']);
  expect(kindsOf({ summary: { counts: { finished: 4 } } })).toEqual(['double']);
});

test('a second training needs a fault of one of the two workers, or of what all share, at its time', () => {
  expect(kindsOf({ journalText: again })).toEqual(['redone', 'redone']);
  const at = (from: number, to: number, touches: 'all' | number[]) =>
    kindsOf({ journalText: again, disturbances: [{ kind: 'kill worker', touches, from, to }] });
  expect(at(150, 150, [1])).toEqual([]);
  expect(at(150, 150, [2])).toEqual([]);
  expect(at(150, 150, 'all')).toEqual([]);
  expect(at(150, 150, [3])).toEqual(['redone']);
  expect(at(150, 150, [])).toEqual(['redone', 'redone']);
  expect(at(6000, 6000, 'all')).toEqual(['redone']);
});

test('stored replicas may be trained again as often as leases were disturbed, and no oftener', () => {
  const journalText = [0, 1, 2].flatMap((index) => [`begin ${index} 1 1 1 ${index}.0`, `begin ${index} 2 1 2 ${900 + index}.0`]).join('\n');
  const disturbances = [{ kind: 'kill worker', touches: [1], from: 500, to: 500 }];
  expect(kindsOf({ journalText, disturbances })).toEqual(['redone']);
  expect(kindsOf({ journalText, disturbances, stored: new Map([[0, 300]]) })).toEqual([]);
});

test('a poisonous replica is given up after three tries, and a sound one only where a fault ended one of its tries', () => {
  const [first, second] = found().lines;
  const given = (attempts: number) => [first, second, failed(2, attempts)].filter((line) => line !== undefined);
  const poisoned = { ...PLAN, poison: { 2: 'throw' } };
  expect(kindsOf({ plan: poisoned, lines: given(3) })).toEqual([]);
  expect(kindsOf({ plan: poisoned, lines: given(2) })).toEqual(['given up']);
  expect(kindsOf({ plan: poisoned })).toEqual(['given up']);
  expect(kindsOf({ lines: given(3) })).toEqual(['given up']);
  expect(kindsOf({ lines: given(3), disturbances: [{ kind: 'kill worker', touches: [2], from: 250, to: 250 }] })).toEqual([]);
  expect(kindsOf({ lines: given(4) })).toEqual(['attempts', 'given up']);
});

test('a summary that differs in one letter differs', () => {
  expect(kindsOf({ canonical: '{"counts":4}' })).toEqual(['summary']);
});
