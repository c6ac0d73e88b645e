/** What a spec asks for outside of the range that a fit keeps to. */
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import type { Problem } from '../../../schemas/generated/types.ts';
import { resolveProblem } from '../../../worker/train/resolve-problem.ts';

const SOURCES = { folder: tmpdir(), seed: 1 };

function problem(change: Partial<Problem>, truth: Record<string, number> = {}): Problem {
  const synthetic = { parameters: truth, stimulus: { step: { amplitude: 1 } }, durationMs: 5 };
  return { model: 'hodgkin-huxley', infer: ['gNa'], data: [{ synthetic }], ...change };
}

const startingAt = (start: object | number): Problem => problem({ infer: { gNa: { start } } as Problem['infer'] }); // shapes of the schema

test.each([{ uniform: [2001, 3000] }, { logUniform: [0.01, 0.9] }, { normal: [5000, 100] }, 0.5])(
  'a start of which no part is in range is refused: %j',
  async (start) => {
    await expect(resolveProblem(startingAt(start), SOURCES)).rejects.toMatchObject({
      violations: [
        { code: 'SPEC_DISTRIBUTION', where: 'spec.problem.infer.gNa.start', rule: expect.stringContaining('1 to 2000 mS/cm2') as unknown },
      ],
    });
  },
);

test.each([{ uniform: [0.5, 3000] }, { logUniform: [0.5, 2000] }, { normal: [1900, 100] }])(
  'a start that reaches outside is noted: %j',
  async (start) => {
    const { notes } = await resolveProblem(startingAt(start), SOURCES);
    expect(notes).toEqual([expect.stringMatching(/^first guesses of gNa .* reach outside the model's range, 1 to 2000 mS\/cm2/)]);
  },
);

test.each([{ uniform: [1, 2000] }, { logUniform: [1, 2000] }, { normal: [1000, 100] }, 1, 2000])(
  'a start within the range is not spoken of: %j',
  async (start) => {
    expect((await resolveProblem(startingAt(start), SOURCES)).notes).toEqual([]);
  },
);

test('a truth outside the range is noted where it is inferred', async () => {
  const { notes } = await resolveProblem(problem({}, { gNa: 2500 }), SOURCES);
  expect(notes).toEqual([expect.stringContaining('the true gNa = 2500 is outside')]);
});

test('a fixed value outside the range is noted, and used as it is', async () => {
  const { notes, problem: resolved } = await resolveProblem(problem({ fixed: { EL: -20 } }, { EL: -20 }), SOURCES);
  expect(notes).toEqual(["fixed EL = -20 is outside the model's range, -90 to -30 mV"]);
  expect(resolved.fixed['EL']).toBe(-20);
});
