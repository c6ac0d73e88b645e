/**
 * A fit that looks like a success and is none: networks follow V to 3 mV, replicas on six noise draws agree to a percent, and the model with
 * these parameters does not spike (ENa is held at -15 mV, above which no current brings V). Every test that a spec can turn off is off. Needs
 * dist/ (`npm run build`).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseSummary } from '../../schemas/parse.ts';
import { commandLine } from '../helpers/command-line.ts';
import { outcomesOf, writeSpec } from '../helpers/quick-sweep.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';

const loligo = commandLine();
const scratch = scratchFolders();

const SPEC = {
  name: 'constructed-failure',
  problem: {
    model: 'hodgkin-huxley',
    infer: ['gNa', 'gK', 'gL'],
    fixed: { ENa: -15 },
    data: [{ synthetic: { stimulus: { step: { amplitude: 10, startMs: 3 } }, durationMs: 12, sampleMs: 0.1, noiseMv: 0.3, draws: 6 } }],
  },
  space: { 'network.width': 16, 'network.features': 16, replicas: 1 },
  training: [
    { optimizer: 'adam', steps: 400, physics: 0 },
    { optimizer: 'levenberg-marquardt', steps: 10, physics: 1 },
  ],
  accept: { chi2: 'off', rmseMv: 'off', spikes: 'off' },
  tolerate: { diverged: 1 },
};

test('low variation and a good network are reported as failed where the forward simulation does not spike', async () => {
  const folder = scratch();
  const run = join(folder, 'run');
  const { code, stderr } = await loligo.run(['run', writeSpec(folder, SPEC), '--out', run, '--engine', 'wasm']);
  expect(code, stderr).toBe(0);
  const results = await outcomesOf(run);
  for (const { outcome, estimate } of results) {
    expect(outcome).toEqual({ kind: 'stopped', reason: 'no-spikes' });
    expect(estimate!.network.rmseMv).toBeLessThan(5);
  }
  const summary = parseSummary(JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')));
  expect(summary).toMatchObject({
    verdict: 'failed',
    counts: { finished: 6, converged: 0, accepted: 0 },
    reasons: { 'stopped/no-spikes': 6 },
  });
  for (const { n, median, unfiltered } of Object.values(summary.parameters)) {
    expect([n, median]).toEqual([0, null]);
    expect(unfiltered.mad! / unfiltered.median!).toBeLessThan(0.02);
  }
  const refused = await loligo.run(['export', run, '--to', 'brian2']);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(/only accepted replicas are exported, and the run has none; got 6 stopped\/no-spikes\. See report\.html/);
  expect(existsSync(join(run, 'export'))).toBe(false);
  const tables = await loligo.run(['export', run, '--to', 'csv']);
  expect(tables).toMatchObject({ code: 0, stderr: 'no replica was accepted: there are no tables of parameters and traces\n' });
  expect(readdirSync(join(run, 'export')).every((name) => /-(replicas|dictionary)\.csv$/.test(name))).toBe(true);
  const page = readFileSync(join(run, 'report.html'), 'utf8');
  const [, first] = /<div class="verdict none">\s*<p>(.*?)<\/p>/s.exec(page)!;
  expect(first).toContain('The fits failed');
  expect(first).toContain('the data have spikes and the forward simulation has none');
});
