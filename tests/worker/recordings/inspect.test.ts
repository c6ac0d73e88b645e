import { describe, expect, test } from 'vitest';
import { describeInspection, inspectRecording } from '../../../worker/recordings/inspect.ts';
import type { Recording } from '../../../worker/recordings/recording.ts';

/** 40 ms at 0.1 ms: -70 mV, from 10 ms on -60 mV, a spike at 30 ms. The file's time starts at 1000 ms. */
const voltageMv = Float64Array.from({ length: 400 }, (_, i) => (i === 300 ? 30 : i < 100 ? -70 : -60));
const RECORDING: Recording = {
  file: 'cell.csv',
  format: 'CSV',
  channels: [
    { name: 'V', unit: 'mV' },
    { name: 'I', unit: 'nA' },
  ],
  sweeps: [
    {
      index: 0,
      startMs: 1000,
      sampleMs: 0.1,
      voltageChannel: 'V',
      voltageMv,
      current: new Float64Array(400),
      stimulus: { source: 'stored', channel: 'I', unit: 'nA', kind: 'constant' },
    },
  ],
  continuous: false,
};

describe('an inspection', () => {
  test('has the rest of the first 15 ms, and spikes on the time axis of the file', () => {
    const { sweeps, ...rest } = inspectRecording(RECORDING);
    expect(rest).toEqual({ file: 'cell.csv', format: 'CSV', channels: RECORDING.channels, continuous: false });
    expect(sweeps).toEqual([
      {
        index: 0,
        samples: 400,
        sampleMs: 0.1,
        voltageChannel: 'V',
        stimulus: { source: 'stored', channel: 'I', unit: 'nA', kind: 'constant' },
        epochs: [{ name: 'A', startMs: 1000, endMs: 1040, level: 0, startLevel: 0, endLevel: 0 }],
        restMv: -70,
        spikes: [1029.9556],
        edgeCrossings: [],
      },
    ]);
  });

  test('follows the options for spikes', () => {
    expect(inspectRecording(RECORDING, { thresholdMv: 40 }).sweeps[0]!.spikes).toEqual([]);
  });

  test('reads as a table with a row for each sweep', () => {
    expect(describeInspection(inspectRecording(RECORDING)).split('\n')).toEqual([
      'cell.csv: CSV, 1 sweep',
      'channels: V (mV), I (nA)',
      '',
      'sweep  samples  every   voltage  rest      stimulus                 spikes',
      '0      400      0.1 ms  V        -70.0 mV  constant, stored I (nA)  1',
    ]);
  });

  test('lists the epochs that windows can name, with their times and levels', () => {
    const [first] = RECORDING.sweeps;
    const sweep = (index: number, amplitude: number) => ({
      ...first!,
      index,
      stimulus: { source: 'header', channel: 'Cmd 0', unit: 'pA', kind: 'steps' } as const,
      current: Float64Array.from({ length: 400 }, (_, i) => (i < 100 ? 0 : i < 200 ? amplitude : i < 300 ? (i - 200) / 2 : 0)),
      epochs: [
        { name: 'A', from: 50, to: 100 },
        { name: 'B', from: 100, to: 200 },
        { name: 'D', from: 200, to: 300 },
      ],
    });
    const inspection = inspectRecording({ ...RECORDING, sweeps: [sweep(0, -20), sweep(1, 0), sweep(2, 20)] });
    expect(inspection.sweeps[2]!.epochs[1]).toEqual({
      name: 'B',
      startMs: 1010,
      endMs: 1020,
      level: 20,
      startLevel: 20,
      endLevel: 20,
      extremes: [20, 20],
    });
    expect(describeInspection(inspection).split('\n').slice(8, 12)).toEqual([
      'epochs, as windows name them; current in pA:',
      '  A  1005 to 1010 ms  0',
      '  B  1010 to 1020 ms  -20 to 20 by 20',
      '  D  1020 to 1030 ms  from 2.25 to 47.25 in the first sweep, from 2.25 to 47.25 in the last',
    ]);
  });
});
