/** A run on drawn truths, and its calibration applied. Needs dist/ (`npm run build`). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseSummary } from '../../schemas/parse.ts';
import { commandLine } from '../helpers/command-line.ts';
import { quickSpec, writeSpec } from '../helpers/quick-sweep.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';

const loligo = commandLine();
const scratch = scratchFolders();

function drawnSpec() {
  const spec = quickSpec({ draws: 1, replicas: 1 });
  const [{ synthetic }] = spec.problem.data as [(typeof spec.problem.data)[number]];
  const drawn = { ...synthetic, parameters: { gL: { logUniform: [0.2, 0.4] } }, truths: 28 };
  return { ...spec, problem: { ...spec.problem, data: [{ synthetic: drawn }] } };
}

test('a run on drawn truths says how often its intervals hold them, and calibrates no run of another network: that is refused before it starts', async () => {
  const folder = scratch();
  const [made, options] = [join(folder, 'made'), ['--engine', 'reference', '--out']];
  const first = await loligo.run(['run', writeSpec(folder, drawnSpec()), ...options, made]);
  expect(first.code, first.stderr).toBe(0);
  const { calibration } = parseSummary(JSON.parse(readFileSync(join(made, 'summary.json'), 'utf8')));
  expect(calibration!.truths).toBeGreaterThanOrEqual(20);
  expect(calibration!.conditions!.data).toMatchObject([{ samples: 61, sigmaMv: 1, current: { mean: 2, sd: 0 } }]);
  expect(readFileSync(join(made, 'report.html'), 'utf8')).toContain('<section id="calibration"');

  const wider = { ...drawnSpec(), space: { 'network.width': 9, 'network.features': 8, replicas: 1 } };
  const other = writeSpec(folder, wider, 'wider.yaml');
  const refused = await loligo.run(['run', other, ...options, join(folder, 'refused'), '--calibration', made]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/space\.network\.width: must be that of the calibration, 8; got 9\. .*\[CALIBRATION_DIFFERS\]/);
  expect(existsSync(join(folder, 'refused'))).toBe(false);
});
