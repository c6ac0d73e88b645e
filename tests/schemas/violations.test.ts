import { describe, expect, test } from 'vitest';
import { violationsOf } from '../../schemas/violations.ts';

const place = { code: 'MODEL_INVALID', root: 'model' } as const;

function told(value: unknown): string[] {
  return violationsOf('model', value, place).map(({ where, rule }) => `${where}: ${rule}`);
}

const VALID = {
  name: 'passive',
  source: 'made up',
  current: 'uA/cm2',
  rest: -65,
  capacitance: 'C',
  parameters: { C: { unit: 'uF/cm2', value: 1, range: [0.5, 2] } },
  currents: { leak: 'g * V' },
  balance: 'I - leak',
};

describe('violations of a model file', () => {
  test('are none for a valid one', () => {
    expect(told(VALID)).toEqual([]);
  });

  test('name every missing key and what is expected there', () => {
    expect(told({ ...VALID, balance: undefined, rest: '-65' })).toContain('model.rest: must be a number');
    const { balance: _balance, ...rest } = VALID;
    expect(told(rest)).toEqual(['model: must have the key "balance": a text that is not empty']);
  });

  test('tell of a gate only what concerns the form that was meant', () => {
    expect(told({ ...VALID, gates: { m: { alpha: '1', betta: '2' } } })).toEqual(['model.gates.m.betta: is no known key']);
    expect(told({ ...VALID, gates: { m: { infinity: '1' } } })).toEqual(['model.gates.m: must have the key "tau": a text']);
    expect(told({ ...VALID, gates: { m: {} } })).toEqual([
      'model.gates.m: must be an object with "alpha", "beta" or an object with "infinity", "tau"',
    ]);
  });

  test('carry the position that the caller knows, and the path without it otherwise', () => {
    const locate = (path: readonly (string | number)[]): string | undefined => (path.at(-1) === 'value' ? 'm.yaml:9:5' : undefined);
    const wrong = { ...VALID, parameters: { C: { unit: 3, value: 'x', range: [1, 2] } } };
    expect(violationsOf('model', wrong, { ...place, locate }).map(({ where }) => where)).toEqual([
      'model.parameters.C.unit',
      'model.parameters.C.value (m.yaml:9:5)',
    ]);
  });

  test('show the value got, cut to one line', () => {
    const [violation] = violationsOf('model', { ...VALID, currents: 'x'.repeat(200) }, place);
    expect(violation?.got).toHaveLength(80);
  });

  test('find keys that need escaping in a JSON pointer', () => {
    expect(told({ ...VALID, 'a/b~c': 1 })).toEqual(['model.a/b~c: is no known key']);
    expect(told({ ...VALID, currents: { 'a/b~c': '1' } })).toEqual([
      'model.currents.a/b~c: must be a name: a letter, then letters, digits or _, at most 32',
    ]);
  });
});
