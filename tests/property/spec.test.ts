/** A valid spec, damaged at random: it is read, or refused with exit code 2 and every violation complete. Never a crash, never a hang. */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseSpec } from '../../orchestrator/spec/spec-file.ts';
import { LoligoError } from '../../schemas/errors.ts';
import { spec as validSpec } from '../../schemas/generated/validators.js';

fc.configureGlobal({ seed: 20260102, numRuns: 150 });
afterAll(() => fc.resetConfigureGlobal());

const BASE = {
  name: 'fuzz',
  seed: 3,
  problem: {
    model: 'hodgkin-huxley',
    infer: { gNa: { start: { logUniform: [12, 1200] } }, EL: { start: { normal: [-54, 3] } }, gL: {} },
    fixed: { C: 1 },
    data: [
      { synthetic: { stimulus: [{ step: { amplitude: 10 } }, { sine: { amplitude: 1, frequencyHz: 5 } }], durationMs: 50, draws: 2 } },
      { recording: { file: 'a.csv', columns: { timeMs: 't', voltageMv: 'V' }, windowMs: [[0, 50]] } },
    ],
  },
  space: {
    states: { choice: ['integrated', 'network'] },
    'network.width': { intUniform: [8, 32] },
    'loss.gates': { logUniform: [1, 30] },
    replicas: 2,
  },
  sampler: { random: 4 },
  training: [
    { optimizer: 'adam', steps: 10 },
    { optimizer: 'levenberg-marquardt', steps: 3, physics: [1, 10] },
  ],
  accept: { chi2: 'auto', spikes: 1 },
};

/** Every place in a value. */
function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  const inner =
    typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, item]) => places(item, [...path, key])) : [];
  return [path, ...inner];
}

/** The value with `change` applied at a path; an array stays an array. */
function changed(value: unknown, [key, ...rest]: readonly string[], change: (item: unknown) => unknown): unknown {
  if (key === undefined) return change(value);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(
    ([name, item]: [string, unknown]) => [name, name === key ? changed(item, rest, change) : item] as const,
  );
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

const KEYS = [
  'uniform',
  'choice',
  'synthetic',
  'recording',
  'optimizer',
  'sobol',
  'finish',
  '__proto__',
  'constructor',
  'toString',
  'length',
  'a/b~c',
  '',
];
const change: fc.Arbitrary<(item: unknown) => unknown> = fc.oneof(
  fc.jsonValue().map((value) => (): unknown => value),
  fc.constantFrom(NaN, Infinity, -0, null, -1, 1e308, '', 'x', true, [], {}, [[]], undefined).map((value) => (): unknown => value),
  fc
    .tuple(fc.constantFrom(...KEYS), fc.jsonValue())
    .map(([key, value]) => (item: unknown): unknown => ({ ...(typeof item === 'object' ? item : {}), [key]: value })),
);
const damaged = fc.array(fc.tuple(fc.nat(), change), { minLength: 1, maxLength: 4 }).map((steps) =>
  steps.reduce<unknown>((value, [pick, apply]) => {
    const all = places(value);
    return changed(value, all[pick % all.length] ?? [], apply);
  }, BASE),
);

/** "valid", "refused", or what is wrong with the refusal. */
function verdict(text: string): string {
  try {
    return validSpec(parseSpec(text, 'fuzz.yaml')) ? 'valid' : 'read though invalid';
  } catch (error) {
    if (!(error instanceof LoligoError)) throw error;
    if (error.exitCode !== 2) return `exit code ${error.exitCode}`;
    const unclear = error.violations.find(({ where, rule }) => rule === '' || !/^spec.*\(fuzz\.yaml:\d+:\d+\)$|^fuzz\.yaml/s.test(where));
    return unclear === undefined ? 'refused' : `unclear: ${JSON.stringify(unclear)}`;
  }
}

const READ_OR_REFUSED = /^(valid|refused)$/;

describe('a damaged spec', () => {
  test('the one that is damaged is right', () => {
    expect(verdict(stringify(BASE))).toBe('valid');
  });

  test('in a value or key is read or refused', () => {
    const verdicts = new Set<string>();
    fc.assert(
      fc.property(damaged, (value) => {
        const found = verdict(stringify(value) ?? '');
        verdicts.add(found);
        expect(found).toMatch(READ_OR_REFUSED);
      }),
    );
    expect([...verdicts].toSorted()).toEqual(['refused', 'valid']);
  });

  test('in a letter of its text is read or refused', () => {
    const text = stringify(BASE);
    const letters = fc.constantFrom(...Array.from(' \n\t:-[]{}*&!|>%@"\'#,0e.~\0\ufeff<é😀'));
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(9), letters, (at, count, letter) => {
        expect(verdict(text.slice(0, at) + letter + text.slice(at + count))).toMatch(READ_OR_REFUSED);
      }),
    );
  });

  test('cut off anywhere is refused', () => {
    const json = JSON.stringify(BASE);
    fc.assert(
      fc.property(fc.nat(json.length - 1), (length) => {
        expect(verdict(json.slice(0, length))).toBe('refused');
      }),
    );
  });

  test('that is random text is refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(verdict(text)).toBe('refused');
      }),
    );
  });
});
