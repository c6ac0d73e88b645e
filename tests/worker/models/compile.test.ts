import { expect, test } from 'vitest';
import { LoligoError } from '../../../schemas/errors.ts';
import type { Violation } from '../../../schemas/errors.ts';
import { compileModel } from '../../../worker/models/compile.ts';
import { changed, SOUND_MODEL } from '../../helpers/model-text.ts';

function violationsOf(text: string): readonly Violation[] {
  try {
    compileModel(text, 'cell.yaml');
  } catch (error) {
    if (error instanceof LoligoError) return error.violations;
    throw error;
  }
  return [];
}

/** "CODE line:column" of each violation. */
function places(text: string): string[] {
  return violationsOf(text).map(({ code, where }) => `${code} ${/cell\.yaml:(\d+:\d+)\)/.exec(where)?.[1] ?? where}`);
}

test('a sound file becomes a model with its gates, parameters and default starts', () => {
  const model = compileModel(SOUND_MODEL, 'cell.yaml');
  expect(model).toMatchObject({ name: 'test', currentUnit: 'uA/cm2', rest: -65 });
  const plain = { unit: '1', range: [0, 1], positive: false, reads: [] };
  expect(model.gates).toEqual([
    { name: 'm', initial: 'steady', ...plain },
    { name: 'p', initial: 'free', ...plain },
  ]);
  expect(model.parameters.map(({ name, positive, start }) => ({ name, positive, start }))).toEqual([
    { name: 'gNa', positive: true, start: { logUniform: [12, 1200] } },
    { name: 'gL', positive: false, start: { uniform: [0, 1.3] } },
    { name: 'E', positive: false, start: { uniform: [-69, -39] } },
    { name: 'C', positive: true, start: { logUniform: [0.1, 10] } },
  ]);
});

test('programs read and give what model.ts promises', () => {
  const model = compileModel(SOUND_MODEL, 'cell.yaml');
  const outputs = (key: 'derivatives' | 'currentResidual' | 'gateResiduals' | 'gateRates'): string[] =>
    model[key].outputs.map(({ name }) => name);
  expect(outputs('derivatives')).toEqual(['d:V', 'd:m', 'd:p']);
  expect(outputs('currentResidual')).toEqual(['residual:V']);
  expect(outputs('gateResiduals')).toEqual(['residual:m', 'residual:p']);
  expect(outputs('gateRates')).toEqual(['inf:m', 'inf:p', 'rate:m', 'rate:p']);
  expect(model.gateRates.inputs).toEqual(['V']);
  expect([...model.currentResidual.inputs].sort()).toEqual(['C', 'E', 'I', 'V', 'd:V', 'gL', 'gNa', 'm', 'p']);
});

test('a model without gates is a model', () => {
  const passive =
    'name: passive\nsource: x\ncurrent: pA\nrest: -70\ncapacitance: C\nparameters:\n  g: { unit: nS, value: 5, range: [0, 50] }\n  C: { unit: pF, value: 50, range: [1, 500] }\nconstants: { E: { unit: mV, value: -70 } }\ncurrents: { IL: g * (V - E) }\nbalance: I - IL\n';
  expect(compileModel(passive, 'passive.yaml').gateResiduals.outputs).toEqual([]);
});

/** What is changed, and the violations with their places. */
const REFUSED: readonly (readonly [string, string, string, readonly string[]])[] = [
  ['an unknown name in a current', 'gNa * m^3', 'gNb * m^3', ['MODEL_UNKNOWN_NAME 24:8']],
  ['an unknown name in a flow mapping', 'cosh(shifted / 20)', 'cosh(shiftd / 20)', ['MODEL_UNKNOWN_NAME 22:63']],
  ['two unknown names', 'I - INa - IL', 'I - INb - IK', ['MODEL_UNKNOWN_NAME 26:14', 'MODEL_UNKNOWN_NAME 26:20']],
  ['a gate in a rate', 'beta: slow', 'beta: slow * m', ['MODEL_UNKNOWN_NAME 20:18']],
  ['a current in a function', 'shifted: V + 65', 'shifted: V + 65 + INa', ['MODEL_UNKNOWN_NAME 15:21']],
  ['the stimulus in a current', 'gL * p * (V - E)', 'gL * p * (V - E) + I', ['MODEL_UNKNOWN_NAME 25:26']],
  ['an unknown function', 'exp(-shifted / k)', 'cos(shifted / k)', ['MODEL_SYNTAX 16:13']],
  ['implicit multiplication', 'gNa * m^3', 'gNa m^3', ['MODEL_SYNTAX 24:12']],
  ['a ternary', '4 * exp(-shifted / k)', 'V > 0 ? 1 : 0', ['MODEL_INVALID 16:9']],
  ['a ternary in quotes', '4 * exp(-shifted / k)', '"V > 0 ? 1 : 0"', ['MODEL_SYNTAX 16:12', 'MODEL_SYNTAX 16:16', 'MODEL_SYNTAX 16:20']],
  ['a string', 'I - INa - IL', '\'I - import("x")\'', ['MODEL_SYNTAX 26:22', 'MODEL_SYNTAX 26:24']],
  [
    'prototypes as names',
    'I - INa - IL',
    'I - INa - IL - __proto__ - constructor',
    ['MODEL_UNKNOWN_NAME 26:25', 'MODEL_UNKNOWN_NAME 26:37'],
  ],
  ['a varying exponent of a base of any sign', '4 * exp(-shifted / k)', '4 * (V / 10)^(V / 10)', ['MODEL_SYNTAX 16:21']],
  ['a circle of two functions', 'shifted: V + 65', 'shifted: 0 * slow + V', ['MODEL_CYCLE 16:18']],
  ['a current that depends on itself', 'gNa * m^3 * (V - ENa)', 'gNa * m^3 * (V - ENa) + INa', ['MODEL_CYCLE 24:32']],
  ['a voltage in exp', 'exp(-shifted / k)', 'exp(-shifted)', ['MODEL_UNIT 16:13']],
  ['a voltage plus a gate', '(V - ENa)', '(V + m)', ['MODEL_UNIT 24:23']],
  ['a voltage minus a conductance', 'beta: slow', 'beta: (V - gNa) / 18', ['MODEL_UNIT 20:14']],
  ['a current that lacks its conductance', 'gNa * m^3 * (V - ENa)', '0 * gNa * m^3 + (V - ENa)', ['MODEL_UNIT 24:22']],
  ['a current of the wrong unit', 'gNa * m^3 * (V - ENa)', 'gNa * m^3 * (V - ENa)^2', ['MODEL_UNIT 24:8']],
  ['a conductance with the wrong power of ten', 'unit: mS/cm2, value: 0.3', 'unit: uS/cm2, value: 0.3', ['MODEL_UNIT 25:7']],
  ['literals with a unit in a current', '(V - ENa)', '(V - 50)', ['MODEL_UNIT 24:23']],
  ['a steady state with a unit', 'infinity: 1 / (1 + exp(-(V + 35) / 10))', 'infinity: V', ['MODEL_UNIT 22:18']],
  ['a rate that is a time', 'beta: slow', 'beta: C / gL', ['MODEL_UNIT 20:11']],
  ['one function both for 1/ms and for no unit', 'infinity: 1 / (1 + exp(-(V + 35) / 10))', 'infinity: slow', ['MODEL_UNIT 22:18']],
  ['a unit that does not exist', 'unit: mV, value: -54', 'unit: mVolt, value: -54', ['MODEL_UNIT 9:14']],
  [
    'a current unit of something else',
    'current: uA/cm2',
    'current: mV',
    ['MODEL_UNIT 3:10', 'MODEL_UNIT 5:14', 'MODEL_UNIT 24:8', 'MODEL_UNIT 25:7'],
  ],
  ['a capacitance in nF', 'unit: uF/cm2, value: 1', 'unit: nF/cm2, value: 1', ['MODEL_UNIT 5:14']],
  ['a capacitance that is not there', 'capacitance: C', 'capacitance: Cm', ['MODEL_UNKNOWN_NAME 5:14']],
  ['a capacitance of zero', 'value: 1, positive: true, range: [0.1, 10]', 'value: 0, range: [0, 10]', ['MODEL_INVALID 5:14']],
  ['a reserved name', '  k: { unit', '  exp: { unit', ['MODEL_INVALID 13:3', 'MODEL_UNKNOWN_NAME 16:28']],
  [
    'a name of Object.prototype',
    '  k: { unit: mV, value: 18 }',
    '  k: { unit: mV, value: 18 }\n  toString: { unit: mV, value: 18 }',
    ['MODEL_INVALID 14:3'],
  ],
  ['a name twice', '  k: { unit', '  gNa: { unit: mV, value: 1 }\n  k: { unit', ['MODEL_INVALID 13:3', 'MODEL_UNIT 25:8']],
  ['a parameter that nothing uses', '  C: {', '  spare: { unit: mV, value: 1, range: [0, 2] }\n  C: {', ['MODEL_INVALID 10:3']],
  ['a range upside down', 'range: [1, 2000]', 'range: [2000, 1]', ['MODEL_INVALID 7:59']],
  ['a value outside its range', 'value: 0.3, range', 'value: 30, range', ['MODEL_INVALID 8:30']],
  ['a positive parameter with a range from 0', 'range: [1, 2000]', 'range: [0, 2000]', ['MODEL_INVALID 7:59']],
  ['a start outside the range', 'range: [0, 10] }', 'range: [0, 10], start: { uniform: [0, 20] } }', ['MODEL_INVALID 8:58']],
  ['a logarithmic start from 0', 'range: [0, 10] }', 'range: [0, 10], start: { logUniform: [0, 1] } }', ['MODEL_INVALID 8:58']],
  ['a rate that is 0/0 at rest', '1 / exprel(-(V + 40) / 10)', '0.1 * (V + 65) / (1 - exp(-(V + 65) / 10))', ['MODEL_INVALID 18:3']],
  ['a negative rate', 'tau: 5', 'tau: -5', ['MODEL_INVALID 22:3']],
  ['a steady state above 1', 'infinity: 1 / (', 'infinity: 30 / (', ['MODEL_INVALID 22:3']],
];

test.each(REFUSED)('%s is refused with its place', (_what, from, to, expected) => {
  expect(places(changed(from, to))).toEqual(expected);
});

/** Files that are no models at all, or break the schema. */
const MALFORMED: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['a word', 'hello'],
  ['a number', '42'],
  ['null', 'null'],
  ['a list', '- 1\n- 2'],
  ['an unclosed brace', changed('range: [1, 2000] }', 'range: [1, 2000]')],
  ['a tab for indentation', changed('  m:\n', '\tm:\n')],
  ['a key twice', `${SOUND_MODEL}rest: -70\n`],
  ['two documents', `${SOUND_MODEL}---\n${SOUND_MODEL}`],
  ['a foreign tag', changed('rest: -65', 'rest: !!js/function "() => 1"')],
  ['an alias without anchor', changed('rest: -65', 'rest: *nowhere')],
  ['a missing section', changed('balance: I - INa - IL\n', '')],
  ['an unknown section', `${SOUND_MODEL}gate: {}\n`],
  ['an unknown key of a parameter', changed('range: [0, 10] }', 'range: [0, 10], rnge: 1 }')],
  ['a value that is text', changed('value: 0.3', 'value: much')],
  ['a value that is no number', changed('value: 0.3', 'value: .nan')],
  ['an infinite range', changed('range: [0, 10]', 'range: [0, .inf]')],
  ['a range of three', changed('range: [0, 10]', 'range: [0, 5, 10]')],
  ['a name with a space', changed('  gL: {', '  g L: {')],
  ['a name that is __proto__', changed('  gL: {', '  __proto__: {')],
  ['a name of 33 letters', changed('  gL: {', `  ${'g'.repeat(33)}: {`)],
  ['a gate with alpha and tau', changed('beta: slow', 'tau: slow')],
  ['a gate that is text', changed('  p: { infinity: 1 / (1 + exp(-(V + 35) / 10)), tau: 5 / cosh(shifted / 20) }', '  p: 3')],
  ['a start of an unknown kind', changed('range: [0, 10] }', 'range: [0, 10], start: { gamma: [1, 2] } }')],
  ['no parameters', changed(SOUND_MODEL.slice(SOUND_MODEL.indexOf('parameters:'), SOUND_MODEL.indexOf('constants:')), 'parameters: {}\n')],
  ['an equation that is a number', changed('balance: I - INa - IL', 'balance: 3')],
  ['bytes of a picture', '\u0089PNG\r\n\u001a\n\u0000\u0000\u0000\rIHDR'],
];

test.each(MALFORMED)('%s is refused as MODEL_INVALID with file, line and column', (_what, text) => {
  const violations = violationsOf(text);
  expect(violations.length).toBeGreaterThan(0);
  for (const { code, where, rule } of violations) {
    expect(code).toBe('MODEL_INVALID');
    expect(where).toMatch(/cell\.yaml:[1-9]\d*:[1-9]\d*\)$/);
    expect(rule.length).toBeGreaterThan(5);
  }
});

test('an unknown name suggests the nearest one that may stand there', () => {
  expect(violationsOf(changed('gL * p', 'gl * p'))).toContainEqual({
    code: 'MODEL_UNKNOWN_NAME',
    where: 'model.currents.IL (cell.yaml:25:7)',
    rule: 'must mention only V, gates, pools, parameters, constants, functions and other currents',
    got: 'gl',
    remedy: 'Did you mean "gL"?',
  });
});

test('units that do not agree are named as the file writes them', () => {
  expect(violationsOf(changed('beta: slow', 'beta: (V - gNa) / 18'))[0]).toMatchObject({
    rule: 'must have the same unit on both sides of -',
    got: 'mV - mS/cm2',
  });
  expect(violationsOf(changed('gNa * m^3 * (V - ENa)', 'gNa * m^3 * (V - ENa)^2'))[0]).toMatchObject({ rule: 'must have the unit uA/cm2' });
});

test('every violation of every kind is told at once', () => {
  const text = [
    ['gNa * m^3', 'gNa m^3'],
    ['beta: slow', 'beta: slw'],
    ['unit: mV, value: -54', 'unit: mVolt, value: -54'],
    ['value: 0.3, range', 'value: 30, range'],
    ['shifted: V + 65', 'shifted: V + 65 + 0 * shifted'],
  ].reduce((sum, [from = '', to = '']) => changed(from, to, sum), SOUND_MODEL);
  expect(new Set(violationsOf(text).map(({ code }) => code))).toEqual(
    new Set(['MODEL_SYNTAX', 'MODEL_UNKNOWN_NAME', 'MODEL_CYCLE', 'MODEL_UNIT', 'MODEL_INVALID']),
  );
});

test('a file that breaks the schema has its equations read all the same', () => {
  const text = changed('rest: -65', 'rest: low', changed('gNa * m^3', 'gNa m^3'));
  expect(places(text)).toEqual(['MODEL_INVALID 4:7', 'MODEL_SYNTAX 24:12']);
});

test.each([
  ['plain over two lines', 'balance: I - INa\n  - ILL\n', '27:5'],
  ['double quotes', 'balance: "I - INa - ILL"\n', '26:21'],
  ['single quotes', "balance:   'I - INa - ILL'\n", '26:23'],
  ['a folded block', 'balance: >-\n  I - INa\n  - ILL\n', '28:5'],
  ['a literal block with comment', 'balance: | # sum\n  I\n\n  - INa - ILL\n', '29:11'],
])('columns hold in %s', (_style, balance, place) => {
  expect(places(changed('balance: I - INa - IL\n', balance))).toEqual([`MODEL_UNKNOWN_NAME ${place}`]);
});

test('escapes in quotes leave at least the line of the equation', () => {
  expect(places(changed('balance: I - INa - IL\n', 'balance: "I - INa -\\x20ILL"\n'))).toEqual(['MODEL_UNKNOWN_NAME 26:10']);
});

test('JSON is read like YAML', () => {
  const json =
    '{"name":"j","source":"x","current":"pA","rest":-70,"capacitance":"C","parameters":{"g":{"unit":"nS","value":5,"range":[0,50]},"C":{"unit":"pF","value":50,"range":[1,500]}},"currents":{"IL":"g * (V - g)"},"balance":"I - IL"}';
  expect(places(json)).toEqual([`MODEL_UNIT 1:${json.indexOf('- g)') + 1}`]);
});

test('a textbook rate with units in its numbers passes', () => {
  expect(places(changed('1 / exprel(-(V + 40) / 10)', '0.1*(V+40)/(1-exp(-(V+40)/10))'))).toEqual([]);
});

test('a square root has the square root of a unit', () => {
  expect(places(changed('(V - ENa)', 'sqrt((V - ENa)^2)'))).toEqual([]);
  expect(places(changed('(V - ENa)', 'sqrt(V - ENa)'))).toEqual(['MODEL_UNIT 24:8']);
  expect(places(changed('(V - ENa)', '((V - ENa)^4)^0.25'))).toEqual([]);
});

test('powers of positive constants through the logarithm, and square roots, are arithmetic', () => {
  expect(places(changed('4 * exp(-shifted / k)', '3^(shifted / 10) * sqrt(shifted^2 / k^2 + 1) * 2^0.5'))).toEqual([]);
});
