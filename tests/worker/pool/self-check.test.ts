import { afterAll, describe, expect, test } from 'vitest';
import { parseTask } from '../../../schemas/parse.ts';
import { availableEngines } from '../../../worker/engines/registry.ts';
import { openPool, type Pool } from '../../../worker/pool/pool.ts';
import { faultOf, selfCheck, selfCheckJob } from '../../../worker/pool/self-check.ts';
import { resultFixture } from '../../helpers/replica-fixture.ts';

const pools: Pool[] = [];
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
});
const engines = (await availableEngines()).filter(({ available }) => available).map(({ name }) => name);

test('the replica of the check is a valid task', () => {
  const [task] = selfCheckJob().tasks;
  expect(parseTask(task)).toEqual(task);
});

test.each(engines)('engine %s passes', async (engine) => {
  const pool = openPool({ threads: 1, engine });
  pools.push(pool);
  expect(await selfCheck(pool)).toBeUndefined();
});

describe('a machine fails', () => {
  const right = { data: 1.97318, current: 0.471644 };
  const ended = (losses: Record<string, number>) =>
    faultOf({ kind: 'trained', results: [resultFixture(0, { estimate: { losses } as never })] });

  test('when its losses are a thousandth off, and not when they are as those of every engine', () => {
    expect(ended(right)).toBeUndefined();
    expect(ended({ ...right, data: 1.9752 })).toBe('its data loss is 1.9752, and should be 1.97318');
    expect(ended({ ...right, current: NaN })).toContain('its current loss is NaN');
  });

  test('when the replica diverges, throws, or kills its thread', () => {
    expect(
      faultOf({ kind: 'trained', results: [resultFixture(0, { outcome: { kind: 'diverged', stage: 0, step: 1, term: 'data' } })] }),
    ).toBe('it ended as {"kind":"diverged","stage":0,"step":1,"term":"data"}');
    expect(faultOf({ kind: 'threw', message: 'no driver', stack: '', violations: [] })).toBe('its thread threw: no driver');
    expect(faultOf({ kind: 'died', message: 'exit 7' })).toBe('its thread died: exit 7');
  });
});
