/** Files that are no sound recording: each is refused with a code, the file and the place, and exit code 2. */
import { describe, expect, test } from 'vitest';
import { importRecording } from '../../../worker/recordings/importers.ts';
import { abf2File, STEP_DAC, VOLTAGE_ADC } from '../../helpers/abf2-file.ts';
import { temporaryFiles } from '../../helpers/temporary-file.ts';

const { write, folder } = temporaryFiles();

/** A sound file with some bytes written over. */
function damaged(change: (file: Buffer) => void, file = abf2File()): Buffer {
  change(file);
  return file;
}

function sectionStart(file: Buffer, at: number): number {
  return 512 * file.readUInt32LE(at);
}

const [PROTOCOL, ADC, DAC, EPOCHS, STRINGS, DATA, SYNCH] = [76, 92, 108, 156, 220, 236, 316];
const huge = BigInt(2) ** BigInt(62);

const CASES: readonly [string, Buffer | string, RegExp][] = [
  ['an empty file', '', /must not be empty; got 0 bytes.*RECORDING_FORMAT/],
  ['a text that is called .abf', 'Dear colleague, here is the file; greetings\n', /RECORDING_CHANNEL/],
  ['a binary file of another kind', Buffer.from('89504e470d0a1a0a0000000d', 'hex'), /bytes 89504e47.*RECORDING_FORMAT/],
  ['UTF-16', Buffer.from('\ufefft,V,I\n', 'utf16le'), /UTF-16.*RECORDING_UNSUPPORTED/],
  ['only the signature of ABF 1', Buffer.from('ABF \0\0\0\0'), /header of at least 2048 bytes; got 8 bytes.*RECORDING_CORRUPT/],
  [
    'only the signature of HDF5',
    Buffer.from('\x89HDF\r\n\x1a\n\0', 'latin1'),
    /the HDF5 library must be able to read it.*RECORDING_CORRUPT/,
  ],
  ['only the signature of ATF', 'ATF\t1.0\n', /line 2: must be the number of header records.*RECORDING_CORRUPT/],
  ['only the signature of Igor text', 'IGOR\n', /got no wave.*RECORDING_CHANNEL/],
  ['only a signature', 'ABF2', /header of 512 bytes; got 4 bytes.*RECORDING_CORRUPT/],
  ['a header of zeros', damaged((file) => file.fill(0, 4)), /at least one record here.*RECORDING_CORRUPT/],
  ['ABF version 3', damaged((file) => file.writeUInt8(3, 7)), /fFileVersionNumber: .*got 3\.6.*RECORDING_UNSUPPORTED/],
  [
    'a section beyond the file',
    damaged((file) => file.writeUInt32LE(1_000_000, DATA)),
    /Data section: the section must lie .*RECORDING_CORRUPT/,
  ],
  ['a section inside the header', damaged((file) => file.writeUInt32LE(0, ADC)), /ADC section: the section must lie after the header/],
  ['no channels', damaged((file) => file.writeBigInt64LE(BigInt(0), ADC + 8)), /ADC section: .*at least one record.*got 0/],
  ['absurdly many channels', damaged((file) => file.writeBigInt64LE(huge, ADC + 8)), /ADC section: the number of records/],
  ['absurdly many samples', damaged((file) => file.writeBigInt64LE(huge, DATA + 8)), /Data section: the section must lie/],
  [
    'a negative number of samples',
    damaged((file) => file.writeBigInt64LE(BigInt(-1), DATA + 8)),
    /Data section: the number of records .*got -1/,
  ],
  ['absurdly many epochs', damaged((file) => file.writeBigInt64LE(BigInt(1e9), EPOCHS + 8)), /EpochPerDAC section: the number of records/],
  ['absurdly many sweeps', damaged((file) => file.writeUInt32LE(0xffffffff, 12)), /divide evenly into sweeps.*4294967295 sweeps/],
  ['no sweeps', damaged((file) => file.writeUInt32LE(0, 12)), /divide evenly into sweeps.*0 sweeps/],
  ['a wrong number of sweeps', damaged((file) => file.writeUInt32LE(2, 12)), /every sweep must have the 128 samples.*got 192/],
  [
    'sweeps of different lengths',
    damaged((file) => file.writeInt32LE(64, sectionStart(file, SYNCH) + 4)),
    /every sweep must have the 64 samples/,
  ],
  [
    'records that are too short',
    damaged((file) => file.writeUInt32LE(8, DAC + 4)),
    /DAC section: a record must have at least 46 bytes; got 8/,
  ],
  ['a sample of three bytes', damaged((file) => file.writeUInt32LE(3, DATA + 4)), /Data section: /],
  ['an unknown sample format', damaged((file) => file.writeUInt16LE(7, 30)), /nDataFormat: .*got 7/],
  [
    'a scale factor that is not a number',
    damaged((file) => file.writeFloatLE(NaN, sectionStart(file, ADC) + 40)),
    /ADC 0: fInstrumentScaleFactor: must be a finite number; got NaN/,
  ],
  ['a gain of zero', damaged((file) => file.writeFloatLE(0, sectionStart(file, ADC) + 48)), /ADC 0: fSignalGain: must not be 0/],
  ['a tiny scale factor', damaged((file) => file.writeFloatLE(1e-30, sectionStart(file, ADC) + 40)), /a membrane voltage must lie within/],
  [
    'an endless sampling interval',
    damaged((file) => file.writeFloatLE(Infinity, sectionStart(file, PROTOCOL) + 2)),
    /fADCSequenceInterval: must be a finite number/,
  ],
  [
    'a sampling interval of years',
    damaged((file) => file.writeFloatLE(1e30, sectionStart(file, PROTOCOL) + 2)),
    /samples must be .* ms apart/,
  ],
  [
    'a resolution of zero',
    damaged((file) => file.writeInt32LE(0, sectionStart(file, PROTOCOL) + 118)),
    /lADCResolution: must be greater than 0/,
  ],
  [
    'a mode of its own',
    damaged((file) => file.writeInt16LE(7, sectionStart(file, PROTOCOL))),
    /nOperationMode: .*got 7.*RECORDING_UNSUPPORTED/,
  ],
  ['no strings', damaged((file) => file.write('XXXX', sectionStart(file, STRINGS), 'latin1')), /Strings section: .*SSCH/],
  [
    'more strings than bytes',
    damaged((file) => file.writeUInt32LE(0xffffffff, sectionStart(file, STRINGS) + 8)),
    /Strings section: .*4294967295 strings/,
  ],
  [
    'a level that is not a number',
    damaged((file) => file.writeFloatLE(NaN, sectionStart(file, EPOCHS) + 6)),
    /output Cmd 0, epoch 0: level: must be a finite number/,
  ],
  [
    'pulses without a period',
    abf2File({ dacs: [{ ...STEP_DAC, epochs: [{ type: 3, level: 1, duration: 10 }] }] }),
    /lEpochPulsePeriod: must be greater than 0/,
  ],
  [
    'a float that is not a number',
    abf2File({ float: true, value: (_, sweep, sample) => (sweep === 1 && sample === 9 ? NaN : -60) }),
    /sweep 1, sample 9: must be a finite number/,
  ],
  ['no voltage', abf2File({ adcs: [{ ...VOLTAGE_ADC, unit: 'pA' }] }), /a channel in mV or V is needed.*"IN 0" \(pA\).*RECORDING_CHANNEL/],
];

describe('a file is refused that', () => {
  test.each(CASES)('is or has %s', async (name, content, message) => {
    const path = write(`${name.replaceAll(' ', '-')}.abf`, content);
    const error: unknown = await importRecording(path).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: 'LoligoError', exitCode: 2, message: expect.stringMatching(message) as unknown });
    expect(String(error)).toContain(path);
  });

  test('ends too early, wherever', async () => {
    const whole = abf2File();
    const end = sectionStart(whole, DATA) + 2 * Number(whole.readBigInt64LE(DATA + 8));
    for (const length of [5, 75, 511, 512, 700, 1024, 2000, 2560, 3500, end - 700, end - 1]) {
      const path = write('cut.abf', whole.subarray(0, length));
      await expect(importRecording(path), `${length} bytes`).rejects.toMatchObject({ code: 'RECORDING_CORRUPT', exitCode: 2 });
    }
  });

  test('is not there, or is a folder', async () => {
    await expect(importRecording(`${folder}/nowhere.abf`)).rejects.toThrow(
      /must exist and be readable; got ENOENT.*RECORDING_NOT_READABLE/,
    );
    await expect(importRecording(folder)).rejects.toThrow(/a regular file; got a folder.*RECORDING_NOT_READABLE/);
  });

  test.skipIf(process.platform === 'win32')('never ends', async () => {
    await expect(importRecording('/dev/zero')).rejects.toThrow(/a device or pipe.*RECORDING_NOT_READABLE/);
  });
});
