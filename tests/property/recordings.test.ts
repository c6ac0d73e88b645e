/** Damaged files never do anything but become a Recording or a LoligoError with exit code 2, quickly. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LoligoError } from '../../schemas/errors.ts';
import { importRecording } from '../../worker/recordings/importers.ts';
import { inspectRecording } from '../../worker/recordings/inspect.ts';
import type { Recording } from '../../worker/recordings/recording.ts';
import { spikeTimes } from '../../worker/recordings/spikes.ts';
import { abf1File } from '../helpers/abf1-file.ts';
import { abf2File, STEP_DAC, VOLTAGE_ADC } from '../helpers/abf2-file.ts';
import { nwbFile, stimulus } from '../helpers/nwb-file.ts';
import { temporaryFiles } from '../helpers/temporary-file.ts';

const { write } = temporaryFiles();
const TABLE = 'timeMs,voltageMv,currentPa\n0,-65,0\n0.1,-64.5,"1"\n0.2,-63,2\n0.3,-61,2\n# end\n';
const EPOCHS = [
  { type: 1, level: 5, levelIncrement: 1, duration: 9, durationIncrement: 2 },
  { type: 2, level: 20, duration: 20 },
  { type: 3, level: 9, duration: 40, pulsePeriod: 10, pulseWidth: 2 },
];
const FILES = {
  'one channel': abf2File({ dacs: [{ ...STEP_DAC, epochs: EPOCHS }] }),
  'two channels, floats': abf2File({ adcs: [{ name: 'I', unit: 'pA' }, VOLTAGE_ADC], float: true, value: (channel) => -60 * channel }),
  'a table': Buffer.from(TABLE),
  'the header of ABF 1': abf1File({ adcs: [{ name: 'I', unit: 'pA' }, VOLTAGE_ADC], dacs: [{ ...STEP_DAC, epochs: EPOCHS }] }),
  'events of different lengths': abf1File({ mode: 1, lengths: [30, 50, 20] }),
  'Axon text': Buffer.from(
    'ATF\t1.0\n1\t3\n"Signals="\t"Vm"\t"Vm"\n"Time (s)"\t"Trace #1 (mV)"\t"Trace #2 (mV)"\n0\t-70\t-60\n0.001\t-71\t-61\n',
  ),
  'Igor text': Buffer.from(
    'IGOR\nWAVES/D v0 i0\nBEGIN\n-0.07 0\n-0.06 1e-11\nEND\nX SetScale/P x 0,5e-05,"s", v0, i0; SetScale d 0,0,"V", v0\nX SetScale y 0,0,"A", i0\n',
  ),
};

/** Slow means that a damaged count was believed. Generous, because machines that run tests may be busy. */
const SLOW_MS = 2000;

/** What came of a file: `recording` or `refused`, or, as a sentence, what must never come of one. */
async function outcome(content: Uint8Array, slowMs = SLOW_MS, samplesPerByte = 1): Promise<string> {
  const started = performance.now();
  const result = await importRecording(write('fuzzed', content)).then(
    (recording) => soundness(recording, samplesPerByte * content.length),
    (error: unknown) => (error instanceof LoligoError && error.exitCode === 2 ? 'refused' : `threw ${String(error)}`),
  );
  const tookMs = performance.now() - started;
  return tookMs < slowMs ? result : `took ${tookMs} ms`;
}

function soundness(recording: Recording, mostSamples: number): string {
  if (!inspectRecording(recording).sweeps.every(({ restMv }) => Number.isFinite(restMv))) return 'rest is not finite';
  for (const { index, voltageMv, current, sampleMs } of recording.sweeps) {
    if (current.length !== voltageMv.length || voltageMv.length === 0) return `sweep ${index}: V and I differ in length, or are empty`;
    if (voltageMv.length > mostSamples) return `sweep ${index} has more samples than the file can hold`;
    if (!(sampleMs > 0) || !current.every(Number.isFinite)) return `sweep ${index} has impossible values`;
  }
  return 'recording';
}

async function everyOutcome(contents: fc.Arbitrary<Uint8Array>, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(contents, async (content) => {
      expect(['recording', 'refused']).toContain(await outcome(content));
    }),
    { numRuns },
  );
}

/** The library's own limit on a file, and some. */
const HDF5_MS = 6000;
/** Deflate makes 1032 bytes of one, at most; a sample may have one byte. */
const DEFLATED = 1032;

/** Positions that crowd where the headers are, in any file. */
const position = fc.oneof(fc.nat(400), fc.nat(4000), fc.nat(1_000_000));
const changes = fc.array(fc.record({ position, byte: fc.integer({ min: 0, max: 255 }) }), { minLength: 1, maxLength: 12 });

describe.each(Object.entries(FILES))('a file with %s', (_, file) => {
  test('is a recording before it is damaged', async () => {
    expect(await outcome(file)).toBe('recording');
  });

  test('is read or refused with any bytes changed', async () => {
    const damaged = changes.map((list) => {
      const copy = Buffer.from(file);
      for (const { position: at, byte } of list) copy[at % file.length] = byte;
      return copy;
    });
    await everyOutcome(damaged, 120);
    expect.hasAssertions();
  });

  test('is read or refused with any four bytes of its headers replaced by an extreme number', async () => {
    const extreme = fc.constantFrom(0, 1, -1, 0x7fffffff, -0x80000000, 0x7f800000, 0x7fc00000, 0x00000001, 65536);
    const damaged = fc.tuple(fc.nat(Math.min(file.length - 4, 3500)), extreme).map(([at, value]) => {
      const copy = Buffer.from(file);
      copy.writeInt32LE(value, at);
      return copy;
    });
    await everyOutcome(damaged, 120);
    expect.hasAssertions();
  });

  test('is read or refused wherever it ends', async () => {
    await everyOutcome(
      fc.nat(file.length - 1).map((length) => file.subarray(0, length)),
      150,
    );
    expect.hasAssertions();
  });
});

/** Fewer: each file goes through the whole HDF5 library, and one in 500 is a loop that costs the limit of 2 s. */
test('a damaged NWB file is read or refused', async () => {
  const file = await nwbFile({
    series: [{ name: 'a', sweepNumber: 1, compressed: true }, stimulus('p', 10, { sweepNumber: 1 })],
    recordings: [{ response: ['/acquisition/a', 0, 40], stimulus: ['/stimulus/presentation/p', 0, 40] }],
  });
  expect(await outcome(file)).toBe('recording');
  const damaged = fc
    .record({ list: changes, length: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true })) })
    .map(({ list, length }) => {
      const copy = Buffer.from(file);
      for (const { position: at, byte } of list) copy[at % file.length] = byte;
      return copy.subarray(0, Math.ceil(length * file.length));
    });
  await fc.assert(
    fc.asyncProperty(damaged, async (content) => {
      expect(['recording', 'refused']).toContain(await outcome(content, HDF5_MS, DEFLATED));
    }),
    { numRuns: 150 },
  );
});

test('any bytes and any text are read or refused', async () => {
  const characters = fc.constantFrom(...Array.from('timeMs,;\t"#\n\r0123456789.-eNaN '));
  const text = fc.string({ unit: characters }).map((tail) => Buffer.from(`timeMs,voltageMv,currentPa\n${tail}`));
  const bytes = fc.uint8Array({ maxLength: 700 });
  const signature = fc.constantFrom('ABF2', 'ABF ', 'ATF\t1.0\n1\t2\n', 'IGOR\nWAVES a b\nBEGIN\n');
  const signed = fc.tuple(signature, bytes).map(([start, tail]) => Buffer.concat([Buffer.from(start), tail]));
  await everyOutcome(fc.oneof(text, bytes, signed), 250);
  expect.hasAssertions();
});

test('spikes rise through the threshold, in order, a refractory time apart, and do not move when the trace is shifted in time', () => {
  const trace = fc.array(fc.double({ min: -90, max: 50, noNaN: true }), { maxLength: 200 });
  fc.assert(
    fc.property(trace, fc.nat(20), (values, shift) => {
      const spikes = spikeTimes(values, 0.5);
      for (const ms of spikes) {
        const after = Math.ceil(ms / 0.5 - 1e-9);
        expect(values[after]).toBeGreaterThanOrEqual(-10);
        expect(values[after - 1]).toBeLessThanOrEqual(-10);
      }
      const intervals = spikes.slice(1).map((ms, index) => ms - spikes[index]!);
      expect(Math.min(...intervals, 1)).toBeGreaterThanOrEqual(1 - 1e-9);
      const later = spikeTimes([...Array.from({ length: shift }, () => values[0] ?? 0), ...values], 0.5);
      expect(later.map((ms) => Number((ms - shift * 0.5).toFixed(9)))).toEqual(spikes.map((ms) => Number(ms.toFixed(9))));
    }),
  );
});
