import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { LoligoError } from '../../../schemas/errors.ts';
import { builtinModels, loadModel } from '../../../worker/models/library.ts';
import { SOUND_MODEL } from '../../helpers/model-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'loligo-models-'));
afterAll(() => rmSync(folder, { recursive: true }));

function violationOf(name: string): unknown {
  try {
    loadModel(name, folder);
  } catch (error) {
    return error instanceof LoligoError ? error.violations[0] : error;
  }
  return undefined;
}

test('every built-in is found by name, from any folder, and is called what its file is called', () => {
  expect(builtinModels()).toEqual([
    'connor-stevens',
    'hodgkin-huxley',
    'morris-lecar',
    'pospischil-fs',
    'pospischil-ib',
    'pospischil-lts',
    'pospischil-rs',
    'wang-adapting',
  ]);
  for (const name of builtinModels()) {
    const { model, text, file } = loadModel(name, folder);
    expect(model.name).toBe(name);
    expect(readFileSync(file, 'utf8')).toBe(text);
  }
});

test('a user’s file is found from the folder of the file that names it', () => {
  writeFileSync(join(folder, 'cell.yaml'), SOUND_MODEL);
  expect(loadModel('./cell.yaml', folder)).toMatchObject({ model: { name: 'test' }, text: SOUND_MODEL, file: join(folder, 'cell.yaml') });
});

test('violations name a user’s file as the user named it', () => {
  writeFileSync(join(folder, 'wrong.yaml'), SOUND_MODEL.replace('rest: -65', 'rest: low'));
  expect(violationOf('./wrong.yaml')).toMatchObject({ code: 'MODEL_INVALID', where: 'model.rest (./wrong.yaml:4:7)' });
});

test('a name that is nearly a built-in is suggested', () => {
  expect(violationOf('hodgkin-huxly')).toMatchObject({
    code: 'MODEL_NOT_FOUND',
    where: 'hodgkin-huxly',
    remedy: 'Did you mean "hodgkin-huxley"?',
  });
});

test('a missing file and a folder are MODEL_NOT_FOUND', () => {
  expect(violationOf('./absent.yaml')).toMatchObject({ code: 'MODEL_NOT_FOUND', got: join(folder, 'absent.yaml') });
  expect(violationOf('.')).toMatchObject({ code: 'MODEL_NOT_FOUND', rule: 'must be a file that can be read' });
});

test('built-ins hold the published values', () => {
  const values = (name: string): Record<string, number> =>
    Object.fromEntries(loadModel(name, folder).model.parameters.map((parameter) => [parameter.name, parameter.value]));
  expect(values('hodgkin-huxley')).toEqual({ gNa: 120, gK: 36, gL: 0.3, ENa: 50, EK: -77, EL: -54.387, C: 1 });
  // Densities of the paper, S/cm2, times the area of a cylinder of 61.4 um length and diameter, in nS; the file has four digits.
  const { gNa = 0, gK = 0, gM = 0, gL = 0, C = 0 } = values('pospischil-rs');
  const area = Math.PI * 61.4e-4 ** 2;
  const published = [0.056, 0.006, 7.5e-5, 2.05e-5].map((density) => density * area * 1e9);
  for (const [index, value] of [gNa, gK, gM, gL].entries()) expect(value / published[index]!).toBeCloseTo(1, 3);
  expect(C / (1e-6 * area * 1e12)).toBeCloseTo(1, 3);
});
