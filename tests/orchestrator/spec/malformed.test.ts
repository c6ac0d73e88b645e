/** Wrong specs, each with the code, the path, the position and the rule that a user is told. */
import { describe, expect, test } from 'vitest';
import { parseSpec } from '../../../orchestrator/spec/spec-file.ts';
import { LoligoError, type ErrorCode, type Violation } from '../../../schemas/errors.ts';

const HEAD = 'name: test\n';
const DATA = '  data:\n    - synthetic: { stimulus: { step: { amplitude: 10 } }, durationMs: 50 }\n';
const PROBLEM = `problem:\n  model: hodgkin-huxley\n  infer: [gNa, gK]\n${DATA}`;
const VALID = HEAD + PROBLEM;

/** A problem with this text in the place of its data entries, of its infer map, or a spec with more top-level lines. */
const withData = (...entries: string[]): string =>
  `${HEAD}problem:\n  model: hh\n  infer: [gNa]\n  data:\n${entries.map((entry) => `    - ${entry}\n`).join('')}`;
const withInfer = (infer: string): string => `${HEAD}problem:\n  model: hh\n  infer: ${infer}\n${DATA}`;
const withMore = (...lines: string[]): string => `${VALID}${lines.join('\n')}\n`;

function violationsIn(text: string): readonly Violation[] {
  try {
    parseSpec(text, 'test.yaml');
    return [];
  } catch (error) {
    if (error instanceof LoligoError && error.exitCode === 2) return error.violations;
    throw error;
  }
}

/** A text, or what a text must match. */
function like(text: string | RegExp): unknown {
  const pattern = typeof text === 'string' ? new RegExp(`^${text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)}$`) : text;
  return expect.stringMatching(pattern);
}

interface Case {
  readonly title: string;
  readonly text: string;
  readonly code?: ErrorCode;
  readonly where: string;
  readonly rule: string | RegExp;
  readonly got?: string;
  readonly remedy?: string | RegExp;
}

const CASES: readonly Case[] = [
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
    title: 'a key of another kind of entry',
    text: withData('synthetic: { stimulus: { step: { amplitude: 1 } }, durationMs: 50, file: a.csv }'),
    where: 'spec.problem.data[0].synthetic.file (test.yaml:6:80)',
    rule: 'is no known key',
    remedy: /^Known here: parameters, truths, stimulus/,
  },
  {
    title: 'a mistyped key of a stimulus',
    text: withData('synthetic: { stimulus: { step: { amplitud: 1 } }, durationMs: 50 }'),
    where: 'spec.problem.data[0].synthetic.stimulus.step.amplitud (test.yaml:6:50)',
    rule: 'is no known key',
    remedy: 'Did you mean "amplitude"?',
  },
  {
    title: 'an entry that is neither synthetic nor a recording',
    text: withData('{}'),
    where: 'spec.problem.data[0] (test.yaml:6:7)',
    rule: 'must be an object with "synthetic" or an object with "recording"',
    got: '{}',
  },
  {
    title: 'a negative duration',
    text: withData('synthetic: { stimulus: { step: { amplitude: 1 } }, durationMs: -5 }'),
    where: 'spec.problem.data[0].synthetic.durationMs (test.yaml:6:70)',
    rule: 'must be a number greater than 0 and at most 100000',
    got: '-5',
  },
  {
    title: 'noise that is no number',
    text: withData('synthetic: { stimulus: { step: { amplitude: 1 } }, durationMs: 5, noiseMv: .nan }'),
    where: 'spec.problem.data[0].synthetic.noiseMv (test.yaml:6:82)',
    rule: 'must be a number of at least 0',
    got: 'NaN',
  },
  {
    title: 'no data',
    text: `${HEAD}problem: { model: hh, infer: [gNa], data: [] }\n`,
    where: 'spec.problem.data (test.yaml:2:43)',
    rule: /^must be a list of 1 to 10000 items/,
    got: '[]',
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
    title: 'a window that ends first',
    text: withData('recording: { file: a.abf, windowMs: [50, 10] }'),
    where: 'spec.problem.data[0].recording.windowMs (test.yaml:6:43)',
    rule: 'from < to must hold',
    got: '[50,10]',
  },
  {
    title: 'one such window of several',
    text: withData('recording: { file: a.abf, windowMs: [[0, 10], [9, 9]] }'),
    where: 'spec.problem.data[0].recording.windowMs[1] (test.yaml:6:53)',
    rule: 'from < to must hold',
    got: '[9,9]',
  },
  {
    title: 'a window of the passive pre-fit that ends first',
    text: withMore('').replace('problem:', 'problem:\n  passive: { windowMs: [9, 4] }'),
    where: 'spec.problem.passive.windowMs (test.yaml:3:24)',
    rule: 'from < to must hold',
    got: '[9,4]',
  },
  {
    title: 'a held-out window that ends first',
    text: withData('recording: { file: a.abf, holdOut: [{ sweeps: [1] }, { windowMs: [5, 2] }] }'),
    where: 'spec.problem.data[0].recording.holdOut[1].windowMs (test.yaml:6:72)',
    rule: 'from < to must hold',
    got: '[5,2]',
  },
  {
    title: 'a window rule of nothing',
    text: withData('recording: { file: a.abf, window: {} }'),
    where: 'spec.problem.data[0].recording.window (test.yaml:6:41)',
    rule: 'must have the key "perSpike", "epoch" or "onset"',
    got: '{}',
  },
  {
    title: 'an onset beside an epoch',
    text: withData('recording: { file: a.abf, window: { epoch: B, onset: { beforeMs: 1, afterMs: 2 } } }'),
    where: 'spec.problem.data[0].recording.window (test.yaml:6:41)',
    rule: '"onset" must stand alone',
    got: '{"epoch":"B","onset":{"beforeMs":1,"afterMs":2}}',
  },
  {
    title: 'an epoch beside a window in time',
    text: withData('recording: { file: a.abf, windowMs: [0, 9], window: { epoch: B } }'),
    where: 'spec.problem.data[0].recording.window (test.yaml:6:59)',
    rule: 'must not stand beside "windowMs" unless it is perSpike alone',
    got: '{"epoch":"B"}',
  },
  {
    title: 'an epoch that is no letter',
    text: withData('recording: { file: a.abf, window: { epoch: 2 } }'),
    where: 'spec.problem.data[0].recording.window.epoch (test.yaml:6:50)',
    rule: 'must be a text (A, B, C ...) or a list of at least 1 items, each a text (A, B, C ...)',
    got: '2',
  },
  {
    title: 'no stimulus',
    text: withData('synthetic: { durationMs: 50 }'),
    where: 'spec.problem.data[0].synthetic (test.yaml:6:18)',
    rule: 'must have either "stimulus" or "stimuli"',
  },
  {
    title: 'a stimulus and several',
    text: withData('synthetic: { stimulus: { step: { amplitude: 1 } }, stimuli: [{ step: { amplitude: 2 } }], durationMs: 50 }'),
    where: 'spec.problem.data[0].synthetic (test.yaml:6:18)',
    rule: 'must have either "stimulus" or "stimuli"',
    got: '["stimulus","stimuli"]',
  },
  {
    title: 'one of several stimuli that ends first',
    text: withData('synthetic: { stimuli: [{ step: { amplitude: 1, startMs: 9, endMs: 3 } }], durationMs: 50 }'),
    where: 'spec.problem.data[0].synthetic.stimuli[0].step.endMs (test.yaml:6:73)',
    rule: 'must be greater than startMs',
    got: '3',
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
    title: 'a stimulus that ends first',
    text: withData('synthetic: { stimulus: { step: { amplitude: 1, startMs: 9, endMs: 3 } }, durationMs: 50 }'),
    where: 'spec.problem.data[0].synthetic.stimulus.step.endMs (test.yaml:6:73)',
    rule: 'must be greater than startMs',
    got: '3',
  },
  {
    title: 'a truth from a distribution that turns round',
    text: withData('synthetic: { parameters: { gNa: { uniform: [9, 3] } }, stimulus: { step: { amplitude: 1 } }, durationMs: 50 }'),
    code: 'SPEC_DISTRIBUTION',
    where: 'spec.problem.data[0].synthetic.parameters.gNa.uniform (test.yaml:6:50)',
    rule: 'low <= high must hold',
    got: '[9,3]',
    remedy: 'Did you mean [3, 9]?',
  },
  {
    title: 'several truths of one cell',
    text: withData('synthetic: { parameters: { gNa: 90 }, truths: 8, stimulus: { step: { amplitude: 1 } }, durationMs: 50 }'),
    where: 'spec.problem.data[0].synthetic.truths (test.yaml:6:53)',
    rule: 'needs a distribution in "parameters": the same cell would count several times',
    got: '8',
    remedy: 'For instance gNa: { logUniform: [60, 240] }; for more noise draws use "draws".',
  },
  {
    title: 'a sampling step longer than the trace',
    text: withData('synthetic: { stimulus: { step: { amplitude: 1 } }, durationMs: 5, sampleMs: 6 }'),
    where: 'spec.problem.data[0].synthetic.sampleMs (test.yaml:6:83)',
    rule: 'must be at most durationMs',
    got: '6',
  },
  {
    title: 'the same entry twice',
    text: withData('recording: { file: a.abf, sweeps: [1] }', 'recording: { sweeps: [1], file: a.abf }'),
    code: 'SPEC_DUPLICATE_DATA',
    where: 'spec.problem.data[1] (test.yaml:7:7)',
    rule: 'must differ from data[0]: the same data would count twice',
    remedy: 'For more noise draws use "draws".',
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
  { title: 'two documents', text: `${VALID}---\n${VALID}`, code: 'SPEC_NOT_READABLE', where: 'test.yaml:7:1', rule: /multiple documents/ },
];

describe('a wrong spec is refused:', () => {
  test('the one that the others vary is right', () => {
    expect(violationsIn(VALID)).toEqual([]);
  });

  test.each(CASES)('$title', ({ text, code = 'SPEC_INVALID', where, rule, got, remedy }) => {
    const expected = {
      code,
      where,
      rule: like(rule),
      ...(got === undefined ? {} : { got }),
      ...(remedy === undefined ? {} : { remedy: like(remedy) }),
    };
    expect(violationsIn(text)).toEqual([expect.objectContaining(expected)]);
  });

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
