/** The main job, seen from outside: recordings made by another program go in as CSV, the program finds the parameters that made them. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readOutcomes } from '../../orchestrator/results/outcome-reader.ts';
import type { Result } from '../../schemas/generated/types.ts';
import { packageRoot } from '../../schemas/package-root.ts';

/** What tests/golden/recovery.py simulated, in the order of its files. */
const TRUTHS = [
  { gNa: 95, gK: 28, gL: 0.22 },
  { gNa: 150, gK: 45, gL: 0.35 },
  { gNa: 110, gK: 32, gL: 0.5 },
];
/** Largest relative error of each, without noise. */
const WITHIN = { gNa: 0.005, gK: 0.005, gL: 0.02 };
const SEEDS = 2;

const folder = mkdtempSync(join(tmpdir(), 'loligo-recovery-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts within x/ 10 of nobody's truth: the model's own value is not the truth of any file. */
const SPEC = {
  name: 'recovery-from-csv',
  problem: {
    model: 'hodgkin-huxley',
    infer: {
      gNa: { start: { logUniform: [12, 1200] } },
      gK: { start: { logUniform: [3.6, 360] } },
      gL: { start: { logUniform: [0.03, 3] } },
    },
    data: TRUTHS.map((_, i) => ({
      recording: { file: `recovery-${i + 1}.csv`, columns: { timeMs: 't', voltageMv: 'V', currentUaPerCm2: 'I' } },
    })),
  },
  space: { 'network.width': 24, 'network.features': 20, replicas: SEEDS },
};

describe('parameters come back from a noiseless CSV of another simulator', () => {
  test('for every data set and every seed, accepted, from starts within x/ 10', { timeout: 580_000 }, async () => {
    TRUTHS.forEach((_, i) =>
      copyFileSync(join(packageRoot(), 'tests/golden', `recovery-${i + 1}.csv`), join(folder, `recovery-${i + 1}.csv`)),
    );
    writeFileSync(join(folder, 'spec.json'), JSON.stringify(SPEC));
    const program = join(packageRoot(), 'dist/orchestrator/cli/main.js');
    const out = join(folder, 'run');
    const child = spawnSync(process.execPath, [program, 'run', join(folder, 'spec.json'), '--out', out], { encoding: 'utf8' });
    expect(child.status, child.stderr).toBe(0);
    const results: Result[] = [];
    for await (const result of readOutcomes(out)) results.push(result);
    expect(results).toHaveLength(TRUTHS.length * SEEDS);
    const errors = results.map(({ index, outcome, estimate }) => {
      const truth = TRUTHS[index % TRUTHS.length]!;
      const off = (name: keyof typeof WITHIN): number => estimate!.parameters[name]! / truth[name] - 1;
      return { index, outcome: outcome.kind, gNa: off('gNa'), gK: off('gK'), gL: off('gL') };
    });
    const outside = errors.filter(
      ({ outcome, ...error }) =>
        outcome !== 'converged' || (['gNa', 'gK', 'gL'] as const).some((name) => Math.abs(error[name]) > WITHIN[name]),
    );
    expect(outside, JSON.stringify(errors, undefined, 1)).toEqual([]);
  });
});
