import { describe, expect, test } from 'vitest';
import { contentId } from '../../../schemas/content-id.ts';
import type { RecordingSpec } from '../../../schemas/generated/types.ts';
import { SIGMA_FLOOR_MV } from '../../../worker/train/observation.ts';
import { estimateNoiseMv } from '../../../worker/recordings/noise.ts';
import { recordingUnits } from '../../../worker/recordings/windows.ts';
import type { RecordingUnits } from '../../../worker/recordings/windows.ts';
import { abf2File, STEP_DAC } from '../../helpers/abf2-file.ts';
import { recordingsAbsent, sharedRecording } from '../../helpers/recordings-folder.ts';
import { temporaryFiles } from '../../helpers/temporary-file.ts';

const { write, folder } = temporaryFiles();

/** 100 ms at 0.1 ms from -65 mV with spikes at 20, 50 and 98 ms; current 0, then 10 from 30 ms on. */
const rows = Array.from({ length: 1001 }, (_, i) => {
  const spike = [200, 500, 980].reduce((sum, at) => sum + 100 * Math.exp(-((i - at) ** 2) / 50), 0);
  return `${i / 10},${(-65 + spike + 0.05 * Math.sin(i * i)).toFixed(6)},${i < 300 ? 0 : 10}`;
});
const columns = { timeMs: 't', voltageMv: 'V', currentPa: 'I' };
write('cell.csv', `t,V,I\n${rows.join('\n')}\n`);
write('late.csv', `t,V,I\n${rows.map((row) => row.replace(/^[^,]+/, (t) => String(1000 + Number(t)))).join('\n')}\n`);
write('density.csv', `t,V,I\n${rows.join('\n')}\n`);
// Sweeps of 6.4 ms, each with one spike at sample 60.
const digit = 10 / 327.68;
write('cell.abf', abf2File({ value: (_, __, sample) => Math.round((-65 + 100 * Math.exp(-((sample - 60) ** 2) / 20)) / digit) }));
write('paused.abf', abf2File({ startToStartMs: 100 }));
write('unknown.abf', abf2File({ dacs: [{ ...STEP_DAC, source: 2 }] }));

const CELL: RecordingSpec = { file: 'cell.csv', columns };

function units(entry: RecordingSpec, unit = 'pA'): Promise<RecordingUnits> {
  return recordingUnits(entry, 4, folder, unit);
}

describe('units of a recording', () => {
  test('are one per sweep by default, each with a stored object that its source names', async () => {
    const { units: list, objects } = await units({ file: 'cell.abf' });
    expect(list.map(({ label, sweep, samples, draws, entry }) => ({ label, sweep, samples, draws, entry }))).toEqual(
      [0, 1, 2].map((sweep) => ({ label: `cell.abf sweep ${sweep}`, sweep, samples: 128, draws: 1, entry: 4 })),
    );
    for (const { id, source, samples, sampleMs, window } of list) {
      const hash = source.kind === 'trace' ? source.object : '';
      const object = objects.get(hash)!;
      expect(contentId(object)).toBe(hash);
      expect(id).toBe(contentId(source));
      expect([object.voltageMv.length, object.current.length, object.sampleMs]).toEqual([samples, samples, sampleMs]);
      expect(window).toBeUndefined();
    }
  });

  test('are cut at a window in the time of the file, both ends included', async () => {
    for (const [file, start] of [
      ['cell.csv', 0],
      ['late.csv', 1000],
    ] as const) {
      const {
        units: [unit],
        objects,
      } = await units({ ...CELL, file, windowMs: [start + 29.8, start + 32] });
      const [object] = objects.values();
      expect(unit).toMatchObject({ label: `${file} sweep 0, ${start + 29.8}-${start + 32} ms`, samples: 23, sampleMs: 0.1 });
      expect(object!.startMs).toBeCloseTo(start + 29.8, 9);
      expect(object!.current.slice(0, 4)).toEqual([0, 0, 10, 10]);
      expect(object!.voltageMv[0]).toBe(Number(rows[298]!.split(',')[1]));
    }
  });

  test('may end where the last sample ends', async () => {
    expect((await units({ ...CELL, windowMs: [0, 100] })).units[0]!.samples).toBe(1001);
    expect((await units({ file: 'cell.abf', sweeps: [1], windowMs: [0, 6.4] })).units[0]!.samples).toBe(128);
  });

  test('are as many as windows in a list, for each sweep', async () => {
    const { units: list } = await units({
      file: 'cell.abf',
      sweeps: [2, 0],
      windowMs: [
        [0, 1.5],
        [2, 5],
      ],
    });
    expect(list.map(({ sweep, window, label }) => [sweep, window, label])).toEqual([
      [2, 0, 'cell.abf sweep 2, 0-1.5 ms'],
      [2, 1, 'cell.abf sweep 2, 2-5 ms'],
      [0, 0, 'cell.abf sweep 0, 0-1.5 ms'],
      [0, 1, 'cell.abf sweep 0, 2-5 ms'],
    ]);
  });

  test('are one per spike, and a spike too near the end is left out with a note', async () => {
    const { units: list, objects, notes } = await units({ ...CELL, rest: false, window: { perSpike: { beforeMs: 2, afterMs: 5 } } });
    expect(list.map(({ window, label }) => [window, label])).toEqual([
      [0, 'cell.csv sweep 0 spike 0'],
      [1, 'cell.csv sweep 0 spike 1'],
    ]);
    expect(notes).toEqual([expect.stringMatching(/sweep 0 spike 2 at 97\.\d+ ms: its window reaches beyond the sweep, left out/)]);
    for (const { voltageMv } of objects.values()) {
      expect(voltageMv.length).toBe(70);
      expect(voltageMv[19]).toBeLessThan(-10);
      expect(voltageMv[20]).toBeGreaterThanOrEqual(-10);
    }
  });

  test('are only of spikes in the window where both are given', async () => {
    const { units: list } = await units({ ...CELL, windowMs: [40, 60], window: { perSpike: { beforeMs: 2, afterMs: 5 } } });
    expect(list.map(({ window }) => window)).toEqual([1]);
  });

  test('keep every k-th sample', async () => {
    const {
      units: [unit],
      objects,
    } = await units({ ...CELL, windowMs: [10, 20], sampleMs: 0.5 });
    const [object] = objects.values();
    expect(unit).toMatchObject({ samples: 21, sampleMs: 0.5 });
    expect(object!.voltageMv[3]).toBe(Number(rows[115]!.split(',')[1]));
  });

  test('are one continuous trace when sweeps are joined', async () => {
    const { units: list, objects } = await units({ file: 'cell.abf', sweeps: [1, 2], joinSweeps: true });
    expect(list).toHaveLength(1);
    expect(list[0]).toMatchObject({ label: 'cell.abf sweeps 1-2', samples: 256 });
    expect(list[0]!.sweep).toBeUndefined();
    const [object] = objects.values();
    expect(object!.current.slice(21, 24)).toEqual([0, 0, 0]);
    expect(object!.current.slice(128 + 21, 128 + 24)).toEqual([0, 10, 10]);
  });

  test('have the current in the unit of the model', async () => {
    const current = async (unit: string): Promise<number> =>
      [...(await units({ ...CELL, windowMs: [50, 60] }, unit)).objects.values()][0]!.current[0];
    expect([await current('pA'), await current('nA')]).toEqual([10, 0.01]);
    const density = await units({ file: 'density.csv', columns: { timeMs: 't', voltageMv: 'V', currentUaPerCm2: 'I' } }, 'uA/cm^2');
    expect([...density.objects.values()][0]!.current.at(-1)).toBe(10);
  });

  test('have the noise that the spec gives, else that of the whole sweep, but no less than a tenth of a millivolt', async () => {
    expect((await units({ ...CELL, noiseMv: 0.07 })).units[0]!.sigmaMv).toBe(0.07);
    expect((await units({ ...CELL, windowMs: [0, 40] })).units[0]!.sigmaMv).toBe(SIGMA_FLOOR_MV);
    const noisy = rows.map((row, i) => row.replace(/,[^,]*,/, `,${(-65 + (i % 7) * 0.9 - (i % 3) * 1.1).toFixed(2)},`));
    write('noisy.csv', `t,V,I\n${noisy.join('\n')}\n`);
    const estimate = estimateNoiseMv(noisy.map((row) => Number(row.split(',')[1])));
    expect(estimate).toBeGreaterThan(SIGMA_FLOOR_MV);
    expect((await units({ ...CELL, file: 'noisy.csv', windowMs: [0, 40] })).units[0]!.sigmaMv).toBe(estimate);
  });
});

describe('windows', () => {
  const spikes = { beforeMs: 2, afterMs: 5 };

  test('are epochs of the protocol, one after another', async () => {
    const { units: list, objects } = await units({ file: 'cell.abf', sweeps: [0], window: { epoch: ['B', 'A'] } });
    expect(list.map(({ label, window, samples }) => [label, window, samples])).toEqual([
      ['cell.abf sweep 0 epoch B', 0, 40],
      ['cell.abf sweep 0 epoch A', 1, 20],
    ]);
    expect(new Set([...objects.values()][0]!.current)).toEqual(new Set([-10]));
    expect((await units({ file: 'cell.abf', window: { epoch: 'B' } })).units.map(({ window }) => window)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('lie around the onset of the step, at the same time in every sweep, with a step of nothing too', async () => {
    const { units: list, objects } = await units({ file: 'cell.abf', window: { onset: { beforeMs: 0.5, afterMs: 1 } } });
    const [first, second] = [...objects.values()];
    expect(list.map(({ label }) => label)).toEqual([0, 1, 2].map((sweep) => `cell.abf sweep ${sweep} onset of B`));
    expect(first!.current.slice(9, 12)).toEqual([0, -10, -10]);
    expect(first!.startMs).toBeCloseTo(0.6, 9);
    expect(second!.startMs).toBe(first!.startMs);
    const named = await units({ file: 'cell.abf', sweeps: [1], window: { onset: { beforeMs: 0, afterMs: 1, epoch: 'A' } } });
    expect([...named.objects.values()][0]!.startMs).toBeCloseTo(0.1, 9);
  });

  test('lie around the spikes of an epoch, which is found in the current where the file describes none', async () => {
    const { units: list } = await units({ ...CELL, window: { epoch: 'B', perSpike: spikes } });
    expect(list.map(({ label }) => label)).toEqual(['cell.csv sweep 0 spike 1']);
  });

  test('lie around the spikes that threshold, return and refractory time make', async () => {
    const count = async (rule: object): Promise<number> =>
      (await units({ ...CELL, window: { perSpike: { ...spikes, ...rule } } })).units.length;
    expect(await count({})).toBe(2);
    await expect(count({ thresholdMv: 40 })).rejects.toThrow('none in cell.csv sweep 0');
    await expect(count({ returnMv: -80 })).rejects.toThrow('none in cell.csv sweep 0');
    expect(await count({ refractoryMs: 31 })).toBe(1);
  });

  test('around spikes are kept where they share samples, or left out, with a note', async () => {
    const wide = { beforeMs: 15, afterMs: 40 };
    const kept = await units({ ...CELL, window: { perSpike: wide } });
    expect(kept.units.map(({ window }) => window)).toEqual([0, 1]);
    expect(kept.notes.at(-1)).toBe('cell.csv sweep 0: 1 of 2 windows share samples with the one before them.');
    const dropped = await units({ ...CELL, window: { perSpike: { ...wide, overlap: 'drop' } } });
    expect(dropped.units.map(({ window }) => window)).toEqual([0]);
    expect(dropped.notes.at(-1)).toBe('cell.csv sweep 0: 1 of 2 windows share samples with the one before them, left out.');
  });
});

describe('what is not fitted', () => {
  const heldOf = ({ units: [unit], objects }: RecordingUnits) =>
    (unit!.heldOut ?? []).map(({ label, object, fitted }) => ({ label, fitted, samples: objects.get(object)!.voltageMv.length }));

  test('of a sweep is scored as its rest, with the samples that are fitted named', async () => {
    expect(heldOf(await units({ ...CELL, windowMs: [10, 30] }))).toEqual([
      { label: 'cell.csv sweep 0, rest', fitted: [[100, 300]], samples: 1001 },
    ]);
    const coarse = await units({ ...CELL, windowMs: [10.1, 30.1], sampleMs: 0.5 });
    expect(heldOf(coarse)).toEqual([{ label: 'cell.csv sweep 0, rest', fitted: [[21, 60]], samples: 201 }]);
    expect((await units({ ...CELL, window: { perSpike: { beforeMs: 2, afterMs: 5 } } })).objects.size).toBe(3);
  });

  test('is left alone when it is not wanted, or nothing is left of the sweep', async () => {
    expect((await units({ ...CELL, windowMs: [10, 30], rest: false })).units[0]).not.toHaveProperty('heldOut');
    expect((await units(CELL)).units[0]).not.toHaveProperty('heldOut');
    expect((await units({ ...CELL, windowMs: [1, 100] })).units[0]).not.toHaveProperty('heldOut');
  });

  test('is scored where it is held out: other sweeps as a whole, or their windows, and other files', async () => {
    const held = await units({
      file: 'cell.abf',
      sweeps: [0],
      holdOut: [{ sweeps: [1] }, { sweeps: [2], window: { epoch: 'B' } }, { file: 'paused.abf', sweeps: [0], windowMs: [0, 2] }],
    });
    expect(held.units).toHaveLength(1);
    expect(heldOf(held)).toEqual([
      { label: 'cell.abf sweep 1', fitted: undefined, samples: 128 },
      { label: 'cell.abf sweep 2 epoch B', fitted: undefined, samples: 40 },
      { label: 'paused.abf sweep 0, 0-2 ms', fitted: undefined, samples: 41 },
    ]);
  });

  test('may be another window of a sweep that is fitted', async () => {
    expect(heldOf(await units({ ...CELL, rest: false, windowMs: [10, 30], holdOut: { windowMs: [30.1, 60] } }))).toMatchObject([
      { label: 'cell.csv sweep 0, 30.1-60 ms', samples: 300 },
    ]);
  });

  test('is refused where scoring it would take every replica longer than it is worth, before anything is stored', async () => {
    const windowMs = Array.from({ length: 17_000 }, (): [number, number] => [30.1, 60]) as [[number, number], ...[number, number][]];
    await expect(units({ ...CELL, rest: false, windowMs: [10, 30], holdOut: { windowMs } })).rejects.toThrow(
      /recording\.holdOut: a data unit is scored on at most 5000000 samples.*got 5100000\. Hold out fewer/,
    );
  });

  test('changes neither the id of what is fitted nor its object', async () => {
    const [plain] = (await units({ file: 'cell.abf', sweeps: [0], rest: false })).units;
    const [scored] = (await units({ file: 'cell.abf', sweeps: [0], holdOut: { sweeps: [1] } })).units;
    expect(scored!.heldOut).toHaveLength(1);
    expect([scored!.id, scored!.source]).toEqual([plain!.id, plain!.source]);
  });
});

describe('an entry is refused', () => {
  const perSpike = { perSpike: { beforeMs: 1, afterMs: 1.5 } };
  test.each([
    [
      'when a sweep does not exist',
      { file: 'cell.abf', sweeps: [0, 3] },
      'pA',
      /problem\.data\[4\]\.recording\.sweeps\[1\]: the recording has sweeps 0 to 2; got 3/,
    ],
    [
      'when a window reaches beyond the sweep',
      { ...CELL, windowMs: [50, 101] },
      'pA',
      /recording\.windowMs: a window must lie inside.*0 to 100\.1 ms.*got \[50, 101\]/,
    ],
    ['when a window starts before the file does', { ...CELL, file: 'late.csv', windowMs: [0, 50] }, 'pA', /1000 to 1100\.1 ms/],
    [
      'when a window in a list ends before it starts',
      {
        ...CELL,
        windowMs: [
          [0, 50],
          [20, 20],
        ],
      },
      'pA',
      /windowMs\[1\]: a window must end after it starts/,
    ],
    ['when a window has too few samples', { ...CELL, windowMs: [0, 1.8] }, 'pA', /windowMs: a window needs at least 20 samples; got 19/],
    ['when thinning leaves too few samples', { ...CELL, windowMs: [0, 10], sampleMs: 1 }, 'pA', /at least 20 samples; got 11/],
    [
      'when the interval is no multiple',
      { ...CELL, sampleMs: 0.25 },
      'pA',
      /recording\.sampleMs: sampleMs must be a whole multiple of the recording's 0\.1 ms; got 0\.25/,
    ],
    ['when the interval is shorter than the file has', { ...CELL, sampleMs: 0.02 }, 'pA', /Try 0\.1/],
    [
      'when the model wants a density',
      { ...CELL },
      'uA/cm2',
      /must convert to uA\/cm2.*got pA\. Choose a whole-cell model.*divided by the area.*SPEC_DATA/,
    ],
    [
      'when the model wants a whole-cell current',
      { file: 'density.csv', columns: { timeMs: 't', voltageMv: 'V', currentUaPerCm2: 'I' } },
      'pA',
      /got uA\/cm2\. Choose a model in uA\/cm2/,
    ],
    ['when the current is not known', { file: 'unknown.abf' }, 'pA', /the injected current must be known.*currentChannel/],
    [
      'when a sweep that is named has no spikes',
      { file: 'paused.abf', sweeps: [1], window: perSpike },
      'pA',
      /perSpike: .*none in paused\.abf sweep 1/,
    ],
    [
      'when no sweep has spikes',
      { file: 'paused.abf', window: perSpike },
      'pA',
      /none in paused\.abf sweep 0, paused\.abf sweep 1, paused\.abf sweep 2/,
    ],
    [
      'when sweeps with pauses are joined',
      { file: 'paused.abf', joinSweeps: true },
      'pA',
      /joinSweeps: only sweeps that follow each other/,
    ],
    [
      'when sweeps are joined with a gap',
      { file: 'cell.abf', sweeps: [0, 2], joinSweeps: true },
      'pA',
      /sweeps\[1\]: joined sweeps must follow each other; got 2 after 0/,
    ],
    [
      'when a sweep is both fitted and held out',
      { file: 'cell.abf', sweeps: [0, 1], windowMs: [0, 3], holdOut: [{ sweeps: [2] }, { sweeps: [1] }] },
      'pA',
      /holdOut\[1\]: what is held out must not be fitted; got "cell\.abf sweep 1", and "cell\.abf sweep 1, 0-3 ms" is fitted/,
    ],
    [
      'when all sweeps are fitted and one is held out by another name of the file',
      { file: 'cell.abf', holdOut: { file: './cell.abf', sweeps: [1] } },
      'pA',
      /recording\.holdOut: what is held out must not be fitted/,
    ],
    [
      'when a part of joined sweeps is held out',
      { file: 'cell.abf', joinSweeps: true, windowMs: [5, 8], holdOut: { sweeps: [1], windowMs: [0, 2] } },
      'pA',
      /"cell\.abf sweep 1, 0-2 ms", and "cell\.abf sweeps 0-2, 5-8 ms" is fitted/,
    ],
    ['when a held-out sweep does not exist', { file: 'cell.abf', sweeps: [0], holdOut: { sweeps: [5] } }, 'pA', /holdOut\.sweeps\[0\]/],
    [
      'when windows that are fitted jointly share samples',
      { ...CELL, jointly: true, window: { perSpike: { beforeMs: 15, afterMs: 40 } } },
      'pA',
      /fitted jointly must not share samples.*spike 0" and "cell\.csv sweep 0 spike 1".*overlap: drop/,
    ],
    [
      'when the protocol has no such epoch',
      { file: 'cell.abf', window: { epoch: 'F' } },
      'pA',
      /window\.epoch: the protocol has the epochs A, B; got F/,
    ],
    [
      'when the window around an onset reaches beyond the sweep',
      { file: 'cell.abf', window: { onset: { beforeMs: 2, afterMs: 1 } } },
      'pA',
      /window\.onset: a window must lie inside its sweep; got cell\.abf sweep 0 onset of B/,
    ],
    [
      'when sweeps are joined and an epoch is asked for',
      { file: 'cell.abf', joinSweeps: true, window: { epoch: 'B' } },
      'pA',
      /joined sweeps have no epochs of their own/,
    ],
    ['when the file is not there', { file: 'nowhere.abf' }, 'pA', /RECORDING_NOT_READABLE/],
  ] satisfies [string, RecordingSpec, string, RegExp][])('%s', async (_, entry, unit, message) => {
    await expect(units(entry, unit)).rejects.toThrow(message);
    await expect(units(entry, unit)).rejects.toMatchObject({ name: 'LoligoError', exitCode: 2 });
  });

  test('for everything that is wrong at once', async () => {
    const entry: RecordingSpec = {
      file: 'cell.abf',
      sweeps: [0, 7, 9],
      joinSweeps: true,
      windowMs: [
        [0, 5],
        [0, 500],
      ],
      sampleMs: 0.07,
    };
    const error: unknown = await units(entry, 'uA/cm2').catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      violations: [
        { where: 'problem.data[4].recording.sweeps[1]' },
        { where: 'problem.data[4].recording.sweeps[2]' },
        { where: 'problem.data[4].recording.sweeps[1]' },
        { where: 'problem.data[4].recording' },
        { where: 'problem.data[4].recording.sampleMs' },
        { where: 'problem.data[4].recording.windowMs[1]' },
      ],
    });
  });
});

describe.skipIf(recordingsAbsent)('units of a shared recording', () => {
  test('are one per pulse in the cell with the unbalanced bridge', async () => {
    const entry: RecordingSpec = { file: sharedRecording('pyabf/18425108.abf'), window: { perSpike: { beforeMs: 2, afterMs: 5 } } };
    const { units: list, objects } = await units(entry);
    expect(list).toHaveLength(20);
    expect([...objects.values()].every(({ current }) => Math.max(...current) === 2500)).toBe(true);
    expect(list[3]!.label).toBe('18425108.abf sweep 0 spike 3');
  });

  test('are the ramp as one trace', async () => {
    const { units: list, objects } = await units({ file: sharedRecording('pyabf/171116sh_0016.abf'), joinSweeps: true, sampleMs: 0.1 });
    expect(list).toMatchObject([{ label: '171116sh_0016.abf sweeps 0-10', samples: 110_000 }]);
    const current = [...objects.values()][0]!.current;
    expect([current[0], current.at(-1)]).toEqual([0, 100]);
  });
});
