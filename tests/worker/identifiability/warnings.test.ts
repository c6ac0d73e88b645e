import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Problem, Synthetic } from '../../../schemas/generated/types.ts';
import { parseTrace } from '../../../schemas/parse.ts';
import { identifiabilityWarnings, structuralNotes, type IdentifiabilityRequest } from '../../../worker/identifiability/warnings.ts';
import { resolveProblem } from '../../../worker/train/resolve-problem.ts';
import { recordingsAbsent, sharedRecording } from '../../helpers/recordings-folder.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'loligo-identifiability-'));
  writeFileSync(join(folder, 'cell.yaml'), CELL);
});
afterAll(() => rmSync(folder, { recursive: true }));

type Infer = [string, ...string[]];

const STEP: Synthetic = { stimulus: { step: { amplitude: 10 } }, durationMs: 30, sampleMs: 0.2, noiseMv: 1 };
const never = { isOver: () => false };

async function requestOf(problem: Problem): Promise<IdentifiabilityRequest> {
  const { problem: resolved, model, objects } = await resolveProblem(problem, { folder, seed: 1 });
  return { model, problem: resolved, trace: (hash) => parseTrace(JSON.parse(objects.get(hash)!)) };
}

async function warnings(infer: Problem['infer'], synthetic: Synthetic = STEP, more: Partial<Problem> = {}) {
  return identifiabilityWarnings(await requestOf({ model: 'hodgkin-huxley', infer, data: [{ synthetic }], ...more }), never);
}

/** Two leaks, two shifts of the same thing, and a current whose gate opens far above any spike. */
const CELL = `
name: cell
title: A cell with redundant parameters
source: made for this test after Hodgkin and Huxley 1952
current: uA/cm2
rest: -65
capacitance: C
parameters:
  gNa: { unit: mS/cm2, value: 120, positive: true, range: [1, 2000] }
  gK: { unit: mS/cm2, value: 36, positive: true, range: [0.3, 600] }
  gL: { unit: mS/cm2, value: 0.2, positive: true, range: [0.003, 10] }
  gB: { unit: mS/cm2, value: 0.1, positive: true, range: [0.003, 10] }
  gX: { unit: mS/cm2, value: 1, positive: true, range: [0.01, 100] }
  EX: { unit: mV, value: -80, range: [-100, -40], start: { uniform: [-90, -70] } }
  EL: { unit: mV, value: -54.387, range: [-90, -30], start: { uniform: [-65, -45] } }
  VT: { unit: mV, value: -40, range: [-60, -20], start: { uniform: [-45, -35] } }
  shift: { unit: mV, value: 0, range: [-20, 20], start: { uniform: [-5, 5] } }
  C: { unit: uF/cm2, value: 1, positive: true, range: [0.3, 3], start: { logUniform: [0.5, 2] } }
constants:
  ENa: { unit: mV, value: 50 }
  EK: { unit: mV, value: -77 }
  tauX: { unit: ms, value: 5 }
gates:
  m: { alpha: 1 / exprel(-(V - VT - shift) / 10), beta: 4 * exp(-(V - VT - shift + 25) / 18), initial: steady }
  h: { alpha: 0.07 * exp(-(V - VT - shift + 25) / 20), beta: 1 / (1 + exp(-(V - VT - shift - 5) / 10)) }
  n: { alpha: 0.1 / exprel(-(V - VT - shift + 15) / 10), beta: 0.125 * exp(-(V - VT - shift + 25) / 80) }
  x: { infinity: 1 / (1 + exp(-(V - 150) / 5)), tau: tauX }
currents:
  INa: gNa * m^3 * h * (V - ENa)
  IK: gK * n^4 * (V - EK)
  IL: gL * (V - EL)
  IB: gB * (V - EL)
  IX: gX * x * (V - EX)
balance: I - INa - IK - IL - IB - IX
`;

/** What is asked for, what must be called not identifiable, in which words, and a cure among those named. */
const KINDS: readonly [kind: string, infer: Infer, more: Partial<Problem>, named: string[], words: RegExp, cures: RegExp[]][] = [
  [
    'capacitance and all conductances under constant current',
    ['gNa', 'gK', 'gL', 'EL', 'C'],
    {},
    ['gNa', 'gK', 'gL', 'EL', 'C'],
    /gNa, gK, gL and C up together by the same factor, with EL \+3\.2 mV for each 10 %/,
    [/hold C fixed/, /hold EL fixed/, /begin before the onset/],
  ],
  [
    'two names of one shift',
    ['gNa', 'gK', 'VT', 'shift'],
    { model: 'cell.yaml' },
    ['VT', 'shift'],
    /\+1 mV, with (VT|shift) -1 mV/,
    [/hold VT fixed/],
  ],
  [
    'two conductances of one reversal potential without a gate between them',
    ['gNa', 'gL', 'gB'],
    { model: 'cell.yaml' },
    ['gL', 'gB'],
    /g[LB] up by as much as g[LB] goes down, their sum the same/,
    [/hold g[LB] fixed/],
  ],
  ['a current whose gate stays closed', ['gNa', 'gK', 'gX'], { model: 'cell.yaml' }, ['gX'], /moves V by .* mV at most/, [/hold gX fixed/]],
  [
    'the reversal potential of a current that vanishes',
    ['gK', 'EX'],
    { model: 'cell.yaml', fixed: { gX: 1e-9 } },
    ['EX'],
    /moves V by .* mV at most/,
    [/hold EX fixed/],
  ],
];

describe('a degenerate spec is named, with the cure:', () => {
  test.each(KINDS)('%s', async (_kind, infer, more, named, words, cures) => {
    const [warning, ...rest] = await warnings(infer, STEP, more);
    expect(rest).toEqual([]);
    expect(warning).toMatchObject({ code: 'NOT_IDENTIFIABLE' });
    expect([...warning!.parameters].toSorted()).toEqual([...named].toSorted());
    expect(warning!.message).toMatch(words);
    for (const cure of cures) expect(warning!.cures).toContainEqual(expect.stringMatching(cure));
  });

  test('a cure that would not do is not named: no current tells two names of one shift apart', async () => {
    const [warning] = await warnings(['gNa', 'VT', 'shift'], STEP, { model: 'cell.yaml' });
    expect(warning!.message).toContain('under any current');
    expect(warning!.cures!.every((cure) => cure.startsWith('hold'))).toBe(true);
  });

  test('a cure that would not do is not named: no stimulus that was tried opens a gate beyond all spikes', async () => {
    const [warning] = await warnings(['gNa', 'gK', 'gX'], STEP, { model: 'cell.yaml' });
    expect(warning!.cures).toEqual(['hold gX fixed']);
  });

  test('a parameter that drowns in the noise is weakly identifiable, with its standard error beside the spread of its start', async () => {
    const [warning] = await warnings(['gNa', 'gL'], { ...STEP, stimulus: { step: { amplitude: 0 } }, noiseMv: 30 });
    expect(warning).toMatchObject({ code: 'WEAKLY_IDENTIFIABLE' });
    expect(warning!.message).toMatch(/gNa \+-\d+ % \(start \+-160 %\)/);
  });
});

describe('a spec that its data can answer gives no warning:', () => {
  test.each<[string, Infer, Synthetic]>([
    ['three conductances', ['gNa', 'gK', 'gL'], STEP],
    ['three conductances, 3 mV', ['gNa', 'gK', 'gL'], { ...STEP, noiseMv: 3 }],
    ['conductances and reversal potentials', ['gNa', 'gK', 'gL', 'ENa', 'EK', 'EL'], STEP],
    ['capacitance with the onset', ['gNa', 'gK', 'gL', 'EL', 'C'], { ...STEP, stimulus: { step: { amplitude: 10, startMs: 8 } } }],
    [
      'everything under a varying current',
      ['gNa', 'gK', 'gL', 'ENa', 'EK', 'EL', 'C'],
      { ...STEP, stimulus: { ornsteinUhlenbeck: { mean: 10, sd: 5, tauMs: 3 } } },
    ],
  ])('%s', async (_name, infer, synthetic) => {
    expect(await warnings(infer, synthetic)).toEqual([]);
  });
});

test('a prior from elsewhere is information: the capacitance known to 5 % ends the degeneracy', async () => {
  const infer: Problem['infer'] = { gNa: {}, gK: {}, gL: {}, EL: {}, C: { prior: { logNormal: [1, 1.05] } } };
  const problem = await requestOf({ model: 'hodgkin-huxley', infer, data: [{ synthetic: STEP }] });
  expect(identifiabilityWarnings(problem, never)).toEqual([]);
});

test('the structure alone is told without a simulation', async () => {
  const notes = structuralNotes(
    await requestOf({ model: 'hodgkin-huxley', infer: ['gNa', 'gK', 'gL', 'EL', 'C'], data: [{ synthetic: STEP }] }),
  );
  expect(notes).toHaveLength(1);
  expect(notes[0]).toContain('up together by the same factor');
});

test('what was left out for want of time is said', async () => {
  const problem = await requestOf({ model: 'hodgkin-huxley', infer: ['gNa'], data: [{ synthetic: STEP }] });
  expect(identifiabilityWarnings(problem, { isOver: () => true })).toMatchObject([{ code: 'NOT_CHECKED' }]);
});

describe.skipIf(recordingsAbsent !== undefined)('spikes of a fast-spiking cell under constant current', () => {
  const file = sharedRecording('pyabf/2019_07_24_0055_fsi.abf');
  const spikes = (infer: Infer, fixed: Record<string, number>): Problem => ({
    model: 'pospischil-rs',
    infer,
    fixed,
    data: [{ recording: { file, sweeps: [10], window: { perSpike: { beforeMs: 3, afterMs: 9 } }, noiseMv: 0.5 } }],
  });

  test('tell what sweeps/cell-steps.yaml asks for', async () => {
    expect(existsSync(file)).toBe(true);
    expect(identifiabilityWarnings(await requestOf(spikes(['gNa', 'gK', 'gL', 'EL', 'VT'], { C: 27, gM: 0.01 })), never)).toEqual([]);
  });

  test('do not tell the capacitance, though the M current is a thousandth of the leak', async () => {
    const [warning] = identifiabilityWarnings(await requestOf(spikes(['gNa', 'gK', 'gL', 'EL', 'VT', 'C'], { gM: 0.01 })), never);
    expect(warning!.message).toContain('gNa, gK, gL and C up together by the same factor');
  });
});
