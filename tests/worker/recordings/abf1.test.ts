import { describe, expect, test } from 'vitest';
import { importRecording } from '../../../worker/recordings/importers.ts';
import type { Recording } from '../../../worker/recordings/recording.ts';
import { abf1File } from '../../helpers/abf1-file.ts';
import type { Abf1File } from '../../helpers/abf1-file.ts';
import { STEP_DAC, VOLTAGE_ADC } from '../../helpers/abf2-file.ts';
import { temporaryFiles } from '../../helpers/temporary-file.ts';

const { write } = temporaryFiles();
const DIGIT_MV = 10 / 327.68;
const IM = { name: 'Im', unit: 'pA', scaleFactor: 0.001 };

function read(file: Abf1File, options = {}): Promise<Recording> {
  return importRecording(write('cell.abf', abf1File(file)), options);
}

describe('an ABF 1 file', () => {
  test('has its version, channels, sweeps and sampling; the interval in the file is between samples of all channels', async () => {
    const { format, channels, sweeps, continuous } = await read({
      adcs: [IM, VOLTAGE_ADC],
      dacs: [],
      value: (channel) => (channel === 0 ? 5 : -2000),
    });
    expect(format).toBe('ABF 1.8');
    expect(channels).toEqual([
      { name: 'Im', unit: 'pA' },
      { name: 'IN 0', unit: 'mV' },
    ]);
    expect(continuous).toBe(true);
    expect(sweeps.map(({ voltageMv, sampleMs }) => [voltageMv.length, Number(sampleMs.toFixed(6))])).toEqual([
      [128, 0.05],
      [128, 0.05],
      [128, 0.05],
    ]);
    expect(sweeps[2]!.voltageMv[7]).toBeCloseTo(-2000 * DIGIT_MV, 4);
    expect(sweeps[2]!.current[7]).toBeCloseTo((5 * 10) / 32768 / 0.001, 4);
  });

  test('scales digits by every gain, the telegraphed one where it is enabled', async () => {
    const adc = {
      ...VOLTAGE_ADC,
      signalGain: 2,
      programmableGain: 4,
      instrumentOffset: 7,
      signalOffset: 3,
      telegraph: { enabled: true, gain: 5 },
    };
    const { sweeps } = await read({ adcs: [adc], value: () => 1000 });
    expect(sweeps[0]!.voltageMv[0]).toBeCloseTo((1000 * DIGIT_MV) / (2 * 4 * 5) + 4, 5);
  });

  test('may hold floats, which are user units already', async () => {
    const { sweeps } = await read({ float: true, value: (_, sweep, sample) => -60 + sweep + sample / 128 });
    expect(sweeps[2]!.voltageMv[64]).toBe(-57.5);
  });

  test('numbers its inputs by hand: names and scales are those of the sampled ones', async () => {
    const { channels, sweeps } = await read({
      adcs: [IM, { ...VOLTAGE_ADC, name: 'Vm' }],
      sequence: [9, 4],
      value: (channel) => channel * -1000,
    });
    expect(channels.map(({ name }) => name)).toEqual(['Im', 'Vm']);
    expect(sweeps[0]!.voltageMv[0]).toBeCloseTo(-1000 * DIGIT_MV, 4);
  });

  test('without a usable order of inputs counts them from 0', async () => {
    const { channels } = await read({ adcs: [VOLTAGE_ADC, IM], sequence: [-1, -1] });
    expect(channels.map(({ unit }) => unit)).toEqual(['mV', 'pA']);
  });

  test('has the command of its second output, with pulses, where only that is enabled', async () => {
    const epochs = [{ type: 3, level: 9, duration: 20, pulsePeriod: 10, pulseWidth: 3 }];
    const { sweeps } = await read({
      dacs: [
        { ...STEP_DAC, enabled: false },
        { ...STEP_DAC, name: 'Cmd 1', unit: 'nA', holding: 1, epochs },
      ],
    });
    expect(sweeps[0]!.stimulus).toEqual({ source: 'header', channel: 'Cmd 1', unit: 'nA', kind: 'pulses' });
    expect(Array.from(sweeps[0]!.current.slice(0, 14))).toEqual([1, 1, 9, 9, 9, 1, 1, 1, 1, 1, 1, 1, 9, 9]);
    expect(sweeps[0]!.epochs).toEqual([{ name: 'A', from: 2, to: 22 }]);
  });

  test('of a version before 1.6 has one protocol, and no telegraphs', async () => {
    const { format, sweeps } = await read({ version: 1.5 });
    expect(format).toBe('ABF 1.5');
    expect(sweeps[1]!.stimulus).toMatchObject({ source: 'header', channel: 'Cmd 0' });
    expect(Array.from(new Set(sweeps[2]!.current))).toEqual([0, 10]);
  });

  test('of events has sweeps of different lengths', async () => {
    const { sweeps } = await read({ mode: 1, lengths: [30, 50, 20], value: (_, sweep) => -1000 * (sweep + 1) });
    expect(sweeps.map(({ voltageMv }) => voltageMv.length)).toEqual([30, 50, 20]);
    expect(sweeps[2]!.voltageMv[0]).toBeCloseTo(-3000 * DIGIT_MV, 4);
    expect(sweeps[0]!.stimulus.source).toBe('none');
  });

  test('that was stopped within a sweep has a shorter one, with as much of its command', async () => {
    const { sweeps } = await read({ lengths: [128, 128, 40] });
    expect(sweeps.map(({ voltageMv, current }) => [voltageMv.length, current.length])).toEqual([
      [128, 128],
      [128, 128],
      [40, 40],
    ]);
    expect(sweeps[2]!.current[30]).toBe(10);
  });

  test('without gaps is one sweep, and a paused one has a sweep after each pause', async () => {
    expect((await read({ mode: 3, lengths: [60, 40] })).sweeps.map(({ voltageMv }) => voltageMv.length)).toEqual([100]);
    expect((await read({ mode: 3, lengths: [60, 40], startToStartMs: 500 })).sweeps.map(({ voltageMv }) => voltageMv.length)).toEqual([
      60, 40,
    ]);
  });

  test.each([
    ['a user list of the levels', { listed: 21 }],
    ['a conditioning train', { conditioned: true }],
    ['outputs that take turns', { alternating: true }],
    ['a wave in another file', { dacs: [{ ...STEP_DAC, source: 2 }] }],
    ['an output in mV', { dacs: [{ ...STEP_DAC, unit: 'mV' }] }],
  ] satisfies [string, Abf1File][])('with %s has no known command', async (_, file) => {
    expect((await read(file)).sweeps[0]!.stimulus.source).toBe('none');
  });

  test('keeps its command where a user list varies digital outputs only', async () => {
    expect((await read({ listed: 12 })).sweeps[0]!.stimulus.source).toBe('header');
  });
});

const CASES: readonly [string, (file: Buffer) => void, RegExp][] = [
  [
    'samples beyond its end',
    (file) => file.writeInt32LE(1e9, 10),
    /lActualAcqLength: the samples must lie inside the file of 7680 bytes; got 1000000000 samples.*RECORDING_CORRUPT/,
  ],
  ['no samples', (file) => file.writeInt32LE(0, 10), /lActualAcqLength: .*got 0 samples/],
  [
    'samples inside its header',
    (file) => file.writeInt32LE(1, 40),
    /lDataSectionPtr: samples must lie after the header of 4640 bytes; got block 1/,
  ],
  ['no channels', (file) => file.writeInt16LE(0, 120), /nADCNumChannels: must be from 1 to 16; got 0/],
  ['too many channels', (file) => file.writeInt16LE(17, 120), /nADCNumChannels: must be from 1 to 16; got 17/],
  ['a version of its own', (file) => file.writeFloatLE(7, 4), /fFileVersionNumber: ABF version 1 is read; got 7.*RECORDING_UNSUPPORTED/],
  ['Microsoft floats', (file) => file.writeInt16LE(1, 38), /nMSBinFormat: .*RECORDING_UNSUPPORTED/],
  ['a mode of its own', (file) => file.writeInt16LE(9, 8), /nOperationMode: .*got 9.*RECORDING_UNSUPPORTED/],
  ['no interval', (file) => file.writeFloatLE(0, 122), /fADCSampleInterval: must be greater than 0/],
  ['another number of sweeps', (file) => file.writeInt32LE(2, 16), /every sweep must have the 128 samples.*got 192/],
  [
    'fewer than no sweeps',
    (file) => file.writeInt32LE(-1, 16),
    /samples must divide evenly into sweeps and channels; got 384 samples, -1 sweeps/,
  ],
  ['a synch array beyond its end', (file) => file.writeInt32LE(1e6, 92), /lSynchArrayPtr: the synch array must lie after the header/],
  ['a gain of 0', (file) => file.writeFloatLE(0, 1050), /ADC 0: fSignalGain: must not be 0/],
];

describe('an ABF 1 file is refused that has', () => {
  test.each(CASES)('%s', async (_, change, message) => {
    const file = abf1File();
    change(file);
    await expect(importRecording(write('damaged.abf', file))).rejects.toThrow(message);
  });

  test('lengths that do not add up to its samples', async () => {
    const file = abf1File({ mode: 1, lengths: [30, 50, 20] });
    file.writeInt32LE(31, file.length - 512 + 4);
    await expect(importRecording(write('damaged.abf', file))).rejects.toThrow(
      /Synch array: the lengths of the sweeps must add up to the 100 samples/,
    );
  });
});
