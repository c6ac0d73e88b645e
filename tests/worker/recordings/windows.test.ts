import { describe, expect, test } from 'vitest';
import { contentId } from '../../../schemas/content-id.ts';
import type { RecordingSpec } from '../../../schemas/generated/types.ts';
import { SIGMA_FLOOR_MV } from '../../../worker/train/observation.ts';
import { estimateNoiseMv } from '../../../worker/recordings/noise.ts';
import type { RecordingUnits } from '../../../worker/recordings/windows.ts';
import { recordingsAbsent, sharedRecording } from '../../helpers/recordings-folder.ts';
import { CELL, rows, windowedCell } from '../../helpers/windowed-cell.ts';

const { write, units } = windowedCell();

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
