/** Wrong specs, each with the code, the path, the position and the rule that a user is told; the entries of problem.data are in malformed-data.test.ts. */
import { describe, expect, test } from 'vitest';
import { expectRefusal, HEAD, PROBLEM, VALID, violationsIn, withInfer, withMore, type WrongSpec } from '../../helpers/wrong-specs.ts';

const CASES: readonly WrongSpec[] = [
  { title: 'an empty file', text: '', where: 'spec (test.yaml:1:1)', rule: 'must be an object with "name", "problem"', got: 'null' },
  { title: 'a list', text: '- 1\n', where: 'spec (test.yaml:1:1)', rule: 'must be an object with "name", "problem"', got: '[1]' },
  { title: 'no name', text: PROBLEM, where: 'spec (test.yaml:1:1)', rule: /^must have the key "name": a text/ },
  {
    title: 'a name with blanks',
    text: `name: a b\n${PROBLEM}`,
    where: 'spec.name (test.yaml:1:7)',
    rule: /^must be a text \(name of the sweep/,
    got: '"a b"',
  },
  {
    title: 'a mistyped key',
    text: withMore('sampelr: grid'),
    where: 'spec.sampelr (test.yaml:7:10)',
    rule: 'is no known key',
    remedy: 'Did you mean "sampler"?',
  },
  {
    title: 'a parameter listed twice',
    text: withInfer('[gNa, gNa]'),
    where: 'spec.problem.infer (test.yaml:4:10)',
    rule: 'must not list the same value twice',
    got: '["gNa","gNa"]',
  },
  {
    title: 'a name that no equation can have',
    text: withInfer('{ 1g: {} }'),
    where: 'spec.problem.infer.1g (test.yaml:4:16)',
    rule: /^must be a name: a letter/,
    got: '"1g"',
  },
  {
    title: 'a mistyped distribution',
    text: withInfer('{ gNa: { start: { logUnifrom: [1, 2] } } }'),
    where: 'spec.problem.infer.gNa.start.logUnifrom (test.yaml:4:40)',
    rule: 'is no known key',
    remedy: 'Did you mean "logUniform"?',
  },
  {
    title: 'a log-uniform distribution from 0',
    text: withInfer('{ gNa: { start: { logUniform: [0, 2] } } }'),
    code: 'SPEC_DISTRIBUTION',
    where: 'spec.problem.infer.gNa.start.logUniform (test.yaml:4:40)',
    rule: 'low must be greater than 0 for a log-uniform distribution',
    got: '[0,2]',
    remedy: 'Use "uniform" if the range really includes 0.',
  },
  {
    title: 'bounds in the wrong order',
    text: withMore('space: { loss.gates: { uniform: [3, 1] } }'),
    code: 'SPEC_DISTRIBUTION',
    where: 'spec.space.loss.gates.uniform (test.yaml:7:33)',
    rule: 'low <= high must hold',
    got: '[3,1]',
    remedy: 'Did you mean [1, 3]?',
  },
  {
    title: 'a normal distribution without spread',
    text: withInfer('{ EL: { start: { normal: [-54, 0] } } }'),
    code: 'SPEC_DISTRIBUTION',
    where: 'spec.problem.infer.EL.start.normal (test.yaml:4:35)',
    rule: 'the standard deviation must be greater than 0',
    got: '[-54,0]',
  },
  {
    title: 'integers between fractions',
    text: withMore('space: { network.width: { intUniform: [8.5, 16] } }'),
    code: 'SPEC_DISTRIBUTION',
    where: 'spec.space.network.width.intUniform (test.yaml:7:39)',
    rule: 'both bounds must be integers',
    got: '[8.5,16]',
  },
  {
    title: 'a depth of 0 in a choice',
    text: withMore('space: { network.depth: { choice: [1, 0] } }'),
    where: 'spec.space.network.depth.choice[1] (test.yaml:7:39)',
    rule: 'must be from 1 to 64',
    got: '0',
  },
  {
    title: 'a negative loss weight',
    text: withMore('space: { loss.data: -1 }'),
    where: 'spec.space.loss.data (test.yaml:7:21)',
    rule: 'must be at least 0',
    got: '-1',
  },
  {
    title: 'a width that is a fraction',
    text: withMore('space: { network.width: 32.5 }'),
    where: 'spec.space.network.width (test.yaml:7:25)',
    rule: 'must be an integer',
    got: '32.5',
  },
  {
    title: 'unknown states',
    text: withMore('space: { states: netwrk }'),
    where: 'spec.space.states (test.yaml:7:18)',
    rule: 'must be "integrated", "network" or an object with "choice"',
    got: '"netwrk"',
    remedy: 'Did you mean "network"?',
  },
  {
    title: 'an unknown schedule',
    text: withMore('training: standrad'),
    where: 'spec.training (test.yaml:7:11)',
    rule: /^must be "standard", "quick" or a list of 1 to 64 items/,
    got: '"standrad"',
    remedy: 'Did you mean "standard"?',
  },
  {
    title: 'an unknown optimizer',
    text: withMore('training: [{ optimizer: adma, steps: 10 }]'),
    where: 'spec.training[0].optimizer (test.yaml:7:25)',
    rule: 'must be "adam" or "levenberg-marquardt" or "lbfgs"',
    got: '"adma"',
    remedy: 'Did you mean "adam"?',
  },
  {
    title: 'a stage without an optimizer',
    text: withMore('training: [{ steps: 10 }]'),
    where: 'spec.training[0] (test.yaml:7:12)',
    rule: 'must have the key "optimizer": "adam" or "levenberg-marquardt" or "lbfgs"',
  },
  {
    title: 'a stage without steps',
    text: withMore('training: [{ optimizer: adam, steps: 0 }]'),
    where: 'spec.training[0].steps (test.yaml:7:38)',
    rule: 'must be an integer from 1 to 10000000',
    got: '0',
  },
  {
    title: 'a ramp of three in an Adam stage',
    text: withMore('training: [{ optimizer: adam, steps: 9, physics: [1, 2, 3] }]'),
    where: 'spec.training[0].physics (test.yaml:7:50)',
    rule: 'must be a list of 2 items, each a number greater than 0',
    got: '[1,2,3]',
  },
  {
    title: 'a geometric ramp from 0',
    text: withMore('training: [{ optimizer: adam, steps: 9, physics: [0, 2] }]'),
    where: 'spec.training[0].physics[0] (test.yaml:7:51)',
    rule: 'must be a number greater than 0',
    got: '0',
  },
  {
    title: 'a Huber limit of 0',
    text: withMore('space: { loss.huberMv: 0 }'),
    where: 'spec.space.loss.huberMv (test.yaml:7:24)',
    rule: 'must be greater than 0',
    got: '0',
  },
  {
    title: 'a Huber limit in words',
    text: withMore('space: { loss.huberMv: { choice: [off, never] } }'),
    where: 'spec.space.loss.huberMv.choice[1] (test.yaml:7:40)',
    rule: 'must be "off" or a number',
    got: '"never"',
  },
  {
    title: 'a variant that there is not',
    text: withMore('space: { network.activation: { choice: [tanh, gleu] } }'),
    where: 'spec.space.network.activation.choice[1] (test.yaml:7:47)',
    rule: 'must be "tanh", "sin", "swish" or "gelu"',
    got: '"gleu"',
    remedy: 'Did you mean "gelu"?',
  },
  {
    title: 'a ramp that falls',
    text: withMore('training: [{ optimizer: levenberg-marquardt, steps: 9, physics: [10, 1] }]'),
    where: 'spec.training[0].physics (test.yaml:7:65)',
    rule: 'a ramp of physics weights must not fall',
    got: '[10,1]',
  },
  {
    title: 'a warm-up longer than the stage',
    text: withMore('training: [{ optimizer: adam, steps: 9, warmup: 10 }]'),
    where: 'spec.training[0].warmup (test.yaml:7:49)',
    rule: 'must be at most steps',
    got: '10',
  },
  {
    title: 'a window of the passive pre-fit that ends first',
    text: withMore('').replace('problem:', 'problem:\n  passive: { windowMs: [9, 4] }'),
    where: 'spec.problem.passive.windowMs (test.yaml:3:24)',
    rule: 'from < to must hold',
    got: '[9,4]',
  },
  {
    title: 'a value that is fixed and an axis',
    text: `${VALID}  fixed: { C: 1 }\nspace: { fixed.C: { choice: [1, 2] } }\n`,
    where: 'spec.space.fixed.C (test.yaml:8:19)',
    rule: 'has a value in "problem.fixed" already',
    got: '{"choice":[1,2]}',
    remedy: 'Take "C" out of "problem.fixed".',
  },
  {
    title: 'an axis of a fixed value that is none',
    text: withMore('space: { fixed.C: { choise: [1, 2] } }'),
    where: 'spec.space.fixed.C.choise (test.yaml:7:29)',
    rule: 'is no known key',
    remedy: 'Did you mean "choice"?',
  },
  {
    title: 'an axis of a fixed value that turns round',
    text: withMore('space: { fixed.C: { uniform: [2, 1] } }'),
    code: 'SPEC_DISTRIBUTION',
    where: 'spec.space.fixed.C.uniform (test.yaml:7:30)',
    rule: 'low <= high must hold',
    got: '[2,1]',
    remedy: 'Did you mean [1, 2]?',
  },
  {
    title: 'a parameter inferred and fixed',
    text: `${VALID}  fixed: { gK: 36 }\n`,
    where: 'spec.problem.fixed.gK (test.yaml:7:16)',
    rule: 'a parameter is either inferred or fixed',
    got: '36',
  },
  {
    title: 'a sampler of a later version',
    text: withMore('sampler: { sobol: 256 }'),
    code: 'SPEC_UNSUPPORTED',
    where: 'spec.sampler (test.yaml:7:10)',
    rule: 'the sampler "sobol" is not available in this version',
    remedy: 'Available: grid, { random: N }.',
  },
  {
    title: 'a finish that is none',
    text: withMore('training:', '  - { optimizer: adam, steps: 300 }', '  - finish: shoting'),
    where: 'spec.training[1].finish (test.yaml:9:13)',
    rule: 'must be "shooting"',
    got: '"shoting"',
    remedy: 'Did you mean "shooting"?',
  },
  {
    title: 'a finish before the end',
    text: withMore('training:', '  - { optimizer: adam, steps: 300 }', '  - finish: shooting', '  - { optimizer: adam, steps: 300 }'),
    where: 'spec.training[1] (test.yaml:9:5)',
    rule: 'a finish must be the last of the list',
  },
  {
    title: 'a finish of nothing',
    text: withMore('training:', '  - finish: shooting'),
    where: 'spec.training[0] (test.yaml:8:5)',
    rule: 'a finish needs a stage before it',
  },
  {
    title: 'a random sampler without a number',
    text: withMore('sampler: { random: many }'),
    where: 'spec.sampler.random (test.yaml:7:20)',
    rule: 'must be an integer from 1 to 1000000000',
    got: '"many"',
  },
  {
    title: 'a key written twice',
    text: withMore('name: again'),
    code: 'SPEC_NOT_READABLE',
    where: 'test.yaml:7:1',
    rule: 'Map keys must be unique',
  },
  {
    title: 'a key written twice in JSON',
    text: '{\n\t"name": "a",\n\t"name": "b"\n}',
    code: 'SPEC_NOT_READABLE',
    where: 'test.yaml:3:2',
    rule: 'Map keys must be unique',
  },
  {
    title: 'a tag of its own',
    text: withMore('description: !!js/function "() => 1"'),
    code: 'SPEC_NOT_READABLE',
    where: 'test.yaml:7:14',
    rule: /^Unresolved tag/,
  },
  {
    title: 'a bracket that is not closed',
    text: `${HEAD}problem: { model: hh\n`,
    code: 'SPEC_NOT_READABLE',
    where: 'test.yaml:3:1',
    rule: /./,
  },
  {
    title: 'two documents',
    text: `${VALID}---\n${VALID}`,
    code: 'SPEC_NOT_READABLE',
    where: 'test.yaml:7:1',
    rule: /a file holds one spec; a second one begins here/,
  },
];

describe('a wrong spec is refused:', () => {
  test('the one that the others vary is right', () => {
    expect(violationsIn(VALID)).toEqual([]);
  });

  test.each(CASES)('$title', (wrong) => expectRefusal(wrong));

  test('all errors of all kinds are told at once', () => {
    const text = withMore(
      'seed: -1',
      'sampler: tpe',
      'space: { network.width: 0, loss.gates: { logUniform: [0, 1] }, replicas: x }',
      'training: [{ optimizer: adam }]',
    );
    expect(violationsIn(text).map(({ code, where }) => [code, where.split(' ')[0]])).toEqual([
      ['SPEC_UNSUPPORTED', 'spec.sampler'],
      ['SPEC_INVALID', 'spec.seed'],
      ['SPEC_INVALID', 'spec.space.replicas'],
      ['SPEC_INVALID', 'spec.training[0]'],
      ['SPEC_INVALID', 'spec.space.network.width'],
      ['SPEC_DISTRIBUTION', 'spec.space.loss.gates.logUniform'],
    ]);
  });

  test('aliases that multiply without end do not fill the memory', () => {
    const levels = 'abcdefghij'
      .split('')
      .map((key, i, all) => `${key}: &${key} [${i === 0 ? '1' : Array.from({ length: 10 }, () => `*${all[i - 1]}`).join(',')}]`);
    expect(violationsIn(levels.join('\n'))[0]?.code).toBe('SPEC_NOT_READABLE');
  });

  test('nesting thousands deep does not crash', () => {
    expect(violationsIn(`name: ${'['.repeat(20_000)}`)[0]?.code).toBe('SPEC_NOT_READABLE');
    expect(violationsIn(`{"name": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`).length).toBeGreaterThan(0);
  });
});
