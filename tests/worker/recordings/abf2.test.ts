import { describe, expect, test } from 'vitest';
import { importRecording } from '../../../worker/recordings/importers.ts';
import type { Recording } from '../../../worker/recordings/recording.ts';
import { abf2File, STEP_DAC, VOLTAGE_ADC } from '../../helpers/abf2-file.ts';
import type { Abf2Dac, Abf2Epoch, Abf2File } from '../../helpers/abf2-file.ts';
import { temporaryFiles } from '../../helpers/temporary-file.ts';

const { write } = temporaryFiles();
let written = 0;

function read(file: Abf2File, options = {}): Promise<Recording> {
  written += 1;
  return importRecording(write(`${written}.abf`, abf2File(file)), options);
}

/** Command of each sweep as runs of [level, samples]. */
async function commands(dac: Partial<Abf2Dac> & { epochs: readonly Abf2Epoch[] }, file: Abf2File = {}): Promise<[number, number][][]> {
  const { sweeps } = await read({ dacs: [{ ...STEP_DAC, ...dac }], ...file });
  return sweeps.map(({ current }) => runs(current));
}

function runs(values: Float64Array): [number, number][] {
  const found: [number, number][] = [];
  for (const value of values) {
    const last = found.at(-1);
    if (last?.[0] === value) last[1] += 1;
    else found.push([value, 1]);
  }
  return found;
}

describe('scaling of samples', () => {
  const digit = 10 / 327.68;

  test('every gain divides and both offsets count', async () => {
    const adc = { ...VOLTAGE_ADC, scaleFactor: 0.02, signalGain: 2, programmableGain: 4, instrumentOffset: 7, signalOffset: 3 };
    const { sweeps } = await read({ adcs: [adc], value: () => 1000 });
    expect(sweeps[0]!.voltageMv[5]).toBeCloseTo((1000 * digit) / (2 * 2 * 4) + 4, 6);
  });

  test('the telegraphed gain counts only where telegraphs are enabled', async () => {
    const at = async (enabled: boolean): Promise<number> => {
      const { sweeps } = await read({ adcs: [{ ...VOLTAGE_ADC, telegraph: { enabled, gain: 2 } }], value: () => 1000 });
      return sweeps[0]!.voltageMv[0]!;
    };
    expect(await at(false)).toBeCloseTo(1000 * digit, 4);
    expect(await at(true)).toBeCloseTo(500 * digit, 4);
  });

  test('floats are user units already', async () => {
    const { sweeps } = await read({ float: true, value: (_, sweep, sample) => -60 + sweep + sample / 128 });
    expect(sweeps[2]!.voltageMv[64]).toBe(-57.5);
  });

  test('channels are interleaved, and the voltage channel is found by its unit', async () => {
    const adcs = [
      { name: 'Im', unit: 'pA', scaleFactor: 0.001 },
      { name: 'Vm', unit: 'V', scaleFactor: 10 },
    ];
    const { sweeps, channels } = await read({
      adcs,
      dacs: [],
      float: true,
      value: (channel, sweep, sample) => (channel === 0 ? 100 * sweep + sample : -0.06),
    });
    expect(channels).toEqual([
      { name: 'Im', unit: 'pA' },
      { name: 'Vm', unit: 'V' },
    ]);
    expect(sweeps[1]!.voltageChannel).toBe('Vm');
    expect(sweeps[1]!.voltageMv[3]).toBeCloseTo(-60, 5);
    expect(sweeps[1]!.current[3]).toBe(103);
    expect(sweeps[1]!.stimulus).toMatchObject({ source: 'stored', channel: 'Im', unit: 'pA' });
  });

  test('a channel in mV is preferred to one in V, which often holds a trigger', async () => {
    const { sweeps } = await read({ adcs: [{ ...VOLTAGE_ADC, name: 'trigger', unit: 'V' }, VOLTAGE_ADC] });
    expect(sweeps[0]!.voltageChannel).toBe('IN 0');
  });

  test('one of two voltage channels is chosen by name, and an unknown name is refused with the known ones', async () => {
    const adcs = [
      { ...VOLTAGE_ADC, name: 'soma' },
      { ...VOLTAGE_ADC, name: 'dendrite' },
    ];
    const value = (channel: number): number => (channel === 0 ? -2000 : -1000);
    const { sweeps } = await read({ adcs, value }, { voltageChannel: 'dendrite' });
    expect(sweeps[0]!.voltageMv[0]).toBeCloseTo(-1000 * digit, 4);
    await expect(read({ adcs, value }, { voltageChannel: 'axon' })).rejects.toThrow(/"soma" \(mV\), "dendrite" \(mV\).*RECORDING_CHANNEL/);
  });
});

describe('the command', () => {
  test('levels and durations grow from sweep to sweep after a 64th of the sweep', async () => {
    const epochs = [{ type: 1, level: 5, levelIncrement: 2, duration: 10, durationIncrement: 3 }];
    expect(await commands({ holding: -1, epochs })).toEqual([
      [
        [-1, 2],
        [5, 10],
        [-1, 116],
      ],
      [
        [-1, 2],
        [7, 13],
        [-1, 113],
      ],
      [
        [-1, 2],
        [9, 16],
        [-1, 110],
      ],
    ]);
  });

  test('a ramp goes from the level before it to its own', async () => {
    const { sweeps } = await read({
      dacs: [
        {
          ...STEP_DAC,
          epochs: [
            { type: 1, level: 10, duration: 4 },
            { type: 2, level: 20, duration: 11 },
          ],
        },
      ],
    });
    expect(Array.from(sweeps[0]!.current.slice(6, 18))).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 0]);
    expect(sweeps[0]!.stimulus.kind).toBe('ramp');
  });

  test('an output that keeps its last level starts the next sweep with it', async () => {
    const epochs = [{ type: 2, level: 0, levelIncrement: 10, duration: 11 }];
    const { sweeps } = await read({ dacs: [{ ...STEP_DAC, keepsLastLevel: true, epochs }] });
    expect(Array.from(sweeps[2]!.current.slice(0, 5))).toEqual([10, 10, 10, 11, 12]);
    expect(sweeps[2]!.current.at(-1)).toBe(20);
  });

  test('a train of pulses returns to the level before it and has whole pulses only', async () => {
    const epochs = [
      { type: 1, level: 1, duration: 2 },
      { type: 3, level: 9, duration: 25, pulsePeriod: 10, pulseWidth: 3 },
    ];
    expect((await commands({ epochs }))[0]).toEqual([
      [0, 2],
      [1, 2],
      [9, 3],
      [1, 7],
      [9, 3],
      [1, 12],
      [0, 99],
    ]);
  });

  // of pyABF 2.3.8: EpochSweepWaveform of a step to 1 in 4 samples, such a train to 9 in 22, a ramp to 3 in 4 (which starts from the train's level)
  test.each([
    [3, [9, 9, 9, 9, 1, 1, 1, 1, 1, 1, 9, 9, 9, 9, 1, 1, 1, 1, 1, 1, 1, 1]],
    [4, [1, 3.6667, 6.3333, 9, 9, 7.4, 5.8, 4.2, 2.6, 1, 1, 3.6667, 6.3333, 9, 9, 7.4, 5.8, 4.2, 2.6, 1, 1, 1]],
    [
      5,
      [
        1, 1.695, 3.5386, 5.8901, 7.9322, 8.9553, 8.6039, 7, 4.7011, 2.506, 1.1777, 1.1777, 2.506, 4.7011, 7, 8.6039, 8.9553, 7.9322,
        5.8901, 3.5386, 1.695, 1,
      ],
    ],
    [7, [9, 9, -7, -7, 1, 1, 1, 1, 1, 1, 9, 9, -7, -7, 1, 1, 1, 1, 1, 1, 1, 1]],
  ])('a train of shape %i is what pyABF rebuilds', async (type, train) => {
    const epochs = [
      { type: 1, level: 1, duration: 4 },
      { type, level: 9, duration: 22, pulsePeriod: 10, pulseWidth: 4 },
      { type: 2, level: 3, duration: 4 },
    ];
    const { sweeps } = await read({ dacs: [{ ...STEP_DAC, epochs }] });
    expect(Array.from(sweeps[0]!.current.slice(6, 28), (value) => Number(value.toFixed(4)))).toEqual(train);
    expect(Array.from(sweeps[0]!.current.slice(28, 33))).toEqual([9, 7, 5, 3, 0]);
    expect(sweeps[0]!.stimulus.kind).toBe('pulses');
  });

  test('an epoch that is longer than the sweep ends with it, and one that is off is passed over', async () => {
    const epochs = [
      { type: 0, level: 50, duration: 30 },
      { type: 1, level: 3, duration: 2_000_000_000 },
    ];
    expect((await commands({ epochs }))[0]).toEqual([
      [0, 2],
      [3, 126],
    ]);
  });

  test('only an enabled output in a unit of current counts', async () => {
    const dacs = [
      { ...STEP_DAC, name: 'off', enabled: false },
      { ...STEP_DAC, name: 'volts', unit: 'mV' },
      { ...STEP_DAC, name: 'on', unit: 'nA' },
    ];
    const { sweeps } = await read({ dacs });
    expect(sweeps[0]!.stimulus).toEqual({ source: 'header', channel: 'on', unit: 'nA', kind: 'steps' });
  });

  test('of several outputs the first is taken, which is told unless one is named', async () => {
    const dacs = [STEP_DAC, { ...STEP_DAC, name: 'Cmd 1' }];
    expect((await read({ dacs })).notes).toEqual([
      'Outputs "Cmd 0" and "Cmd 1" are enabled; "Cmd 0" is taken for the current. currentChannel names another.',
    ]);
    const named = await read({ dacs }, { currentChannel: 'Cmd 1' });
    expect([named.sweeps[0]!.stimulus.channel, named.notes]).toEqual(['Cmd 1', undefined]);
  });

  test.each([
    ['lies in another file', { dacs: [{ ...STEP_DAC, source: 2 }] }],
    ['has a shape that is not rebuilt', { dacs: [{ ...STEP_DAC, epochs: [{ type: 6, level: 1, duration: 9 }] }] }],
    ['is changed by a user list', { userList: true }],
    ['takes turns with another output', { alternating: true }],
    ['has no enabled output', { dacs: [{ ...STEP_DAC, enabled: false }] }],
    ['is of a gap-free recording', { mode: 3, sweeps: 1 }],
  ] satisfies [string, Abf2File][])('that %s is not known, and not taken for zero', async (_, file) => {
    const { sweeps } = await read(file);
    expect(sweeps[0]!.stimulus).toMatchObject({ source: 'none', kind: 'unknown' });
  });

  test('a name that is neither a current channel nor an enabled output is refused with those that are', async () => {
    await expect(read({}, { currentChannel: 'Cmd 7' })).rejects.toThrow(/got "Cmd 7".*"Cmd 0" \(pA\).*RECORDING_CHANNEL/);
  });
});

test('sweeps are continuous exactly when each starts as the one before it ends', async () => {
  expect((await read({})).continuous).toBe(true);
  expect((await read({ startToStartMs: 20 })).continuous).toBe(false);
});

test('events of fixed length are sweeps without a known command', async () => {
  const { sweeps } = await read({ mode: 2 });
  expect(sweeps.map(({ voltageMv, stimulus }) => [voltageMv.length, stimulus.source])).toEqual([
    [128, 'none'],
    [128, 'none'],
    [128, 'none'],
  ]);
});

test('a gap-free recording is one sweep', async () => {
  const { sweeps } = await read({ mode: 3, sweeps: 1, samples: 777 });
  expect(sweeps.map(({ voltageMv }) => voltageMv.length)).toEqual([777]);
});
