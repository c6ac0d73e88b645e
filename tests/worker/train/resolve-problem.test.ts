import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../schemas/content-id.ts';
import { LoligoError, type Violation } from '../../../schemas/errors.ts';
import type { Problem, Synthetic } from '../../../schemas/generated/types.ts';
import { packageRoot } from '../../../schemas/package-root.ts';
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
