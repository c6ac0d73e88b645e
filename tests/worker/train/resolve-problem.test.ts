import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../schemas/content-id.ts';
import { LoligoError, type Violation } from '../../../schemas/errors.ts';
import type { Problem, Synthetic } from '../../../schemas/generated/types.ts';
import { packageRoot } from '../../../schemas/package-root.ts';
import type { FixedAxes } from '../../../worker/train/fixed-axes.ts';
import { resolveProblem, type ProblemResolution } from '../../../worker/train/resolve-problem.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const SYNTHETIC: Synthetic = { stimulus: { step: { amplitude: 10 } }, durationMs: 5 };
const PROBLEM: Problem = { model: 'hodgkin-huxley', infer: ['gNa', 'gK'], data: [{ synthetic: SYNTHETIC }] };

function resolve(changes: Partial<Problem>, folder = packageRoot()): Promise<ProblemResolution> {
  return resolveProblem({ ...PROBLEM, ...changes }, { folder, seed: 1 });
}

async function violationsOf(changes: Partial<Problem>, folder?: string): Promise<readonly Violation[]> {
  try {
    await resolve(changes, folder);
  } catch (error) {
    if (error instanceof LoligoError) return error.violations;
    throw error;
  }
  return [];
}

describe('a problem', () => {
  test('is resolved to what a sweep needs and no path', async () => {
    const { problem, objects, model } = await resolve({});
    expect(problem).toMatchObject({ currentUnit: 'uA/cm2', states: ['V', 'm', 'h', 'n'], data: [{ entry: 0, samples: 51 }] });
    expect(problem.infer.map(({ name }) => name)).toEqual(['gNa', 'gK']);
    expect(sha256(objects.get(problem.model.object)!)).toBe(problem.model.object);
    const names = model.parameters.map(({ name }) => name);
    expect(Object.keys(problem.fixed)).toEqual(names.filter((name) => name !== 'gNa' && name !== 'gK'));
    expect(JSON.stringify(problem)).not.toContain(packageRoot());
  });

  test("takes the spec's start and fixed value, else the model's own", async () => {
    const { problem, model } = await resolve({ infer: { gNa: { start: { uniform: [50, 60] } }, gK: {} }, fixed: { gL: 0.5 } });
    const own = (name: string) => model.parameters.find((parameter) => parameter.name === name)!;
    expect(problem.infer.map(({ start }) => start)).toEqual([{ uniform: [50, 60] }, own('gK').start]);
    expect(problem.fixed['gL']).toBe(0.5);
    expect(problem.fixed['ENa']).toBe(own('ENa').value);
  });

  test('has another noise under another seed of the sweep, and the same under the same', async () => {
    const idUnder = async (seed: number) => (await resolveProblem(PROBLEM, { folder: packageRoot(), seed })).problem.data[0].id;
    expect(await idUnder(1)).toBe(await idUnder(1));
    expect(await idUnder(1)).not.toBe(await idUnder(2));
  });

  test('notes where data were made with another value than the fit holds fixed', async () => {
    const { notes } = await resolve({ data: [{ synthetic: { ...SYNTHETIC, parameters: { gL: 0.6 } } }] });
    expect(notes).toEqual(['synthetic 1: made with gL = 0.6, fitted with gL fixed at 0.3']);
  });
});

describe('a parameter whose fixed value is an axis', () => {
  const withAxes = (fixedAxes: FixedAxes, changes: Partial<Problem> = {}) =>
    resolveProblem({ ...PROBLEM, ...changes }, { folder: packageRoot(), seed: 1, fixedAxes });

  test('stands among the fixed ones with a typical value, and is not noted as one that the data were not made with', async () => {
    const made = [{ synthetic: { ...SYNTHETIC, parameters: { C: 1.2 } } }] as const;
    const { problem, notes } = await withAxes({ C: { choice: [0.9, 1.1] }, gL: { uniform: [0.2, 0.4] }, ENa: 51 }, { data: [...made] });
    expect(problem.fixed).toMatchObject({ C: 0.9, ENa: 51 });
    expect(problem.fixed['gL']).toBeCloseTo(0.3, 12);
    expect(notes).toEqual([]);
  });

  test('is noted where values reach outside the range of the model', async () => {
    expect((await withAxes({ C: { choice: [1, 50] } })).notes).toEqual([
      expect.stringMatching(/^values of fixed\.C reach outside the model's range/),
    ]);
  });

  test.each([
    ['is inferred', { gNa: 100 }, 'spec.space.fixed.gNa: a parameter is either inferred or fixed; got 100'],
    ['is not there', { gNaa: 100 }, 'spec.space.fixed.gNaa: must be a parameter of the model hodgkin-huxley; got gNaa'],
    ['is positive and gets 0', { C: { choice: [1, 0] } }, 'spec.space.fixed.C: C must be greater than 0'],
    ['is positive and may get less', { C: { normal: [1, 0.5] } }, 'spec.space.fixed.C: C must be greater than 0'],
  ] satisfies [string, FixedAxes, string][])('is refused when it %s', async (_, axes, message) => {
    await expect(withAxes(axes)).rejects.toThrow(message);
  });

  test('is refused when it is tied', async () => {
    await expect(withAxes({ gL: 1 }, { tied: { gL: '0.01 * gK' } })).rejects.toThrow(
      /spec\.space\.fixed\.gL: gL is tied: it is .*Vary that instead/,
    );
  });
});

describe('entries that are fitted jointly', () => {
  const newFolder = scratchFolders();
  const cell = (folder: string, name: string, columns = { timeMs: 't', voltageMv: 'V', currentUaPerCm2: 'I' }) => {
    const rows = Array.from({ length: 60 }, (_, i) => `${i / 10},${-65 - i * name.length},${i}`);
    writeFileSync(join(folder, name), ['t,V,I', ...rows].join('\n'));
    return { recording: { file: name, columns, noiseMv: 0.5 } };
  };

  test('are one data unit of all of them', async () => {
    const folder = newFolder();
    const [one, two] = [cell(folder, 'a.csv'), cell(folder, 'bb.csv')];
    const windows = { ...two.recording, windowMs: [0, 3] as [number, number] };
    const { problem, objects } = await resolve({ jointly: true, data: [one, { recording: windows }] }, folder);
    expect(problem.data).toMatchObject([
      { entry: 0, samples: 91, segments: [0, 60], sigmaMv: 0.5, label: expect.stringContaining('jointly') as string },
    ]);
    const [{ source, heldOut }] = problem.data;
    expect(heldOut).toMatchObject([{ label: 'bb.csv sweep 0, rest', fitted: [[0, 30]] }]);
    expect([...objects.keys()].toSorted()).toEqual(
      [problem.model.object, source.kind === 'trace' ? source.object : '', heldOut![0]!.object].toSorted(),
    );
  });

  test('are refused where one holds out what another is fitted to, and where windows of one file share samples', async () => {
    const folder = newFolder();
    const [one, two] = [cell(folder, 'a.csv'), cell(folder, 'bb.csv')];
    const leaking = { recording: { ...two.recording, holdOut: { file: 'a.csv' } } };
    await expect(resolve({ jointly: true, data: [one, leaking] }, folder)).rejects.toThrow(
      /spec\.problem\.jointly: what is held out must not be fitted/,
    );
    expect((await resolve({ data: [one, leaking] }, folder)).problem.data).toHaveLength(2);
    const again = { recording: { ...one.recording, windowMs: [2, 5] as [number, number] } };
    await expect(resolve({ jointly: true, data: [one, again] }, folder)).rejects.toThrow(/must not share samples/);
    await expect(resolve({ jointly: true, data: [one, { synthetic: SYNTHETIC }] }, folder)).rejects.toThrow(/must be recordings/);
  });
});

describe('a wrong problem', () => {
  const newFolder = scratchFolders();

  test('is refused with every violation of parameters and data at once, each with its path in the spec', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'cell.csv'), ['t,V,I', ...Array.from({ length: 40 }, (_, i) => `${i / 10},-65,1`)].join('\n'));
    const columns = { timeMs: 't', voltageMv: 'V', currentUaPerCm2: 'I' };
    const violations = await violationsOf(
      {
        infer: ['gna', 'gK'],
        fixed: { gLeak: 1 },
        data: [
          { synthetic: { ...SYNTHETIC, durationMs: 5.03, parameters: { gCa: 1 } } },
          { recording: { file: 'cell.csv', columns, sweeps: [3] } },
          { recording: { file: 'absent.csv' } },
        ],
      },
      folder,
    );
    expect(violations.map(({ code, where }) => `${code} ${where}`)).toEqual([
      'SPEC_UNKNOWN_PARAMETER spec.problem.infer',
      'SPEC_UNKNOWN_PARAMETER spec.problem.fixed.gLeak',
      'SPEC_UNKNOWN_PARAMETER spec.problem.data[0].synthetic.parameters.gCa',
      'SPEC_DATA spec.problem.data[0].synthetic.durationMs',
      'SPEC_DATA spec.problem.data[1].recording.sweeps[0]',
      `RECORDING_NOT_READABLE ${join(folder, 'absent.csv')}`,
    ]);
    expect(violations[0]?.got).toBe('gna');
    expect(violations[0]?.remedy).toContain('Did you mean "gNa"?');
  });

  test('names the model that is not there, and the one that was meant', async () => {
    expect(await violationsOf({ model: 'hodgkin-huxly' })).toMatchObject([
      { code: 'MODEL_NOT_FOUND', remedy: 'Did you mean "hodgkin-huxley"?' },
    ]);
  });

  test('cannot fix a conductance below 0', async () => {
    expect((await violationsOf({ fixed: { gL: -1 } })).map(({ where }) => where)).toContain('spec.problem.fixed.gL');
  });
});
