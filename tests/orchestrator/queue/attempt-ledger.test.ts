import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AttemptLedger } from '../../../orchestrator/queue/attempt-ledger.ts';
import { taskFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();
const replica = (index: number): string => taskFixture(index).replica;

test('counts survive a death in the middle of a line, which is cut off', () => {
  const path = join(scratch(), 'attempts.jsonl');
  const first = new AttemptLedger(path);
  first.record([
    [replica(0), 1],
    [replica(1), 2],
  ]);
  first.record([[replica(0), 2]]);
  appendFileSync(path, '{"replica":"0000');
  const second = new AttemptLedger(path);
  expect([second.deliveries(replica(0)), second.deliveries(replica(1)), second.deliveries(replica(2))]).toEqual([2, 2, 0]);
  second.record([[replica(2), 1]]);
  expect(readFileSync(path, 'utf8').endsWith(`{"replica":"${replica(2)}","deliveries":1}\n`)).toBe(true);
  first.close();
  second.close();
});

test('the file stays small however long the sweep, and loses no count when it is compacted', () => {
  const path = join(scratch(), 'attempts.jsonl');
  const ledger = new AttemptLedger(path);
  ledger.record([['a'.repeat(64), 3]]);
  for (let index = 0; index < 20_000; index += 1) {
    ledger.record([['b'.repeat(64), 1]]);
    ledger.record([['b'.repeat(64), 0]]);
  }
  expect(statSync(path).size).toBeLessThan(1_000_000);
  ledger.close();
  const again = new AttemptLedger(path);
  expect([again.deliveries('a'.repeat(64)), again.deliveries('b'.repeat(64))]).toEqual([3, 0]);
  again.close();
});
