/** Samples that are neither fitted nor scored, from the spec to where they are left out. */
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../schemas/package-root.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { recordingUnits } from '../../../worker/recordings/windows.ts';
import { countedSamples } from '../../../worker/train/ignored.ts';
import { jointUnit } from '../../../worker/train/joint-unit.ts';
import { observe, syntheticUnit } from '../../../worker/train/observe.ts';
import { scoreOf } from '../../../worker/train/score.ts';
import { shoot } from '../../../worker/train/shooting.ts';
import { STANDARD_ACCEPT } from '../../../schemas/acceptance.ts';
import { abf2File } from '../../helpers/abf2-file.ts';
import { temporaryFiles } from '../../helpers/temporary-file.ts';

const { write, folder } = temporaryFiles();
// three sweeps of 128 samples; the current is 0 to sample 22, then -10, 0 or 10 pA to sample 62
write('cell.abf', abf2File());
const { model } = loadModel('hodgkin-huxley', packageRoot());

function units(correct: object, more: object = {}) {
  return recordingUnits({ file: 'cell.abf', correct, ...more }, 0, folder, 'pA');
}

describe('a spec that corrects a recording', () => {
  test('stores which samples do not count, in the sampling that it asks for, and tells of it', async () => {
    const { units: list, objects, notes } = await units({ blankMs: 0.2 }, { sweeps: [2], sampleMs: 0.1 });
    const [object] = list.map(({ source }) => objects.get(source.kind === 'trace' ? source.object : ''));
    // samples 22 to 25 and 62 to 65 of the file, of which every second is kept
    expect(object!.ignored).toEqual([
      [11, 12],
      [31, 32],
    ]);
    expect(notes).toContain('cell.abf: Ignored: 16 samples within 0.2 ms after an edge of the current.');
  });

  test('corrects V', async () => {
    const [plain, corrected] = await Promise.all([units({}), units({ bridgeMohm: 100, junctionPotentialMv: 3 })]);
    const voltage = ({ units: list, objects }: typeof plain) =>
      list.map(({ source }) => objects.get(source.kind === 'trace' ? source.object : '')!.voltageMv);
    expect(voltage(corrected)[2]![50]! - voltage(plain)[2]![50]!).toBeCloseTo(-3 - 1, 9);
    expect(voltage(corrected)[2]![5]! - voltage(plain)[2]![5]!).toBeCloseTo(-3, 9);
  });

  test('is refused with the path of a correction that cannot be done', async () => {
    const flat = abf2File({ dacs: [{ name: 'Cmd 0', unit: 'pA', epochs: [] }] });
    write('flat.abf', flat);
    await expect(units({ bridgeMohm: 'estimate' }, { file: 'flat.abf' })).rejects.toThrow(
      /problem\.data\[0\]\.recording\.correct\.bridgeMohm: the current must have jumps.*SPEC_DATA/,
    );
  });

  test('counts the samples that are left, and refuses a window with too few of them', async () => {
    const { units: list } = await units({ blankMs: 0.2 }, { sweeps: [2], windowMs: [0.5, 2.5] });
    expect(list[0]).toMatchObject({ samples: 41, counted: 37 });
    await expect(units({ blankMs: 1.2 }, { sweeps: [2], windowMs: [0.5, 2.5] })).rejects.toThrow(
      /a window needs at least 20 samples beside those that blankMs leaves out; got 17/,
    );
    const { units: plain } = await units({}, { sweeps: [2], windowMs: [0.5, 2.5] });
    expect(plain[0]).not.toHaveProperty('counted');
  });

  test('keeps them apart in a joint unit', async () => {
    const { units: list, objects } = await units({ blankMs: 0.1 }, { sweeps: [0, 2], windowMs: [0.5, 2.5] });
    const { unit, objects: joint } = jointUnit({ units: list, objects });
    const trace = joint.get(unit.source.kind === 'trace' ? unit.source.object : '')!;
    expect(unit).toMatchObject({ samples: 82, counted: 78 });
    expect(trace.segments).toEqual([0, 41]);
    expect(trace.ignored).toEqual([
      [12, 13],
      [53, 54],
    ]);
    const observation = observe({ data: unit, draw: 0, model, objects: { trace: () => trace } });
    expect(observation.ignored).toEqual(trace.ignored);
  });
});

test('samples that do not count are 0, both ends included', () => {
  expect(
    Array.from(
      countedSamples({
        voltageMv: new Float64Array(6),
        ignored: [
          [1, 2],
          [5, 5],
        ],
      }),
    ),
  ).toEqual([1, 0, 0, 1, 1, 0]);
});

test('shooting and scores do not see an ignored artefact', () => {
  const outcome = syntheticUnit({ stimulus: { step: { amplitude: 10 } }, durationMs: 15 }, 0, model, 1);
  if (outcome.kind !== 'unit') throw new Error('the entry is wrong');
  const trace = () => {
    throw new Error('synthetic data need no stored window');
  };
  const observation = observe({ data: outcome.unit, draw: 0, model, objects: { trace } });
  const voltageMv = observation.voltageMv.map((mv, i) => (i >= 20 && i < 25 ? mv + 40 : mv));
  const ignored = [[20, 24]] as const;
  const start = { parameters: { gNa: 124, gK: 35, gL: 0.31 }, initial: { V: -64.8, h: 0.59, n: 0.32 } };
  const problem = { ...observation, voltageMv, model, infer: ['gNa', 'gK', 'gL'], fixed: {}, freeGates: ['h', 'n'] };
  const control = { shouldStop: () => false, progress: () => undefined };
  const [blind, seeing] = [{ ...problem, ignored }, problem].map((one) => shoot(one, start, control));
  if (blind?.kind !== 'done' || seeing?.kind !== 'done') throw new Error('not done');
  expect(blind.parameters['gNa']).toBeCloseTo(120, 3);
  expect(blind.rmseMv).toBeLessThan(1e-4);
  expect(Math.abs(seeing.parameters['gNa']! - 120)).toBeGreaterThan(0.5);
  const score = scoreOf(observation.voltageMv, { ...observation, voltageMv, ignored }, STANDARD_ACCEPT);
  expect(score!.rmseMv).toBe(0);
});
