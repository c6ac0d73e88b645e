import { describe, expect, test } from 'vitest';
import { LoligoError } from '../../schemas/errors.ts';
import { parseLock, parseResult, parseSummary, parseTask, parseTrace } from '../../schemas/parse.ts';

function errorOf(action: () => unknown): LoligoError {
  try {
    action();
  } catch (error) {
    if (error instanceof LoligoError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const RESULT = {
  sweep: 'a'.repeat(64),
  index: 0,
  replica: 'b'.repeat(64),
  outcome: { kind: 'diverged', stage: 0, step: 3, term: 'current' },
  attempts: 1,
  worker: 'w',
  engine: 'reference',
  seconds: 1,
  steps: 3,
};

describe('a message', () => {
  test('that keeps its schema is returned as it is', () => {
    expect(parseResult(RESULT)).toBe(RESULT);
    const trace = { startMs: 0, sampleMs: 0.1, voltageMv: [-65, -64], current: [0, 0] };
    expect(parseTrace(trace)).toBe(trace);
  });

  test('that breaks its schema is refused with every bad path', () => {
    const wrong = { ...RESULT, index: -1, outcome: { kind: 'stopped', reason: 'tired' }, steps: undefined };
    const { code, violations } = errorOf(() => parseResult(wrong));
    expect(code).toBe('SCHEMA_MESSAGE');
    expect(violations[0]?.rule).toBe('must have the key "steps": an integer of at least 0');
    expect(violations.map(({ where }) => where)).toEqual(['result', 'result.index', 'result.outcome.reason']);
  });

  test('of an unknown kind of outcome names the kinds there are', () => {
    const { violations } = errorOf(() => parseResult({ ...RESULT, outcome: { kind: 'exploded' } }));
    expect(violations).toEqual([
      expect.objectContaining({
        where: 'result.outcome.kind',
        rule: 'must be "converged" or "stopped" or "diverged" or "pruned" or "failed"',
      }),
    ]);
  });

  test.each([
    ['parseTask', parseTask, 'SCHEMA_MESSAGE'],
    ['parseResult', parseResult, 'SCHEMA_MESSAGE'],
    ['parseTrace', parseTrace, 'SCHEMA_MESSAGE'],
    ['parseLock', parseLock, 'RUN_CORRUPT'],
    ['parseSummary', parseSummary, 'RUN_CORRUPT'],
  ] as const)('that is no object at all is refused by %s', (_name, parse, code) => {
    for (const value of [undefined, null, 3, 'x', [], {}]) expect(errorOf(() => parse(value)).code).toBe(code);
  });
});

describe('a message of a stranger', () => {
  test.each([
    ['100,000 list items of the wrong type', { training: Array.from({ length: 10_000 }, () => ({ optimizer: 'x' })) }],
    ['100,000 unknown keys', Object.fromEntries(Array.from({ length: 100_000 }, (_, key) => [`k${key}`, key]))],
    ['lists in lists, 100,000 deep', { sweep: JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) as unknown }],
  ])('with %s is refused in few words and little time', (_name, value) => {
    const started = process.cpuUsage();
    const { code, message } = errorOf(() => parseTask(value));
    expect([code, message.length < 5000]).toEqual(['SCHEMA_MESSAGE', true]);
    // worded in full the first takes 16 s
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(5);
  });
});
