import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../schemas/random.ts';
import { epochName, epochsOf, stepEpoch } from '../../../worker/recordings/epochs.ts';
import { importRecording } from '../../../worker/recordings/importers.ts';
import type { Sweep } from '../../../worker/recordings/recording.ts';
import { recordingsAbsent, sharedRecording } from '../../helpers/recordings-folder.ts';

/** 200 ms at 0.1 ms: a current measured with noise of 2 pA, -70 pA at rest, `level` more from 50 to 150 ms. */
function measured(level: number, index: number, change: (i: number) => number = () => 0): Sweep {
  const noise = randomStream(index, 'current');
  const current = Float64Array.from({ length: 2000 }, (_, i) => -70 + 2 * noise.normal(i) + (i >= 500 && i < 1500 ? level : 0) + change(i));
  const stimulus = { source: 'stored', channel: 'I', unit: 'pA', kind: 'unknown' } as const;
  return { index, startMs: 0, sampleMs: 0.1, voltageChannel: 'V', voltageMv: new Float64Array(2000), current, stimulus };
}

const spans = (sweeps: readonly Sweep[]) => epochsOf(sweeps)[0]!.map(({ name, from, to }) => `${name} ${from}-${to}`);

describe('epochs found in a measured current', () => {
  test('lie between its jumps, to the sample, and are those of all sweeps: a step of nothing has its epoch too', () => {
    const sweeps = [measured(0, 0), measured(100, 1), measured(-100, 2)];
    expect(spans(sweeps)).toEqual(['A 0-500', 'B 500-1500', 'C 1500-2000']);
    expect(epochsOf(sweeps)[2]).toEqual(epochsOf(sweeps)[0]);
    expect(stepEpoch(sweeps)).toBe('B');
  });

  test('are not split by what an amplifier adds at every spike', () => {
    const transient = (i: number) => ((i + 70) % 150 < 20 ? 600 : (i + 70) % 150 < 40 ? -300 : 0);
    expect(spans([measured(300, 0, transient)])).toEqual(['A 0-500', 'B 500-1500', 'C 1500-2000']);
  });

  test('are one where nothing jumps: noise alone, a current that wanders, or a ramp', () => {
    expect(spans([measured(0, 0)])).toEqual(['A 0-2000']);
    expect(spans([measured(0, 0, (i) => 6 * Math.sin((2 * Math.PI * i) / 400))])).toEqual(['A 0-2000']);
    expect(spans([measured(0, 0, (i) => i / 20)])).toEqual(['A 0-2000']);
    expect(stepEpoch([measured(0, 0)])).toBeUndefined();
  });
});

test('epochs are named as in a spreadsheet', () => {
  expect([0, 1, 25, 26, 27, 51, 52].map(epochName)).toEqual(['A', 'B', 'Z', 'AA', 'AB', 'AZ', 'BA']);
});

describe.skipIf(recordingsAbsent)('epochs of the shared recordings', () => {
  test('are those of the protocol where a header has it, and the same are found in the current', async () => {
    const { sweeps } = await importRecording(sharedRecording('pyabf/2019_07_24_0055_fsi.abf'));
    expect(spans(sweeps)).toEqual(['A 937-2937', 'B 2937-12937', 'C 12937-22937', 'D 22937-32937', 'E 32937-42937']);
    expect(stepEpoch(sweeps)).toBe('B');
    const undescribed = [sweeps[4]!, sweeps[16]!].map((sweep): Sweep => {
      const { epochs: _epochs, ...rest } = sweep;
      return rest;
    });
    expect(spans(undescribed).slice(1, 5)).toEqual(spans(sweeps).slice(1));
  });

  test('are found within 0.4 ms of the protocol in a current with transients at every spike', async () => {
    const found = spans((await importRecording(sharedRecording('nwbshowcase-ferguson2015/FergusonEtAl2015_PYR2.nwb'))).sweeps);
    expect(found).toEqual(['A 0-815', 'B 815-10815', 'C 10815-20000']);
    const { sweeps } = await importRecording(sharedRecording('nwbshowcase-ferguson2015/PYR2.abf'));
    expect([spans(sweeps), stepEpoch(sweeps)]).toEqual([['A 312-812', 'B 812-10812'], 'B']);
  });
});
