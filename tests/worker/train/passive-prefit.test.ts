import { describe, expect, test } from 'vitest';
import type { PassiveSpec, Problem } from '../../../schemas/generated/types.ts';
import type { LoligoError } from '../../../schemas/errors.ts';
import { packageRoot } from '../../../schemas/package-root.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { capacitanceName, leakName } from '../../../worker/models/roles.ts';
import { resolveProblem, type ProblemResolution } from '../../../worker/train/resolve-problem.ts';
import { recordingsAbsent, sharedRecording } from '../../helpers/recordings-folder.ts';

const FSI = sharedRecording('pyabf/2019_07_24_0055_fsi.abf');
const SLOW = sharedRecording('pyabf/171116sh_0018.abf');

test.each([
  ['hodgkin-huxley', 'C', 'gL'],
  ['pospischil-rs', 'C', 'gL'],
])('of %s the capacitance and the leak are told from the equations', (name, capacitance, leak) => {
  const { model } = loadModel(name, packageRoot());
  expect(capacitanceName(model)).toBe(capacitance);
  expect(leakName(model)).toBe(leak);
});

test('without a recording there is nothing to measure', async () => {
  const data: Problem['data'] = [{ synthetic: { stimulus: { step: { amplitude: 10 } }, durationMs: 20 } }];
  const problem: Problem = { model: 'hodgkin-huxley', infer: ['gNa'], data, passive: {} };
  await expect(resolveProblem(problem, { folder: '.', seed: 1 })).rejects.toThrow(
    /spec\.problem\.passive\.file: a passive pre-fit needs a recording/,
  );
});

describe.skipIf(recordingsAbsent !== undefined)('a passive pre-fit of a real cell', () => {
  function resolved(passive: PassiveSpec, more: Partial<Problem> = {}, file = FSI): Promise<ProblemResolution> {
    const recording = { file, sweeps: [10] as [number], windowMs: [300, 320] as [number, number] };
    return resolveProblem(
      { model: 'pospischil-rs', infer: ['gNa', 'gK'], data: [{ recording }], passive, ...more },
      { folder: '.', seed: 1 },
    );
  }

  test('gives the fixed capacitance, and says how it was measured', async () => {
    const { problem, notes } = await resolved({ sweeps: [0, 1, 2] });
    expect(problem.fixed['C']).toBeGreaterThan(24);
    expect(problem.fixed['C']).toBeLessThan(30);
    expect(problem.passive).toMatchObject({ file: '2019_07_24_0055_fsi.abf', uses: { C: 'fixed' } });
    expect(problem.passive!.quantities[0]).toMatchObject({ name: 'capacitance', unit: 'pF', value: problem.fixed['C'] });
    expect(notes[0]).toMatch(
      /^passive pre-fit of 2019_07_24_0055_fsi\.abf: capacitance .* pF \(.* to .*\), .*; C taken from it as a fixed value/,
    );
  });

  test('gives a prior whose width counts that the capacitance depends on how long one looks', async () => {
    const { problem } = await resolved({ sweeps: [0, 1, 2], use: 'prior' }, { infer: ['gNa', 'gK', 'C'] });
    const inferred = problem.infer.find(({ name }) => name === 'C');
    const [median, factor] = inferred?.prior !== undefined && 'logNormal' in inferred.prior ? inferred.prior.logNormal : [0, 0];
    expect(median).toBe(problem.passive!.quantities[0]!.value);
    expect(factor).toBeGreaterThan(1.05);
    expect(factor).toBeLessThan(1.3);
  });

  test('reads and corrects the file as the data entry does', async () => {
    const recording = { file: FSI, sweeps: [10] as [number], windowMs: [300, 320] as [number, number], correct: { blankMs: 6 } };
    // what is left of the first 5 ms after an edge is nothing
    await expect(resolved({ sweeps: [0] }, { data: [{ recording }] })).rejects.toThrow(/none of use \(\d+ no fit/);
  });

  test('that is off is told and used for nothing', async () => {
    const { problem, notes } = await resolved({ sweeps: [0, 1, 2], use: 'off' });
    expect(problem.fixed['C']).toBe(118.4);
    expect(problem.passive!.uses).toEqual({ C: 'off' });
    expect(notes[0]).toContain('C not taken from it');
  });

  test('gives the leak too where the cell charges passively', async () => {
    const use = { C: 'fixed', gL: 'prior' } as const;
    const { problem } = await resolved({ sweeps: [1, 2, 3], use }, { infer: ['gNa', 'gL'] }, SLOW);
    expect(problem.infer.find(({ name }) => name === 'gL')?.prior).toMatchObject({ logNormal: [expect.any(Number), expect.any(Number)] });
    expect(problem.fixed['C']).toBeGreaterThan(140);
  });

  test('is refused where an axis or a tie has the parameter already', async () => {
    const problem: Problem = {
      model: 'pospischil-rs',
      infer: ['gNa'],
      tied: { gL: '0.01 * gNa' },
      data: [{ recording: { file: FSI, sweeps: [10], windowMs: [300, 320] } }],
      passive: { sweeps: [0], use: { C: 'fixed', gL: 'fixed' } },
    };
    const error: unknown = await resolveProblem(problem, { folder: '.', seed: 1, fixedAxes: { C: { choice: [24, 27] } } }).catch(
      (thrown: unknown) => thrown,
    );
    const { violations } = error as LoligoError; // anything else fails below
    expect(violations.map(({ where, rule }) => `${where}: ${rule}`)).toEqual([
      'spec.problem.passive.use.C: C is fixed here, at the value that is measured, so it must not be an axis',
      'spec.problem.passive.use.gL: gL is tied: it is 0.01 * gNa',
    ]);
  });

  test.each<[string, PassiveSpec, Partial<Problem>, RegExp]>([
    ['a fixed value that is inferred', {}, { infer: ['gNa', 'C'] }, /C is fixed here, so it must not be inferred/],
    ['a measured value that is given', {}, { fixed: { C: 27 } }, /C is measured, so it must not be given/],
    ['a prior of what is not inferred', { use: 'prior' }, {}, /a prior is for an inferred parameter; got C is not in problem.infer/],
    ['a parameter that no step shows', { use: { gK: 'fixed' } }, {}, /use\.gK: a passive pre-fit measures C and gL of pospischil-rs/],
    ['a sweep that is not there', { sweeps: [99] }, {}, /passive\.sweeps: the recording has sweeps 0 to 16/],
    ['a window without a step', { windowMs: [200, 300] }, {}, /got no step of the current/],
  ])('refuses %s', async (_what, passive, more, message) => {
    await expect(resolved({ sweeps: [0], ...passive }, more)).rejects.toThrow(message);
  });
});
