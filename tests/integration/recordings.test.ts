/** `inspect`, `simulate`, `doctor` and the demo from outside. Needs dist/ (`npm run build`). */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { packageRoot } from '../../schemas/package-root.ts';
import { parseSummary } from '../../schemas/parse.ts';
import { ANY_LIST, ANY_NUMBER, ANY_TEXT } from '../helpers/any-value.ts';
import { commandLine } from '../helpers/command-line.ts';
import { recordingsAbsent, sharedRecording } from '../helpers/recordings-folder.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';

const loligo = commandLine();
const scratch = scratchFolders();

const SVG = /^<\?xml[^]*<svg [^]*<\/svg>\s*$/;
const STIMULUS = { source: expect.stringMatching(/^(stored|header|none)$/) as unknown, unit: ANY_TEXT, kind: ANY_TEXT };

// skipped where the shared recordings are not beside the project
test.skipIf(recordingsAbsent !== undefined)('inspect --json says the same things of every recording', async () => {
  const files = ['pyabf', 'gigaseal', 'nwbshowcase-ferguson2015', 'nwbshowcase-lantyer2018'].flatMap((folder) =>
    readdirSync(sharedRecording(folder))
      .filter((name) => /[.](abf|nwb)$/.test(name))
      .map((name) => sharedRecording(join(folder, name))),
  );
  expect(files.length).toBe(11);
  const inspected = await Promise.all(files.map(async (file) => ({ file, ended: await loligo.run(['inspect', file, '--json']) })));
  for (const { file, ended } of inspected) {
    const { code, stdout, stderr } = ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const inspection: unknown = JSON.parse(stdout);
    expect(inspection).toMatchObject({ file, format: ANY_TEXT });
    const { channels, sweeps } = inspection as { channels: object[]; sweeps: object[] }; // checked key by key below
    expect(channels.length).toBeGreaterThan(0);
    for (const channel of channels) expect(channel).toMatchObject({ name: ANY_TEXT, unit: ANY_TEXT });
    expect(sweeps.length).toBeGreaterThan(0);
    for (const [index, sweep] of sweeps.entries()) {
      expect(sweep).toMatchObject({ index, samples: ANY_NUMBER, sampleMs: ANY_NUMBER, voltageChannel: ANY_TEXT });
      expect(sweep).toMatchObject({ restMv: ANY_NUMBER, spikes: ANY_LIST, stimulus: STIMULUS });
    }
  }
});

// skipped where the shared recordings are not beside the project
test.skipIf(recordingsAbsent !== undefined)('inspect --sweep --plot writes a picture of one sweep', async () => {
  const picture = join(scratch(), 'cell.svg');
  const file = sharedRecording('pyabf/17o05027_ic_ramp.abf');
  const { code, stdout, stderr } = await loligo.run(['inspect', file, '--sweep', '1', '--plot', picture]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: `wrote ${picture}\n` });
  expect(stdout).toMatch(/^1 .* 9$/m);
  expect(readFileSync(picture, 'utf8')).toMatch(SVG);
  const beyond = await loligo.run(['inspect', file, '--sweep', '7']);
  expect(beyond).toMatchObject({ code: 2, stdout: '' });
  expect(beyond.stderr).toMatch(/--sweep: .*sweeps 0 to 1; got 7/);
});

test('what simulate prints goes back in as a recording, with its current and its spikes', async () => {
  const folder = scratch();
  const simulated = await loligo.run([
    'simulate',
    'hodgkin-huxley',
    '--duration',
    '40',
    '--sample',
    '0.05',
    '--stimulus',
    '{ step: { amplitude: 10 } }',
  ]);
  expect(simulated).toMatchObject({ code: 0, stderr: '' });
  writeFileSync(join(folder, 'cell.csv'), simulated.stdout);
  const columns = ['timeMs=timeMs', 'voltageMv=voltageMv', 'currentUaPerCm2=currentUaPerCm2'];
  const { code, stdout, stderr } = await loligo.run(['inspect', 'cell.csv', '--json', '--columns', ...columns], { cwd: folder });
  expect(code, stderr).toBe(0);
  const { sweeps } = JSON.parse(stdout) as { sweeps: { spikes: number[] }[] }; // checked just below
  expect(sweeps).toMatchObject([{ samples: 801, sampleMs: 0.05, stimulus: { source: 'stored', unit: 'uA/cm2' } }]);
  // 10 uA/cm2 makes the squid axon fire about every 15 ms
  expect(sweeps[0]!.spikes.length).toBe(3);
});

test('simulate --plot writes a picture, and a place that cannot be written ends with 6', async () => {
  const picture = join(scratch(), 'hh.svg');
  const drawn = await loligo.run([
    'simulate',
    'pospischil-rs',
    '--set',
    'gNa=40',
    '--stimulus',
    '{ step: { amplitude: 3 } }',
    '--plot',
    picture,
  ]);
  expect(drawn).toEqual({ code: 0, stdout: '', stderr: `wrote ${picture}\n` });
  expect(readFileSync(picture, 'utf8')).toMatch(SVG);
  expect(await loligo.run(['simulate', 'hodgkin-huxley', '--plot', join(picture, 'x.svg')])).toMatchObject({ code: 6, stdout: '' });
});

test('doctor --json tells of the processor and of every engine', async () => {
  // drivers of graphics write to stderr as they like
  const { code, stdout } = await loligo.run(['doctor', '--json']);
  expect(code).toBe(0);
  const found: unknown = JSON.parse(stdout);
  expect(found).toMatchObject({ node: process.versions.node, platform: ANY_TEXT, nats: { reachable: false } });
  expect(found).toMatchObject({ cpu: { model: ANY_TEXT, instructionSets: ANY_LIST } });
  const { engines } = found as { engines: object[] }; // checked just below
  expect(engines).toEqual(
    expect.arrayContaining(
      ['reference', 'tfjs', 'wasm'].map((name) => ({ name, available: true, reason: ANY_TEXT, stepsPerSecond: ANY_NUMBER })),
    ),
  );
});

test('the demo, shrunken, runs to its report', async () => {
  const folder = scratch();
  const demo = parseYaml(readFileSync(join(packageRoot(), 'sweeps', 'demo.yaml'), 'utf8')) as {
    problem: { data: [{ synthetic: object }] };
    space: object;
  }; // the repository's own file
  const [{ synthetic }] = demo.problem.data;
  const shrunken = {
    ...demo,
    problem: { ...demo.problem, data: [{ synthetic: { ...synthetic, durationMs: 6, draws: 1 } }] },
    space: { ...demo.space, 'network.width': { choice: [6, 8] }, 'network.features': 6, replicas: 1 },
    training: [{ optimizer: 'levenberg-marquardt', steps: 3, physics: [1, 10] }],
    tolerate: { diverged: 1 },
  };
  writeFileSync(join(folder, 'demo.json'), JSON.stringify(shrunken));
  const { code, stderr } = await loligo.run(['run', 'demo.json', '--engine', 'reference'], { cwd: folder });
  expect(code, stderr).toBe(0);
  const summary = parseSummary(JSON.parse(readFileSync(join(folder, 'runs', 'demo', 'summary.json'), 'utf8')));
  expect(summary.counts).toMatchObject({ planned: 2, finished: 2 });
});
