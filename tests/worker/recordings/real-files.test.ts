/** The eleven shared files against the table of recordings/README.md, and against pyABF and h5py. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../schemas/package-root.ts';
import { importRecording } from '../../../worker/recordings/importers.ts';
import { describeInspection, inspectRecording } from '../../../worker/recordings/inspect.ts';
import { median } from '../../../schemas/sample-quantile.ts';
import type { StimulusKind } from '../../../worker/recordings/recording.ts';
import { spikeTimes } from '../../../worker/recordings/spikes.ts';
import { joinedTrace } from '../../../worker/recordings/trace.ts';
import { recordingsAbsent, sharedRecording } from '../../helpers/recordings-folder.ts';

interface Row {
  readonly file: string;
  readonly format: string;
  readonly channels: string;
  readonly voltage: string;
  readonly samples: number;
  readonly sampleMs: number;
  readonly spikes: readonly number[];
  /** median over sweeps, least, most; mV */
  readonly rest: readonly [number, number, number];
  readonly source: 'stored' | 'header';
  readonly unit: string;
  readonly kind: StimulusKind;
  readonly continuous: boolean;
}

const plain = {
  format: 'ABF 2.6',
  channels: 'IN 0 mV',
  voltage: 'IN 0',
  sampleMs: 0.05,
  source: 'header',
  unit: 'pA',
  continuous: true,
} as const;
const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);

const PYR2 = {
  samples: 20_000,
  sampleMs: 0.1,
  source: 'stored',
  unit: 'pA',
  kind: 'steps',
  continuous: false,
  rest: [-60.6, -61.5, -59.9],
  spikes: [0, 0, 1, 2, 3, 4, 7, 7, 8, 8, 10, 8, 9],
} as const;

const TABLE: readonly Row[] = [
  {
    ...plain,
    file: 'pyabf/171116sh_0018.abf',
    samples: 60_000,
    kind: 'steps',
    rest: [-61.9, -63.0, -61.4],
    spikes: [...zeros(6), 2, 3, 6, 8, 10, 12, 12, 14, 16, 16, 18],
  },
  {
    ...plain,
    file: 'pyabf/171116sh_0016.abf',
    samples: 20_000,
    kind: 'ramp',
    rest: [-55.6, -61.4, -51.4],
    spikes: [...zeros(7), 1, 2, 3, 4],
  },
  {
    ...plain,
    file: 'pyabf/17o05028_ic_steps.abf',
    samples: 60_000,
    kind: 'steps',
    rest: [-47.0, -61.6, -41.8],
    spikes: [10, 11, 12, 12, 12, 16, 18, 20, 22, 25, 29, 32, 35, 39, 40, 42],
  },
  { ...plain, file: 'pyabf/17o05027_ic_ramp.abf', samples: 20_000, kind: 'ramp', rest: [-43.4, -48.5, -38.3], spikes: [6, 9] },
  {
    file: 'pyabf/18425108.abf',
    format: 'ABF 2.9',
    channels: 'Imemb nA, 10_Vm mV',
    voltage: '10_Vm',
    samples: 250_000,
    sampleMs: 0.04,
    source: 'header',
    kind: 'pulses',
    unit: 'nA',
    rest: [-71.3, -71.3, -71.3],
    spikes: [20],
    continuous: false,
  },
  {
    ...plain,
    continuous: false,
    file: 'pyabf/18713001.abf',
    samples: 30_000,
    kind: 'steps',
    rest: [-65.2, -65.7, -64.3],
    spikes: [...zeros(8), 1, 2, 3, 4, 5, 6, 6, 7, 7, 7, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9, 10, 9],
  },
  {
    ...plain,
    file: 'pyabf/2019_07_24_0055_fsi.abf',
    samples: 60_000,
    kind: 'steps',
    rest: [-53.1, -64.7, -46.1],
    spikes: [2, 3, 2, 4, 16, 28, 37, 48, 55, 68, 76, 83, 91, 99, 105, 114, 117],
  },
  {
    ...plain,
    file: 'gigaseal/demo_1.abf',
    samples: 100_000,
    kind: 'steps',
    rest: [-75.4, -78.8, -68.5],
    spikes: [0, 0, 0, 0, 3, 7, 10, 14, 16, 17, 19, 20, 21, 22, 23],
  },
  {
    ...PYR2,
    file: 'nwbshowcase-ferguson2015/PYR2.abf',
    format: 'ABF 1.8',
    channels: 'Imemb pA, Vm mV',
    voltage: 'Vm',
  },
  {
    ...PYR2,
    file: 'nwbshowcase-ferguson2015/FergusonEtAl2015_PYR2.nwb',
    format: 'NWB 2.2.5',
    channels: 'icephys_electrode response volts, icephys_electrode stimulus amperes',
    voltage: 'icephys_electrode response',
  },
  {
    file: 'nwbshowcase-lantyer2018/LantyerEtAl2018_180817_ME_9_CC.nwb',
    format: 'NWB 2.2.2',
    channels: 'icephys_electrode response volts, icephys_electrode stimulus amperes',
    voltage: 'icephys_electrode response',
    samples: 23_200,
    sampleMs: 0.05,
    source: 'stored',
    unit: 'pA',
    kind: 'steps',
    continuous: false,
    rest: [-69.4, -69.8, -68.8],
    spikes: [0, 0, 0, 9, 21, 27, 33, 37, 42, 46],
  },
];

const one = (mv: number): number => Number(mv.toFixed(1));

describe.skipIf(recordingsAbsent)(`the shared files (${recordingsAbsent ?? 'present'})`, () => {
  test.each(TABLE)('$file is inspected as the table of the recordings says', async (row) => {
    const inspection = inspectRecording(await importRecording(sharedRecording(row.file)));
    const rests = inspection.sweeps.map(({ restMv }) => restMv);
    expect(inspection.format).toBe(row.format);
    expect(inspection.channels.map(({ name, unit }) => `${name} ${unit}`).join(', ')).toBe(row.channels);
    expect(inspection.continuous).toBe(row.continuous);
    expect(inspection.sweeps.map(({ spikes }) => spikes.length)).toEqual(row.spikes);
    expect([median(rests) ?? NaN, Math.min(...rests), Math.max(...rests)].map(one)).toEqual(row.rest);
    for (const [index, sweep] of inspection.sweeps.entries())
      expect(sweep).toMatchObject({
        index,
        samples: row.samples,
        sampleMs: row.sampleMs,
        voltageChannel: row.voltage,
        stimulus: { source: row.source, unit: row.unit, kind: row.kind },
      });
  });

  test('the ramp in eleven sweeps has ten spikes when they are joined, and its voltage is continuous', async () => {
    const { sweeps } = await importRecording(sharedRecording('pyabf/171116sh_0016.abf'));
    const [first, ...others] = sweeps;
    const whole = joinedTrace('ramp', [first!, ...others]);
    expect(whole.voltageMv.length).toBe(220_000);
    expect(spikeTimes(whole.voltageMv, whole.sampleMs)).toHaveLength(10);
    for (const [index, { voltageMv, current }] of others.entries()) {
      expect(Math.abs(voltageMv[0]! - sweeps[index]!.voltageMv.at(-1)!)).toBeLessThan(0.25);
      expect(current[0]).toBe(sweeps[index]!.current.at(-1));
    }
    expect(whole.current.at(-1)).toBe(100);
    expect(sweeps[0]!.current.every((pa) => pa === 0)).toBe(true);
  });

  test('epochs start after a 64th of the sweep', async () => {
    const starts: [string, number][] = [
      ['pyabf/171116sh_0018.abf', 937 + 2000],
      ['pyabf/18713001.abf', 468],
      ['gigaseal/demo_1.abf', 1562 + 4000],
    ];
    for (const [file, start] of starts) {
      const { sweeps } = await importRecording(sharedRecording(file));
      expect(
        sweeps[0]!.current.findIndex((pa) => pa !== 0),
        file,
      ).toBe(start);
    }
  });

  test('the unbalanced bridge makes 38 crossings of 20 spikes, and the other 18 are told', async () => {
    const recording = await importRecording(sharedRecording('pyabf/18425108.abf'));
    const [sweep] = recording.sweeps;
    expect(spikeTimes(sweep!.voltageMv, sweep!.sampleMs)).toHaveLength(38);
    const inspection = inspectRecording(recording);
    expect(inspection.sweeps[0]!.edgeCrossings).toHaveLength(18);
    const pulses = inspection.sweeps[0]!.spikes.map((ms) => Math.floor((ms - 1000) / 10));
    expect(pulses).toEqual(Array.from({ length: 20 }, (_, pulse) => pulse));
    expect(describeInspection(inspection)).toContain('Not counted: 18 crossings');
  });

  test('the stored current is taken when it is named', async () => {
    const { sweeps } = await importRecording(sharedRecording('pyabf/18425108.abf'), { currentChannel: 'Imemb' });
    expect(sweeps[0]!.stimulus).toMatchObject({ source: 'stored', channel: 'Imemb', unit: 'nA' });
    expect(median(sweeps[0]!.current)).toBeCloseTo(0.08, 1);
  });

  test('the ABF and the NWB of the same recording agree', async () => {
    const [abf, nwb] = await Promise.all(
      ['PYR2.abf', 'FergusonEtAl2015_PYR2.nwb'].map((file) => importRecording(sharedRecording(`nwbshowcase-ferguson2015/${file}`))),
    );
    expect(abf!.sweeps).toHaveLength(13);
    expect(nwb!.notes).toEqual(['Sweeps 0 to 12 are numbered 1 to 13 in the file.']);
    for (const [index, sweep] of abf!.sweeps.entries()) {
      expect(furthest(sweep.voltageMv, nwb!.sweeps[index]!.voltageMv)).toBeLessThan(1e-5);
      expect(furthest(sweep.current, nwb!.sweeps[index]!.current)).toBeLessThan(1e-4);
    }
  });

  test('the offset of a stored current stays, and its steps are what was measured', async () => {
    const { sweeps } = await importRecording(sharedRecording('nwbshowcase-ferguson2015/PYR2.abf'));
    const [before, during] = [sweeps[12]!.current.slice(0, 500), sweeps[12]!.current.slice(6000, 10_000)];
    expect(Math.abs(median(before)! + 72)).toBeLessThan(3);
    expect(Math.abs(median(during)! - median(before)! - 321)).toBeLessThan(4);
  });

  test('stimuli are paired by sweep number, whatever their descriptions say', async () => {
    const { sweeps } = await importRecording(sharedRecording('nwbshowcase-lantyer2018/LantyerEtAl2018_180817_ME_9_CC.nwb'));
    const steps = sweeps.map(({ current }) => Math.round(median(current.slice(8000, 10_000))!));
    expect(steps.every((pa, sweep) => Math.abs(pa - 40.3 * (sweep + 1)) < 3)).toBe(true);
    expect(sweeps.every(({ current }) => Math.abs(median(current.slice(22_050, 22_150))! - 61) < 2)).toBe(true);
    expect(Math.max(...sweeps.map(({ voltageMv }) => Math.max(...voltageMv)))).toBeCloseTo(75, 0);
  });
});

function furthest(a: Float64Array, b: Float64Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

interface Reference {
  readonly sweep: number;
  readonly sumMv: number;
  readonly sumCommand: number;
  readonly at: readonly number[];
  readonly voltageMv: readonly number[];
  readonly command: readonly number[];
}

// The file's shape is that of recording-samples.py, which wrote it.
const golden = JSON.parse(readFileSync(join(packageRoot(), 'tests/golden/recording-samples.json'), 'utf8')) as {
  files: Record<string, Reference[]>;
};

describe.skipIf(recordingsAbsent)('values of the shared files', () => {
  test.each(Object.entries(golden.files))('%s has the voltages and currents that pyABF or h5py reads', async (file, references) => {
    const { sweeps } = await importRecording(sharedRecording(file));
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) {
      const { voltageMv, current } = sweeps[reference.sweep]!;
      // pyABF keeps voltages as float32: 24 bits, so 4e-6 mV at 100 mV, and 5 digits are stored.
      reference.at.forEach((sample, i) => expect(Math.abs(voltageMv[sample]! - reference.voltageMv[i]!)).toBeLessThan(2e-5));
      reference.at.forEach((sample, i) =>
        expect(Math.abs(current[sample]! - reference.command[i]!)).toBeLessThan(2e-6 + 1e-7 * Math.abs(current[sample]!)),
      );
      expect(Math.abs(sum(voltageMv) - reference.sumMv)).toBeLessThan(4e-6 * voltageMv.length);
      expect(Math.abs(sum(current) - reference.sumCommand)).toBeLessThan(1e-5 * current.length);
    }
  });
});

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
