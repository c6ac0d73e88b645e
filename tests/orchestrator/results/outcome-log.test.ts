import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openOutcomeLog } from '../../../orchestrator/results/outcome-log.ts';
import { withdrawalLine } from '../../../orchestrator/results/outcome-line.ts';
import { readOutcomes } from '../../../orchestrator/results/outcome-reader.ts';
import type { Outcome, Result } from '../../../schemas/generated/types.ts';
import { estimatedFixture, resultFixture } from '../../helpers/replica-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();
const OUTCOMES: Outcome[] = [
  { kind: 'converged' },
  { kind: 'stopped', reason: 'chi2' },
  { kind: 'diverged', stage: 0, step: 3, term: 'current' },
  { kind: 'pruned', step: 5, rung: 1 },
  { kind: 'failed', error: { code: 'REPLICA_GIVEN_UP', message: 'a "quoted" message\nof two lines, and µA' } },
];

async function readAll(run: string): Promise<Result[]> {
  const results: Result[] = [];
  for await (const result of readOutcomes(run)) results.push(result);
  return results;
}

function segment(run: string, number: number): string {
  return join(run, 'outcomes', `00000${number}.jsonl`);
}

test('what was acknowledged is read back, by a reader beside the writer and by the next writer', async () => {
  const run = scratch();
  const log = openOutcomeLog(run, { replicas: 100 });
  const results = OUTCOMES.map((outcome, index) => ({ ...estimatedFixture(index * 20, 3), outcome }));
  expect(await Promise.all(results.map((result) => log.append(result)))).toEqual([true, true, true, true, true]);
  expect(await readAll(run)).toEqual(results);
  await log.close();
  const again = openOutcomeLog(run, { replicas: 100 });
  expect([again.stored, again.counts]).toEqual([5, { converged: 1, stopped: 1, diverged: 1, pruned: 1, failed: 1 }]);
  expect([0, 20, 40, 60, 80, 1, 99].map((index) => again.has(index))).toEqual([true, true, true, true, true, false, false]);
  await again.close();
});

test('the first outcome of a replica counts, whatever comes later', async () => {
  const run = scratch();
  const log = openOutcomeLog(run, { replicas: 10 });
  const second = resultFixture(1, { outcome: { kind: 'diverged', stage: 0, step: 1, term: 'data' } });
  expect(await Promise.all([log.append(resultFixture(1)), log.append(second)])).toEqual([true, false]);
  await log.close();
  const again = openOutcomeLog(run, { replicas: 10 });
  expect(await again.append(second)).toBe(false);
  await again.close();
  expect(await readAll(run)).toEqual([resultFixture(1)]);
});

test('a log that was cut off anywhere holds its whole lines: readers pass over the rest, the writer cuts it off and goes on', async () => {
  const whole = [0, 1, 2].map((index) => estimatedFixture(index, 2));
  const origin = scratch();
  const log = openOutcomeLog(origin, { replicas: 10 });
  for (const result of whole) await log.append(result);
  await log.close();
  const bytes = readFileSync(segment(origin, 1));
  const cut = async (length: number): Promise<void> => {
    const run = scratch();
    mkdirSync(join(run, 'outcomes'));
    writeFileSync(segment(run, 1), bytes.subarray(0, length));
    const lines = bytes.subarray(0, length).toString().split('\n').length - 1;
    expect(await readAll(run)).toEqual(whole.slice(0, lines));
    const next = openOutcomeLog(run, { replicas: 10 });
    expect(next.stored).toBe(lines);
    await Promise.all(whole.map((result) => next.append(result)));
    await next.close();
    expect(await readAll(run)).toEqual(whole);
  };
  await fc.assert(fc.asyncProperty(fc.nat(bytes.length), cut), { numRuns: 30 });
});

test('segments roll at their size and are read in order', async () => {
  const run = scratch();
  const log = openOutcomeLog(run, { replicas: 100, segmentBytes: 1000 });
  for (let index = 0; index < 20; index += 1) await log.append(resultFixture(index));
  await log.close();
  expect(readdirSync(join(run, 'outcomes')).length).toBeGreaterThan(3);
  expect((await readAll(run)).map(({ index }) => index)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  const again = openOutcomeLog(run, { replicas: 100 });
  expect(again.stored).toBe(20);
  await again.close();
});

test('a line longer than the block of the reader is one line', async () => {
  const run = scratch();
  const log = openOutcomeLog(run, { replicas: 2 });
  await log.append(estimatedFixture(0, 250_000));
  await log.append(resultFixture(1));
  await log.close();
  expect(readFileSync(segment(run, 1)).length).toBeGreaterThan(4 * 1024 * 1024);
  expect((await readAll(run)).map(({ index }) => index)).toEqual([0, 1]);
});

describe('damage inside the log is RUN_CORRUPT with file and line', () => {
  const damages: [string, (lines: string[]) => string[]][] = [
    ['a line of noise', ([first = '', , ...rest]) => [first, '\0\0\0\0', ...rest]],
    ['half a line', ([first = '', second = '', ...rest]) => [first, second.slice(0, 40), ...rest]],
    ['a line without its end brace', ([first = '', second = '', ...rest]) => [first, second.slice(0, -1), ...rest]],
    ['an empty line', ([first = '', ...rest]) => [first, '', ...rest]],
    ['an index beyond the sweep', ([first = '', second = '', ...rest]) => [first, second.replace('"index":1', '"index":77'), ...rest]],
  ];
  test.each(damages)('%s', async (_name, damage) => {
    const run = scratch();
    const log = openOutcomeLog(run, { replicas: 10 });
    for (const index of [0, 1, 2]) await log.append(resultFixture(index));
    await log.close();
    const lines = readFileSync(segment(run, 1), 'utf8').trimEnd().split('\n');
    writeFileSync(segment(run, 1), `${damage(lines).join('\n')}\n`);
    expect(() => openOutcomeLog(run, { replicas: 10 })).toThrow(/000001\.jsonl:2: .*\[RUN_CORRUPT\]/);
  });

  test('a segment before the last that lost its end', async () => {
    const run = scratch();
    const log = openOutcomeLog(run, { replicas: 10, segmentBytes: 100 });
    for (const index of [0, 1, 2]) await log.append(resultFixture(index));
    await log.close();
    writeFileSync(segment(run, 2), readFileSync(segment(run, 2)).subarray(0, 50));
    expect(() => openOutcomeLog(run, { replicas: 10 })).toThrow(/000002\.jsonl:1: .*\[RUN_CORRUPT\]/);
    await expect(readAll(run)).rejects.toThrow(/000002\.jsonl:1: .*\[RUN_CORRUPT\]/);
  });

  test('a whole line whose values are none of a result, for a reader', async () => {
    const run = scratch();
    mkdirSync(join(run, 'outcomes'));
    appendFileSync(segment(run, 1), `${JSON.stringify(resultFixture(0))}\n${JSON.stringify({ ...resultFixture(1), steps: 'many' })}\n`);
    await expect(readAll(run)).rejects.toThrow(/000001\.jsonl:2: .*\[RUN_CORRUPT\]/);
  });
});

test('a line whose keys stand in another order is read all the same', async () => {
  const run = scratch();
  mkdirSync(join(run, 'outcomes'));
  const { outcome, ...rest } = resultFixture(3);
  writeFileSync(segment(run, 1), `${JSON.stringify({ outcome, ...rest })}\n`);
  const log = openOutcomeLog(run, { replicas: 10 });
  expect([log.has(3), log.counts.converged]).toEqual([true, 1]);
  await log.close();
});

test('a result that is not finite is refused and leaves the log as it was', async () => {
  const run = scratch();
  const log = openOutcomeLog(run, { replicas: 10 });
  await expect(log.append(resultFixture(0, { seconds: NaN }))).rejects.toMatchObject({ code: 'SCHEMA_MESSAGE' });
  expect(log.has(0)).toBe(false);
  expect(await log.append(resultFixture(0))).toBe(true);
  await log.close();
});

test('a folder that cannot be made is a DISK error with its path', () => {
  const run = scratch();
  writeFileSync(join(run, 'outcomes'), 'in the way');
  expect(() => openOutcomeLog(run, { replicas: 10 })).toThrow(/outcomes: .*\[DISK\]/);
});

const GIVEN_UP: Outcome = { kind: 'failed', error: { code: 'REPLICA_GIVEN_UP', message: 'given up after 3 tries.' } };

test('the outcome of a replica that was given up can be withdrawn, and the next one counts, for writer, reader and next writer', async () => {
  const run = scratch();
  const log = openOutcomeLog(run, { replicas: 10, segmentBytes: 400 });
  const dead = resultFixture(3, { outcome: GIVEN_UP, attempts: 3 });
  await Promise.all([log.append(resultFixture(2)), log.append(dead)]);
  expect([...log.dead.entries()]).toEqual([[3, { result: dead, retries: 0 }]]);
  expect(log.failures).toEqual({ REPLICA_GIVEN_UP: 1 });
  expect(await Promise.all([log.withdraw(3), log.withdraw(3), log.withdraw(2)])).toEqual([true, false, false]);
  expect([log.stored, log.has(3), log.counts.failed, log.dead.size, log.failures]).toEqual([1, false, 0, 0, {}]);
  expect(await readAll(run)).toEqual([resultFixture(2)]);
  // it dies again, is put back again, and trains in the end
  expect(await log.append(dead)).toBe(true);
  expect(log.dead.get(3)?.retries).toBe(1);
  expect(await readAll(run)).toEqual([resultFixture(2), dead]);
  await log.close();
  const next = openOutcomeLog(run, { replicas: 10 });
  expect([next.stored, next.dead.get(3)]).toEqual([2, { result: dead, retries: 1 }]);
  expect(await next.withdraw(3)).toBe(true);
  expect([await next.append(resultFixture(3)), await next.append(dead)]).toEqual([true, false]);
  await next.close();
  expect(await readAll(run)).toEqual([resultFixture(2), resultFixture(3)]);
  const last = openOutcomeLog(run, { replicas: 10 });
  expect([last.stored, last.counts.converged, last.counts.failed, last.retries.get(3)]).toEqual([2, 2, 0, 2]);
  await last.close();
});

test('whatever is appended and withdrawn in whatever order, writer, reader and next writer agree on one outcome per replica', async () => {
  const steps = fc.array(fc.record({ index: fc.nat(4), act: fc.constantFrom('train', 'give up', 'withdraw') }), { maxLength: 40 });
  const agree = async (acts: { index: number; act: string }[], segmentBytes: number): Promise<void> => {
    const run = scratch();
    const log = openOutcomeLog(run, { replicas: 5, segmentBytes });
    const model = new Map<number, Result>();
    for (const { index, act } of acts) {
      if (act === 'withdraw') {
        if (await log.withdraw(index)) model.delete(index);
        continue;
      }
      const result = act === 'train' ? resultFixture(index) : resultFixture(index, { outcome: GIVEN_UP });
      if (await log.append(result)) model.set(index, result);
    }
    const expected = [...model.values()].toSorted((a, b) => a.index - b.index);
    const sorted = async (): Promise<Result[]> => (await readAll(run)).toSorted((a, b) => a.index - b.index);
    expect([log.stored, await sorted()]).toEqual([expected.length, expected]);
    await log.close();
    const next = openOutcomeLog(run, { replicas: 5 });
    expect([next.stored, [...next.dead.keys()].length, next.counts.converged]).toEqual([
      expected.length,
      expected.filter(({ outcome }) => outcome.kind === 'failed').length,
      expected.filter(({ outcome }) => outcome.kind === 'converged').length,
    ]);
    await next.close();
  };
  await fc.assert(fc.asyncProperty(steps, fc.integer({ min: 300, max: 3000 }), agree), { numRuns: 30 });
});

test('a withdrawal of what was not given up is told with its file and line', async () => {
  const run = scratch();
  const log = openOutcomeLog(run, { replicas: 10 });
  await log.append(resultFixture(1));
  await log.close();
  appendFileSync(segment(run, 1), withdrawalLine(resultFixture(1)));
  expect(() => openOutcomeLog(run, { replicas: 10 })).toThrow(/000001\.jsonl:2.*replica 1 was not given up.*\[RUN_CORRUPT\]/);
});
