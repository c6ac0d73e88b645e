import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aggregate } from '../../../orchestrator/aggregate/aggregate.ts';
import { calibrationConditions } from '../../../orchestrator/calibration/conditions.ts';
import { readCalibration } from '../../../orchestrator/calibration/named-calibration.ts';
import { LoligoError } from '../../../schemas/errors.ts';
import { fixtureLock, fixtureReplicas } from '../../helpers/ensemble-fixture.ts';
import type { FixtureOptions } from '../../helpers/ensemble-fixture.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();

/** A run directory with the summary of so many cells, each with a truth of its own or all with the same. */
function runOf(cells: number, own: boolean, conditions = true): string {
  const given: FixtureOptions = {
    amplitudes: Array.from({ length: own ? cells : 1 }, () => 10),
    truths: Array.from({ length: own ? cells : 1 }, (_, k) => ({ gNa: 100 + k, gK: 36, gL: 0.3 })),
    draws: own ? 1 : cells,
    seeds: 2,
    accepted: 1,
    finish: true,
    traces: false,
  };
  const lock = fixtureLock(given);
  const made = () => calibrationConditions(lock.resolved, () => ({ mean: 10, sd: 0, change: 0 }));
  const { summary } = aggregate({ lock, planned: 1, replicas: fixtureReplicas(given), ...(conditions ? { conditions: made } : {}) });
  const folder = join(scratch(), 'run');
  mkdirSync(folder);
  writeFileSync(join(folder, 'summary.json'), JSON.stringify(summary));
  return folder;
}

function refusalOf(path: string): string {
  try {
    readCalibration(path);
    return 'read';
  } catch (error) {
    if (error instanceof LoligoError && error.violations[0]!.code === 'CALIBRATION_INVALID') return error.message;
    throw error;
  }
}

test('a calibration is read from a run directory or its summary.json', () => {
  const run = runOf(20, true);
  expect(readCalibration(run)).toEqual(readCalibration(join(run, 'summary.json')));
  expect(readCalibration(run)).toMatchObject({ name: 'fixture', calibration: { n: 20, truths: 20 } });
});

test('what is none is refused, with what it lacks', () => {
  const folder = scratch();
  writeFileSync(join(folder, 'summary.json'), '{"sweep": 1}');
  expect(refusalOf(folder)).toMatch(/must have the key "counts"/);
  expect(refusalOf(join(folder, 'nothing'))).toMatch(/must be a run directory with a summary\.json/);
  expect(refusalOf(runOf(5, true))).toMatch(/must have 20 data sets with truths; got a run without calibration/);
  expect(refusalOf(runOf(30, false))).toMatch(/must have 20 different truths; got 1/);
  expect(refusalOf(runOf(20, true, false))).toMatch(/must say what it was made with/);
});
