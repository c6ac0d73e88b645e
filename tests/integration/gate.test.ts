/** `loligo baseline` and `loligo compare` on a real run, and on the same with its estimates changed. Needs dist/ (`npm run build`). */
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandLine } from '../helpers/command-line.ts';
import { quickSpec, writeSpec } from '../helpers/quick-sweep.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';

const loligo = commandLine();
const scratch = scratchFolders();

/** A copy of the run whose estimates of gNa are all so many times as large. */
function withGNa(run: string, factor: number): string {
  const copy = `${run}-changed`;
  cpSync(run, copy, { recursive: true });
  const outcomes = join(copy, 'outcomes');
  for (const name of readdirSync(outcomes)) {
    const path = join(outcomes, name);
    // of the estimate, not of the network or the start
    const changed = readFileSync(path, 'utf8').replaceAll(
      /("estimate":\{"parameters":\{"gNa":)([\d.e+-]+)/g,
      (_, key: string, value: string) => `${key}${Number(value) * factor}`,
    );
    writeFileSync(path, changed);
  }
  return copy;
}

test('a run is the same as its own baseline, and with a parameter moved by a tenth a regression ends with exit code 4', async () => {
  const folder = scratch();
  const run = join(folder, 'run');
  const baseline = join(folder, 'baseline.json');
  const trained = await loligo.run([
    'run',
    writeSpec(folder, quickSpec({ draws: 8, replicas: 1 })),
    '--out',
    run,
    '--engine',
    'reference',
    '--workers',
    '1',
  ]);
  expect(trained.code, trained.stderr).toBe(0);
  const written = await loligo.run(['baseline', run, '-o', baseline, '--tolerance', 'gNa=0.02', 'success=0.5']);
  expect(written.code, written.stderr).toBe(0);
  expect(written.stderr).toMatch(/gNa may move by 2 %/);
  expect(written.stdout.trim()).toBe(baseline);

  const [same, changed] = await Promise.all([
    loligo.run(['compare', baseline, run, '--json']),
    loligo.run(['compare', baseline, withGNa(run, 0.9), '--junit', join(folder, 'junit.xml'), '--markdown', join(folder, 'comment.md')]),
  ]);
  expect(same.code, same.stderr).toBe(0);
  expect(JSON.parse(same.stdout)).toMatchObject({
    verdict: 'same',
    pairing: 'replica',
    parameters: { gNa: { verdict: 'same', shift: 0, ci95: [0, 0], tolerance: 0.02, n: 8 } },
    successRate: { verdict: 'same' },
    speed: { compared: true, verdict: 'same' },
  });
  expect(changed.code, changed.stderr).toBe(4);
  // away from the truth: these replicas, hardly trained, are all below it
  expect(changed.stdout).toMatch(/^regressed +gNa \(mS\/cm2\)/m);
  expect(changed.stderr).toMatch(/^quick: regressed \(/m);
  expect(readFileSync(join(folder, 'junit.xml'), 'utf8')).toMatch(
    /<testcase classname="loligo\.parameters" name="[^"]*gNa[^"]*"><failure /,
  );
  expect(readFileSync(join(folder, 'comment.md'), 'utf8')).toMatch(/^### quick: regressed/);
});

test.each([
  [['compare', 'package.json', 'runs'], /^package\.json: must be a file of "loligo baseline"; got another file\..*\[BASELINE_INVALID\]\n$/],
  [['baseline', 'nowhere', '-o', 'b.json', '--tolerance', 'gNa'], /--tolerance: must be NAME=NUMBER, as in gNa=0\.01; got gNa/],
  [['compare', 'nowhere.json', 'runs'], /nowhere\.json: must be a file of "loligo baseline".*\[BASELINE_INVALID\]/],
])('loligo %j is refused', async (args, message) => {
  const { code, stderr } = await loligo.run(args);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});
