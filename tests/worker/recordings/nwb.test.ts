import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../schemas/package-root.ts';
import { readHdf5 } from '../../../worker/recordings/hdf5.ts';
import { importRecording } from '../../../worker/recordings/importers.ts';
import { inspectRecording } from '../../../worker/recordings/inspect.ts';
import type { ChannelChoice, Recording } from '../../../worker/recordings/recording.ts';
import { nwbFile, SAMPLES, stepOf, stimulus } from '../../helpers/nwb-file.ts';
import type { NwbFile, NwbSeries } from '../../helpers/nwb-file.ts';
import { temporaryFiles } from '../../helpers/temporary-file.ts';

const { write } = temporaryFiles();
const REST = Array.from({ length: SAMPLES }, () => -0.07);

async function read(file: NwbFile, choice: ChannelChoice = {}): Promise<Recording> {
  return importRecording(write('cell.nwb', await nwbFile(file)), choice);
}

/** Largest current of each sweep, pA; null where it is not known. */
function steps({ sweeps }: Recording): (number | null)[] {
  return sweeps.map(({ current, stimulus: { source } }) => (source === 'none' ? null : Math.round(Math.max(...current) * 1e6) / 1e6));
}

describe('a response and its stimulus', () => {
  test('are of one sweep number, whatever their order and names; sweeps are in the order of their numbers', async () => {
    const recording = await read({
      series: [
        { name: 'a', sweepNumber: 7 },
        { name: 'b', sweepNumber: 3 },
        stimulus('b', 70, { sweepNumber: 7 }),
        stimulus('z', 30, { sweepNumber: 3 }),
      ],
    });
    expect(steps(recording)).toEqual([30, 70]);
    expect(recording.sweeps[0]!.stimulus).toEqual({ source: 'stored', channel: 'elec0 stimulus', unit: 'pA', kind: 'steps' });
    expect(recording.sweeps[0]!.voltageMv[3]).toBeCloseTo(-67, 9);
    expect(recording.notes).toEqual(['Sweeps 0 to 1 are numbered 3, 7 in the file.']);
    expect(inspectRecording(recording).notes).toEqual(recording.notes);
  });

  test('are of one row of the sweep table', async () => {
    const recording = await read({
      series: [{ name: 'a', startS: 9 }, { name: 'b' }, stimulus('p', 10), stimulus('q', 20)],
      sweepTable: [
        [0, '/acquisition/a', '/stimulus/presentation/q'],
        [1, '/acquisition/b', '/stimulus/presentation/p'],
      ],
    });
    expect(steps(recording)).toEqual([20, 10]);
  });

  test('are of one row of the table of intracellular recordings, which may name stretches of them', async () => {
    const whole = Array.from({ length: 2 * SAMPLES }, (_, i) => -0.07 + i * 1e-4);
    const recording = await read({
      series: [{ name: 'a', values: whole }, stimulus('p', 0, { values: [...stepOf(5), ...stepOf(8)] })],
      recordings: [
        { response: ['/acquisition/a', SAMPLES, SAMPLES], stimulus: ['/stimulus/presentation/p', SAMPLES, SAMPLES] },
        { response: ['/acquisition/a', 0, SAMPLES], stimulus: ['/stimulus/presentation/p', 0, SAMPLES] },
      ],
    });
    expect(steps(recording)).toEqual([8, 5]);
    expect(recording.sweeps.map(({ voltageMv }) => Number(voltageMv[0]!.toFixed(6)))).toEqual([-66, -70]);
  });

  test('that the table does not measure out are whole series', async () => {
    const recording = await read({
      series: [{ name: 'a' }, stimulus('p', 5)],
      recordings: [{ response: ['/acquisition/a', -1, -1], stimulus: ['/stimulus/presentation/p', -1, -1] }],
    });
    expect(steps(recording)).toEqual([5]);
    expect(recording.sweeps[0]!.voltageMv).toHaveLength(SAMPLES);
  });

  test('start together and last as long, where nothing else pairs them', async () => {
    const recording = await read({
      series: [{ name: 'a', startS: 2 }, { name: 'b', startS: 1 }, stimulus('p', 10, { startS: 1 }), stimulus('q', 20, { startS: 2 })],
    });
    expect(steps(recording)).toEqual([10, 20]);
  });

  test('that cannot be paired leave the current unknown, which is told once', async () => {
    const recording = await read({ series: [{ name: 'a' }, { name: 'b' }, stimulus('p', 10), stimulus('q', 20)] });
    expect(steps(recording)).toEqual([null, null]);
    expect(recording.notes).toEqual(['Sweeps 0, 1: no stimulus belongs to it, so the current is not known.']);
  });

  test.each([
    ['at another rate', stimulus('p', 10, { rate: 5000, sweepNumber: 0 }), /another sampling rate/],
    ['too short', stimulus('p', 10, { values: [0, 1e-12], sweepNumber: 0 }), /does not last as long/],
    ['not a number', stimulus('p', NaN, { sweepNumber: 0 }), /sample 10 of its stimulus is no number/],
  ])('of which the stimulus is %s leave the current unknown', async (_, given, note) => {
    const recording = await read({ series: [{ name: 'a', sweepNumber: 0 }, given] });
    expect(steps(recording)).toEqual([null]);
    expect(recording.notes).toEqual([expect.stringMatching(note)]);
  });

  test('of which the stimulus starts earlier are cut to the same time', async () => {
    const early = stimulus('p', 0, { startS: 1, sweepNumber: 0, values: [...Array.from({ length: 7 }, () => 9e-12), ...stepOf(5)] });
    const recording = await read({ series: [{ name: 'a', startS: 1.0007, sweepNumber: 0 }, early] });
    expect(Array.from(recording.sweeps[0]!.current.slice(9, 12), (pa) => Math.round(pa))).toEqual([0, 5, 5]);
  });
});

describe('values', () => {
  const one = async (series: Partial<NwbSeries>): Promise<number> =>
    (await read({ series: [{ name: 'a', values: REST, ...series }] })).sweeps[0]!.voltageMv[5]!;

  test('are data times conversion plus offset, in the unit of the file', async () => {
    expect(await one({})).toBeCloseTo(-70, 9);
    expect(await one({ conversion: 0.5, offset: -0.02 })).toBeCloseTo(-55, 9);
    expect(await one({ conversion: 0.5, channelConversion: 3 })).toBeCloseTo(-105, 9);
    expect(await one({ unit: 'mV', conversion: 1000 })).toBeCloseTo(-70, 9);
    expect(await one({ unit: null })).toBeCloseTo(-70, 9);
    expect(await one({ shape: [SAMPLES, 1] })).toBeCloseTo(-70, 9);
    expect(await one({ compressed: true })).toBeCloseTo(-70, 9);
  });

  test('that are not numbers at the end of a sweep are left out, with its current', async () => {
    const { sweeps, notes } = await read({
      series: [
        { name: 'a', sweepNumber: 0, values: [...REST.slice(0, 25), ...REST.slice(25).map(() => NaN)] },
        stimulus('p', 5, { sweepNumber: 0 }),
      ],
    });
    expect([sweeps[0]!.voltageMv.length, sweeps[0]!.current.length]).toEqual([25, 25]);
    expect(notes).toEqual(['Sweep 0: 15 samples at its end are not numbers (an aborted sweep) and are left out.']);
  });

  test('lie at a rate or at uniform timestamps', async () => {
    const { sweeps } = await read({ series: [{ name: 'a', timestamps: REST.map((_, i) => 50 + i * 5e-5) }] });
    expect(sweeps[0]!.sampleMs).toBeCloseTo(0.05, 9);
    expect(sweeps[0]!.startMs).toBe(0);
  });

  test('of sweeps without a pause make a continuous recording', async () => {
    const at = (startS: number) => ({ name: `s${startS}`, startS });
    expect((await read({ series: [at(0), at(0.004), at(0.008)] })).continuous).toBe(true);
    expect((await read({ series: [at(0), at(0.004), at(0.009)] })).continuous).toBe(false);
  });
});

describe('which series', () => {
  test('are in voltage clamp is told, and they are left out', async () => {
    const recording = await read({ series: [{ name: 'a' }, { name: 'v', type: 'VoltageClampSeries', unit: 'amperes' }] });
    expect(recording.sweeps).toHaveLength(1);
    expect(recording.notes).toContain('1 voltage-clamp series are left out.');
  });

  test('are without current has a current of 0', async () => {
    const { sweeps } = await read({ series: [{ name: 'a', type: 'IZeroClampSeries' }] });
    expect(sweeps[0]!.stimulus).toMatchObject({ source: 'header', kind: 'constant' });
  });

  test('are of which electrode: the first, or the one that is named', async () => {
    const series: NwbSeries[] = [
      { name: 'a', sweepNumber: 0 },
      { name: 'b', sweepNumber: 0, electrode: 'elec1', values: REST },
      stimulus('p', 10, { sweepNumber: 0 }),
      stimulus('q', 20, { sweepNumber: 0, electrode: 'elec1' }),
    ];
    const first = await read({ series });
    expect(steps(first)).toEqual([10]);
    expect(first.channels.map(({ name, unit }) => `${name} ${unit}`)).toEqual([
      'elec0 response volts',
      'elec1 response volts',
      'elec0 stimulus amperes',
      'elec1 stimulus amperes',
    ]);
    expect(first.notes).toEqual(['1 responses of other electrodes are left out; voltageChannel names one.']);
    expect(steps(await read({ series }, { voltageChannel: 'elec1 response' }))).toEqual([20]);
    await expect(read({ series }, { voltageChannel: 'elec7' })).rejects.toThrow(
      /got "elec7".*"elec0 response", "elec1 response".*RECORDING_CHANNEL/,
    );
    await expect(read({ series }, { currentChannel: 'x' })).rejects.toThrow(
      /got "x".*"elec0 stimulus", "elec1 stimulus".*RECORDING_CHANNEL/,
    );
  });

  test('are of no special class count where none are', async () => {
    const series = [{ name: 'a', type: 'TimeSeries', sweepNumber: 0 }, stimulus('p', 10, { type: 'TimeSeries', sweepNumber: 0 })];
    expect(steps(await read({ series }))).toEqual([10]);
  });

  test('lies in another file is told, and it is left out', async () => {
    const { sweeps, notes } = await read({
      series: [{ name: 'a' }],
      more: (file) => void file.create_external_link('other.nwb', '/a', 'acquisition/b'),
    });
    expect(sweeps).toHaveLength(1);
    expect(notes).toContain('/acquisition/b lies in another file, or nowhere, and is left out.');
  });

  test('had a bias current is told', async () => {
    const { notes } = await read({ series: [{ name: 'a', sweepNumber: 0, biasA: -2e-11 }, stimulus('p', 10, { sweepNumber: 0 })] });
    expect(notes).toEqual(['Sweep 0: the amplifier added a bias current of -20 pA, which is not in the stimulus.']);
  });
});

describe('version 1', () => {
  const at = { group: '/acquisition/timeseries', electrode: null };

  test('pairs series of one name', async () => {
    const recording = await read({
      version: 'NWB-1.0.5',
      series: [
        { name: 'Sweep_10', ...at },
        { name: 'Sweep_9', ...at },
        stimulus('Sweep_10', 10, { electrode: null }),
        stimulus('Sweep_9', 9, { electrode: null }),
      ],
    });
    expect(recording.format).toBe('NWB 1.0.5');
    expect(steps(recording)).toEqual([9, 10]);
  });

  test('pairs series of one epoch', async () => {
    const recording = await read({
      version: 'NWB-1.0.2',
      series: [{ name: 'a', ...at }, { name: 'b', ...at }, stimulus('p', 10), stimulus('q', 20)],
      epochs: {
        'Sweep 1': ['/acquisition/timeseries/a', '/stimulus/presentation/q'],
        'Sweep 2': ['/acquisition/timeseries/b', '/stimulus/presentation/p'],
      },
    });
    expect(steps(recording)).toEqual([20, 10]);
  });
});

test('byte orders, fixed strings, filters, links and shared timestamps are read as h5py wrote them', async () => {
  const recording = await importRecording(join(packageRoot(), 'tests/golden/variants.nwb'));
  expect(recording.channels.map(({ name }) => name)).toEqual(['patch 1 response', 'patch 1 stimulus']);
  expect(steps(recording)).toEqual([10, 20, 30]);
  for (const [k, { voltageMv, current, sampleMs }] of recording.sweeps.entries()) {
    expect(sampleMs).toBeCloseTo(0.1, 9);
    expect(Array.from(voltageMv.slice(0, 3), (mv) => Number(mv.toFixed(4)))).toEqual(
      [-70 + k, -69.9 + k, -69.8 + k].map((mv) => Number(mv.toFixed(4))),
    );
    expect(current.findIndex((pa) => pa > 0)).toBe(10);
  }
});

const CASES: readonly [string, NwbFile, RegExp][] = [
  ['is no NWB', { version: null }, /must be a Neurodata Without Borders file.*got groups acquisition, general, stimulus.*RECORDING_FORMAT/],
  ['has no series', {}, /a CurrentClampSeries in volts is needed.*got no series.*RECORDING_CHANNEL/],
  [
    'is in voltage clamp',
    { series: [{ name: 'v', type: 'VoltageClampSeries', unit: 'amperes' }] },
    /got VoltageClampSeries \(amperes\).*RECORDING_CHANNEL/,
  ],
  [
    'has millivolts that it calls volts',
    { series: [{ name: 'a', values: REST.map(() => -70) }] },
    /sweep 0, sample 0: a membrane voltage must lie within 10000 mV of 0; got -70000 mV.*RECORDING_CORRUPT/,
  ],
  ['has two columns', { series: [{ name: 'a', shape: [SAMPLES / 2, 2] }] }, /\/acquisition\/a\/data: .*got 20 x 2.*RECORDING_UNSUPPORTED/],
  ['has no times', { series: [{ name: 'a', rate: null }] }, /\/acquisition\/a: a series needs a starting_time.*RECORDING_CORRUPT/],
  ['has a rate of 0', { series: [{ name: 'a', rate: 0 }] }, /a rate of 0.*RECORDING_CORRUPT/],
  ['has too few timestamps', { series: [{ name: 'a', timestamps: [0, 1, 2] }] }, /3 timestamps for 40 samples/],
  [
    'has jumps in its timestamps',
    { series: [{ name: 'a', timestamps: REST.map((_, i) => i * 1e-4 + (i > 9 ? 1 : 0)) }] },
    /timestamps\[10\]: time must rise by the same interval/,
  ],
  ['has a conversion of 0', { series: [{ name: 'a', conversion: 0 }] }, /data@conversion: must be a number other than 0; got 0/],
  [
    'has holes in its voltage',
    { series: [{ name: 'a', values: REST.map((v, i) => (i === 3 ? NaN : v)) }] },
    /sweep 0, sample 3: .*got NaN mV/,
  ],
  [
    'lies in another file',
    { more: (file) => void file.create_external_link('other.nwb', '/acquisition/a', 'acquisition/b') },
    /a CurrentClampSeries in volts is needed.*got \/acquisition\/b lies in another file, or nowhere.*RECORDING_CHANNEL/,
  ],
  [
    'has a link that leads nowhere',
    { more: (file) => void file.create_soft_link('/nowhere', 'acquisition/b') },
    /got \/acquisition\/b lies in another file, or nowhere/,
  ],
];

describe('an NWB file is refused that', () => {
  test.each(CASES)('%s', async (_, file, message) => {
    const refused = read(file);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ name: 'LoligoError', exitCode: 2 });
  });

  test('ends too early', async () => {
    const whole = await nwbFile({ series: [{ name: 'a' }] });
    for (const share of [0.1, 0.5, 0.9, 0.999])
      await expect(importRecording(write('cut.nwb', whole.subarray(0, share * whole.length)))).rejects.toMatchObject({
        code: 'RECORDING_CORRUPT',
      });
  });

  test('has no end, and the next file is read by a new library', async () => {
    const content = await nwbFile({ series: [{ name: 'a' }] });
    const endless = readHdf5('cell.nwb', content, () => {
      for (;;);
    });
    await expect(endless).rejects.toThrow(/the HDF5 library must get through the file in .* s; got no end.*RECORDING_CORRUPT/);
    expect((await importRecording(write('next.nwb', content))).sweeps).toHaveLength(1);
  });
});
