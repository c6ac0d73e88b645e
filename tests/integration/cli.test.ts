/** The command line from outside: streams, exit codes, help, and what it says of wrong input. Needs dist/ (`npm run build`). */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../schemas/package-root.ts';
import { abf2File } from '../helpers/abf2-file.ts';
import { ANY_NUMBER, ANY_TEXT } from '../helpers/any-value.ts';
import { commandLine } from '../helpers/command-line.ts';
import { quickSpec, writeSpec } from '../helpers/quick-sweep.ts';
import { recordingsAbsent, sharedRecording } from '../helpers/recordings-folder.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';

const loligo = commandLine();
const scratch = scratchFolders();
const COMMANDS = ['validate', 'plan', 'run', 'report', 'inspect', 'simulate', 'doctor'];
const OTHERS = ['worker', 'status', 'cancel', 'dead', 'baseline', 'compare', 'export', 'serve'];
const COLUMNS = ['--columns', 'timeMs=timeMs', 'voltageMv=voltageMv', 'currentUaPerCm2=currentUaPerCm2'];
const ESCAPE = '\u001b';

test('help names every command, and the help of each has an example', async () => {
  const { code, stdout, stderr } = await loligo.run(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const command of [...COMMANDS, ...OTHERS]) expect(stdout).toContain(`loligo ${command}`);
  for (const command of COMMANDS) {
    const help = await loligo.run([command, '--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(new RegExp(`Examples:\\s+loligo ${command}`));
  }
});

describe('wrong usage ends with 2, says why on stderr and prints nothing', () => {
  const cases: [string[], RegExp][] = [
    [[], /Give a command/],
    [['foo'], /^"foo" is no command\.\nSee loligo --help/],
    [['runn', 'x.yaml'], /"runn" is no command\. Did you mean "run"\?/],
    [['run'], /An argument is missing[^]*loligo run --help/],
    [['run', 'sweeps/demo.yaml', '--engin', 'tfjs'], /Unknown argument: engin/],
    [['run', 'sweeps/demo.yaml', '--out'], /--out needs a value/],
    [['run', 'sweeps/demo.yaml', '--out', 'a', '--out', 'b'], /--out was given 2 times/],
    [['run', 'sweeps/demo.yaml', '--workers', '0'], /--workers: must be a whole number from 1 to 1024; got 0/],
    [['export', 'runs'], /Missing required argument: to/],
    [['export', 'runs', '--to', 'nest'], /Argument: to, Given: "nest", Choices: "brian2"/],
    [['export', 'sweeps', '--to', 'brian2'], /sweeps: a run directory holds sweep\.lock\.json; got none.*RUN_NOT_FOUND/],
    [['export', 'sweeps', '--to', 'brian2', '--replicas', '0'], /--replicas: must be a whole number from 1 on; got 0/],
    [['run', 'sweeps/demo.yaml', '--limit', 'few'], /--limit: must be a whole number .*; got no number/],
    [['simulate', 'hodgkin-huxley', '--duration', '1e9'], /--duration: must be .* at most 100000; got 1000000000/],
    [['simulate', 'hodgkin-huxley', '--set', 'gNb=1'], /--set\.gNb: .*Did you mean "gNa"\?/],
    [['run', 'sweeps/demo.yaml', '--lease', 'long'], /--lease: must be a number of seconds from 1 to 86400; got no number/],
    [['simulate', 'hodgkin-huxley', '--stimulus', '{ stepp: 1 }'], /--stimulus\.stepp: is no known key/],
    [['simulate', 'hodgkin-huxley', '--stimulus', '{ step: '], /^--stimulus: must be YAML; got [^\n]*line 1, column \d+\. \[USAGE\]\n$/],
    [['inspect', 'sweeps/paper-constant.csv', ...COLUMNS, '--blank', '-1'], /--blank: must be a number greater than 0; got -1/],
    [['inspect', 'sweeps/paper-constant.csv', ...COLUMNS, '--bridge', 'x'], /--bridge: must be a number, or estimate; got x/],
    [['report', 'nowhere'], /nowhere: a run directory holds sweep\.lock\.json/],
  ];
  test.each(cases)('%j', async (args, said) => {
    const { code, stdout, stderr } = await loligo.run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(said);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

interface Wrong {
  readonly title: string;
  /** The spec's text, or what to change in a sound one. */
  readonly spec: string | ((spec: ReturnType<typeof quickSpec>) => object);
  readonly says: RegExp;
}

const data = (entry: object) => (spec: ReturnType<typeof quickSpec>) => ({ ...spec, problem: { ...spec.problem, data: [entry] } });
const problem = (change: object) => (spec: ReturnType<typeof quickSpec>) => ({ ...spec, problem: { ...spec.problem, ...change } });
const model = (file: string) => problem({ model: file, infer: ['g'] });

const WRONG: readonly Wrong[] = [
  { title: 'an empty file', spec: '', says: /spec \(spec\.yaml:1:1\)|spec .*: must be an object.*\[SPEC_INVALID\]/ },
  { title: 'broken YAML', spec: 'name: [', says: /\[SPEC_NOT_READABLE\]/ },
  { title: 'no problem', spec: 'name: x', says: /must have the key "problem".*\[SPEC_INVALID\]/ },
  {
    title: 'a mistyped key',
    spec: (spec) => ({ ...spec, sampelr: 'grid' }),
    says: /spec\.sampelr .*Did you mean "sampler"\? \[SPEC_INVALID\]/,
  },
  { title: 'a name with blanks', spec: (spec) => ({ ...spec, name: 'a b' }), says: /spec\.name .*got "a b".*\[SPEC_INVALID\]/ },
  { title: 'an unknown parameter', spec: problem({ infer: ['gNA'] }), says: /gNA.*Did you mean "gNa"\?.*\[SPEC_UNKNOWN_PARAMETER\]/ },
  {
    title: 'a first guess of which no part is in range',
    spec: problem({ infer: { gNa: { start: 5000 } } }),
    says: /spec\.problem\.infer\.gNa\.start.*: .*1 to 2000 mS\/cm2; got 5000.*\[SPEC_DISTRIBUTION\]/,
  },
  {
    title: 'bounds the wrong way round',
    spec: problem({ infer: { gNa: { start: { logUniform: [100, 10] } } } }),
    says: /low <= high must hold.*Did you mean \[10, 100\]\?.*\[SPEC_DISTRIBUTION\]/,
  },
  {
    title: 'a distribution of none',
    spec: problem({ infer: { gNa: { start: { gauss: [1, 2] } } } }),
    says: /spec\.problem\.infer\.gNa\.start.*\[SPEC_INVALID\]/,
  },
  {
    title: 'a fixed unknown',
    spec: problem({ fixed: { gNa: 100 } }),
    says: /spec\.problem\.fixed\.gNa.*: .*either inferred or fixed; got 100/,
  },
  {
    title: 'no whole number of samples',
    spec: data({ synthetic: { stimulus: { step: { amplitude: 1 } }, durationMs: 6.05, sampleMs: 0.1 } }),
    says: /durationMs.*whole number of samples.*\[SPEC_DATA\]/,
  },
  {
    title: 'more samples than memory',
    spec: data({ synthetic: { stimulus: { step: { amplitude: 1 } }, durationMs: 100000, sampleMs: 1e-7 } }),
    says: /at most 10000001 samples.*\[SPEC_DATA\]/,
  },
  { title: 'no model', spec: problem({ model: 'hodgkin-huxly' }), says: /hodgkin-huxl.*\[MODEL_NOT_FOUND\]/ },
  { title: 'a model without equations', spec: model('./empty-model.yaml'), says: /empty-model\.yaml.*\[MODEL_INVALID\]/ },
  { title: 'a model with an unknown name', spec: model('./name-model.yaml'), says: /nobody.*\[MODEL_UNKNOWN_NAME\]/ },
  { title: 'a model that is code', spec: model('./code-model.yaml'), says: /\[MODEL_(SYNTAX|UNKNOWN_NAME)\]/ },
  { title: 'a missing recording', spec: data({ recording: { file: 'none.abf' } }), says: /none\.abf.*\[RECORDING_NOT_READABLE\]/ },
  { title: 'a recording of no format', spec: data({ recording: { file: 'noise.bin' } }), says: /noise\.bin.*\[RECORDING_FORMAT\]/ },
  { title: 'a recording cut short', spec: data({ recording: { file: 'short.abf' } }), says: /short\.abf.*\[RECORDING_CORRUPT\]/ },
  { title: 'a sweep too many', spec: data({ recording: { file: 'whole.abf', sweeps: [99] } }), says: /sweeps?.*99.*\[SPEC_DATA\]/ },
  {
    title: 'a column that is not there',
    spec: data({ recording: { file: 'cell.csv', columns: { timeMs: 't', voltageMv: 'U' } } }),
    says: /U.*\[RECORDING_CHANNEL\]/,
  },
  {
    title: 'two errors at once',
    spec: (spec) => ({ ...spec, seed: -1, sampelr: 1 }),
    says: /spec\.seed[^]*\n.*spec\.sampelr|spec\.sampelr[^]*\n.*spec\.seed/,
  },
];

describe('a variant that the engine asked for lacks ends with 2 and trains nothing', () => {
  test.each([
    ['validate', []],
    ['plan', []],
    ['run', ['--out', 'refused']],
  ])('%s', async (command, rest) => {
    const folder = scratch();
    const spec = quickSpec();
    writeSpec(folder, { ...spec, space: { ...spec.space, 'network.architecture': 'modified-mlp' } });
    const { code, stdout, stderr } = await loligo.run([command, 'spec.yaml', '--engine', 'tfjs', ...rest], { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/tfjs does not train network\.architecture: modified-mlp.*\[SPEC_UNSUPPORTED\]/);
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });
});

const MODEL_HEAD = 'name: tiny\nsource: a test\ncurrent: uA/cm2\nrest: -65\ncapacitance: C\n';
const PARAMETERS =
  'parameters:\n  g: { unit: mS/cm2, value: 1, positive: true, range: [0.1, 10] }\n  C: { unit: uF/cm2, value: 1, positive: true, range: [0.3, 3] }\n';

function folderOfWrongs(): string {
  const folder = scratch();
  const whole = abf2File();
  const files: Record<string, string | Uint8Array> = {
    'empty-model.yaml': MODEL_HEAD,
    'name-model.yaml': `${MODEL_HEAD}${PARAMETERS}gates: {}\ncurrents: { IL: g * (V - nobody) }\nbalance: I - IL\n`,
    'code-model.yaml': `${MODEL_HEAD}${PARAMETERS}gates: {}\ncurrents: { IL: 'process.exit(3)' }\nbalance: I - IL\n`,
    'noise.bin': Uint8Array.from({ length: 4096 }, (_, i) => (i * 37) % 251),
    'short.abf': whole.subarray(0, whole.length - 300),
    'whole.abf': whole,
    'cell.csv': 't,V,I\n0,-65,0\n0.1,-65,0\n0.2,-65,0\n',
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

describe('a wrong spec is refused with the place and the rule, and nothing is written', () => {
  test.each(WRONG)('$title', async ({ spec, says }) => {
    const folder = folderOfWrongs();
    const path = join(folder, 'spec.yaml');
    writeFileSync(path, typeof spec === 'string' ? spec : JSON.stringify(spec(quickSpec())));
    const before = readdirSync(folder).toSorted();
    const { code, stdout, stderr } = await loligo.run(['run', 'spec.yaml', '--engine', 'reference'], { cwd: folder });
    expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/\n\s+at |internal:/);
    expect(readdirSync(folder).toSorted()).toEqual(before);
  });
});

test('validate and plan refuse what run refuses, in the same words', async () => {
  const folder = folderOfWrongs();
  writeSpec(folder, { ...quickSpec(), sampelr: 'grid' });
  const [validated, planned, ran] = await Promise.all(
    ['validate', 'plan', 'run'].map((command) => loligo.run([command, 'spec.yaml'], { cwd: folder })),
  );
  expect(validated).toMatchObject({ code: 2, stdout: '' });
  expect(planned).toEqual(validated);
  expect(ran).toEqual(validated);
});

// skipped where the shared recordings are not beside the project
test.skipIf(recordingsAbsent !== undefined)('a real recording cut in half is corrupt, wherever it is opened', async () => {
  const folder = scratch();
  const whole = readFileSync(sharedRecording('pyabf/17o05027_ic_ramp.abf'));
  writeFileSync(join(folder, 'half.abf'), whole.subarray(0, whole.length / 2));
  const { code, stdout, stderr } = await loligo.run(['inspect', 'half.abf'], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/half\.abf.*\[RECORDING_CORRUPT\]/);
});

test('validate and plan print the result to stdout, and plan --json one object', async () => {
  const folder = scratch();
  const spec = writeSpec(folder, quickSpec());
  expect(await loligo.run(['validate', spec])).toEqual({
    code: 0,
    stderr: '',
    stdout: `${spec}: valid, quick has 4 replicas in 1 configuration\n`,
  });
  const { code, stdout } = await loligo.run(['plan', spec, '--json']);
  expect(code).toBe(0);
  const plan: unknown = JSON.parse(stdout);
  expect(plan).toMatchObject({ replicas: 4, configurations: 1, shapes: [{ replicas: 4 }] });
  // six milliseconds below threshold tell little of the conductances
  expect(plan).toMatchObject({
    warnings: [
      {
        code: 'NOT_IDENTIFIABLE',
        parameters: ['gNa', 'gK'],
        direction: { gNa: ANY_NUMBER, gK: ANY_NUMBER },
        cures: expect.any(Array) as unknown,
      },
      { code: 'NOT_IDENTIFIABLE', parameters: ['gNa', 'gL'] },
    ],
  });
  expect(plan).toMatchObject({ shapes: [{ id: ANY_TEXT, weights: ANY_NUMBER, residuals: ANY_NUMBER }] });
  expect(plan).toMatchObject({ estimate: { coreSeconds: ANY_NUMBER, memoryBytes: ANY_NUMBER, diskBytes: ANY_NUMBER } });
  expect(readdirSync(folder)).toEqual(['spec.yaml']);
});

test('a truth and a fixed value outside the range, and a start that reaches outside, are said', async () => {
  const folder = scratch();
  const { name, problem: sound } = quickSpec();
  const [{ synthetic }] = sound.data as [(typeof sound.data)[number]];
  const spec = writeSpec(folder, {
    name,
    problem: {
      ...sound,
      infer: { gNa: {}, gK: { start: { uniform: [0.1, 10] } } },
      fixed: { C: 4 },
      data: [{ synthetic: { ...synthetic, parameters: { gNa: 2500, C: 4 } } }],
    },
  });
  const { code, stderr } = await loligo.run(['validate', spec]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/note: .*true gNa = 2500 is outside the model's range, 1 to 2000 mS\/cm2: no fit can find it/);
  expect(stderr).toMatch(/note: first guesses of gK from 0\.1 to 10 reach outside/);
  expect(stderr).toMatch(/note: fixed C = 4 is outside the model's range/);
});

test('every spec of sweeps/ is valid; those of a cell, beside a recording of that name', async () => {
  const sweeps = join(packageRoot(), 'sweeps');
  const specs = readdirSync(sweeps).filter((name) => name.endsWith('.yaml'));
  expect(specs).toEqual(
    expect.arrayContaining([
      'demo.yaml',
      'recovery.yaml',
      'cell-steps.yaml',
      'cell-ramp.yaml',
      'cell-joint.yaml',
      'cell-capacitance.yaml',
      'joint-recovery.yaml',
      'paper-synthetic.yaml',
    ]),
  );
  for (const name of specs.filter((spec) => !/^(cell-|paper-steps|paper-ramp)/.test(spec))) {
    const { code, stderr } = await loligo.run(['validate', join(sweeps, name)]);
    // some of the cells that calibration.yaml draws are silent
    expect([code, stderr.replace(/^note: .* do not spike.*\n/, '')]).toEqual([0, '']);
  }
});

// skipped where the shared recordings are not beside the project
test.skipIf(recordingsAbsent !== undefined).each([
  ['cell-steps', '171116sh_0018.abf'],
  ['cell-ramp', '171116sh_0016.abf'],
  ['cell-joint', '2019_07_24_0055_fsi.abf'],
  ['cell-capacitance', '2019_07_24_0055_fsi.abf'],
  ['paper-steps', '17o05028_ic_steps.abf'],
  ['paper-ramp', '17o05027_ic_ramp.abf'],
])('%s is valid beside %s', async (name, recording) => {
  const folder = scratch();
  writeFileSync(join(folder, 'spec.yaml'), readFileSync(join(packageRoot(), 'sweeps', `${name}.yaml`)));
  for (const file of ['cell.abf', 'steps.abf', 'ramp.abf'])
    writeFileSync(join(folder, file), readFileSync(sharedRecording(`pyabf/${recording}`)));
  const { code, stdout, stderr } = await loligo.run(['validate', 'spec.yaml'], { cwd: folder });
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(new RegExp(`spec\\.yaml: valid, ${name} has \\d+ replicas`));
});

test('an engine that is not there, and a place that cannot be written, end with 6', async () => {
  const folder = scratch();
  const spec = writeSpec(folder, quickSpec());
  const native = await loligo.run(['run', spec, '--engine', 'nowhere', '--out', join(folder, 'run')]);
  expect(native).toMatchObject({ code: 6, stdout: '' });
  expect(native.stderr).toMatch(/--engine nowhere: .*reference, tfjs.*\[ENGINE_UNAVAILABLE\]/);
  const unwritable = await loligo.run(['run', spec, '--engine', 'reference', '--out', join(spec, 'run')]);
  expect(unwritable).toMatchObject({ code: 6, stdout: '' });
  expect(unwritable.stderr).toMatch(/run: must be a folder, and so must what is above it; got a file\. Choose another path\. \[DISK\]/);
  expect(readdirSync(folder)).toEqual(['spec.yaml']);
  expect(existsSync(join(folder, 'run'))).toBe(false);
});

test.skipIf(process.platform !== 'linux')('/proc, where Node itself never returns, is a place that cannot be written', async () => {
  const spec = writeSpec(scratch(), quickSpec());
  const { code, stderr } = await loligo.run(['run', spec, '--engine', 'reference', '--out', '/proc/loligo/run']);
  expect(code).toBe(6);
  expect(stderr).toMatch(/creating a folder.*\[DISK\]/);
});

test('a reader that goes away ends no command: neither one of results, nor a run', async () => {
  const simulating = loligo.start(['simulate', 'hodgkin-huxley', '--duration', '1000']);
  simulating.child.stdout?.destroy();
  expect(await simulating.ended).toMatchObject({ code: 0, stderr: '' });
  const folder = scratch();
  const run = join(folder, 'run');
  const running = loligo.start(['run', writeSpec(folder, quickSpec()), '--engine', 'reference', '--out', run]);
  running.child.stdout?.destroy();
  running.child.stderr?.once('data', () => running.child.stderr?.destroy());
  expect(await running.ended).toMatchObject({ code: 0 });
  expect(existsSync(join(run, 'report.html'))).toBe(true);
});

test.skipIf(process.platform !== 'linux')('a result that the disk has no room for ends with 6, in one line', () => {
  const main = join(packageRoot(), 'dist', 'orchestrator', 'cli', 'main.js');
  const command = ['-c', 'exec "$0" "$@" > /dev/full', process.execPath, main, 'simulate', 'hodgkin-huxley'];
  const { status, stderr } = spawnSync('sh', command, { encoding: 'utf8' });
  expect(stderr).toMatch(/^standard output: the file must be writable; got ENOSPC[^\n]*\[DISK\]\n$/);
  expect(status).toBe(6);
});

test('there is no colour off a terminal, with NO_COLOR or without, not even when FORCE_COLOR asks', async () => {
  for (const environment of [{ NO_COLOR: '1' }, { FORCE_COLOR: '1' }]) {
    const { stdout, stderr } = await loligo.run(['validate', 'sweeps/demo.yaml'], { environment });
    const help = await loligo.run(['run', '--help'], { environment });
    expect(stdout + stderr + help.stdout).not.toContain(ESCAPE);
  }
});
