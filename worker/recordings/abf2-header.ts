/**
 * The header of Axon Binary Format 2.x (Clampex 10 and later). Numbers that would make every later number wrong (scale factors that are
 * zero or not finite, an impossible sampling interval) are refused here.
 *
 * Byte offsets: Molecular Devices' ABF 2 structures (ABF_FileInfo, ABF_ProtocolInfo, ABF_ADCInfo, ABF_DACInfo, ABF_EpochInfoPerDAC),
 * without padding.
 */
import { adcScaling, finite, positive, SAMPLE_BYTES, sampleFormat } from './abf-header.ts';
import type { AbfHeader, Adc, Dac, Epoch, FileBytes, SampleFormat } from './abf-header.ts';
import { readSection, recordsOf } from './abf2-sections.ts';
import type { Section } from './abf2-sections.ts';
import { readStrings } from './abf2-strings.ts';
import { refusal } from './refusal.ts';

/** RECORDING_CORRUPT or RECORDING_UNSUPPORTED with the section and field. `bytes` has the ABF2 signature. */
export function readAbf2Header(bytes: FileBytes): AbfHeader {
  if (bytes.view.byteLength < 512)
    throw refusal('RECORDING_CORRUPT', bytes.file, {
      rule: 'an ABF 2 file has a header of 512 bytes',
      got: `${bytes.view.byteLength} bytes`,
    });
  const strings = readStrings(bytes, required(bytes, 'Strings'));
  const protocol = first(recordsOf(bytes, required(bytes, 'Protocol')));
  const adcs = recordsOf(bytes, required(bytes, 'ADC'));
  const format = sampleFormat(bytes, bytes.view.getUint16(30, true));
  const intervalUs = positive(bytes, 'Protocol: fADCSequenceInterval', protocol.getFloat32(2, true));
  // 0: starts are counted in samples of all channels
  const synchUnitUs = finite(bytes, 'Protocol: fSynchTimeUnit', protocol.getFloat32(14, true)) || intervalUs / adcs.length;
  return {
    version: version(bytes),
    operationMode: protocol.getInt16(0, true),
    sampleMs: intervalUs / 1000,
    samplesPerEpisode: protocol.getInt32(22, true),
    episodes: bytes.view.getUint32(12, true),
    adcs: adcs.map((record, index) => readAdc(bytes, strings, protocol, record, `ADC ${index}`)),
    dacs: readDacs(bytes, strings),
    commandOverridden:
      protocol.getInt16(182, true) !== 0 || recordsOf(bytes, readSection(bytes, 'UserList')).some((list) => list.getInt16(2, true) !== 0),
    format,
    samples: sampleSection(bytes, format),
    synch: readSynch(bytes, synchUnitUs),
    synchUnitUs,
  };
}

function required(bytes: FileBytes, name: 'Strings' | 'Protocol' | 'ADC' | 'Data'): Section {
  const section = readSection(bytes, name);
  if (section.records > 0) return section;
  throw refusal('RECORDING_CORRUPT', bytes.file, {
    place: `${name} section`,
    rule: 'a recording needs at least one record here',
    got: '0',
  });
}

function version({ file, view }: FileBytes): string {
  const [minor, major] = [view.getUint8(6), view.getUint8(7)];
  if (major === 2) return `${major}.${minor}`;
  throw refusal('RECORDING_UNSUPPORTED', file, { place: 'fFileVersionNumber', rule: 'ABF version 2 is read', got: `${major}.${minor}` });
}

function sampleSection(bytes: FileBytes, format: SampleFormat): AbfHeader['samples'] {
  const { offset, records, recordBytes } = required(bytes, 'Data');
  if (recordBytes === SAMPLE_BYTES[format]) return { offset, count: records };
  throw refusal('RECORDING_CORRUPT', bytes.file, {
    place: 'Data section',
    rule: `a ${format} sample has ${SAMPLE_BYTES[format]} bytes`,
    got: String(recordBytes),
  });
}

function readAdc(bytes: FileBytes, strings: readonly string[], protocol: DataView, record: DataView, place: string): Adc {
  return {
    name: text(strings, record.getInt32(74, true)) || place,
    unit: text(strings, record.getInt32(78, true)),
    ...adcScaling(bytes, {
      place,
      range: protocol.getFloat32(110, true),
      resolution: protocol.getInt32(118, true),
      scaleFactor: record.getFloat32(40, true),
      signalGain: record.getFloat32(48, true),
      programmableGain: record.getFloat32(28, true),
      telegraphGain: record.getInt16(2, true) === 0 ? undefined : record.getFloat32(6, true),
      instrumentOffset: record.getFloat32(44, true),
      signalOffset: record.getFloat32(52, true),
    }),
  };
}

function readDacs(bytes: FileBytes, strings: readonly string[]): Dac[] {
  const epochs = recordsOf(bytes, readSection(bytes, 'EpochPerDAC'));
  return recordsOf(bytes, readSection(bytes, 'DAC')).map((record, index) => {
    const number = record.getInt16(0, true);
    return {
      name: text(strings, record.getInt32(24, true)) || `DAC ${index}`,
      unit: text(strings, record.getInt32(28, true)),
      holdingLevel: record.getFloat32(12, true),
      waveformEnabled: record.getInt16(40, true) === 1,
      waveformSource: record.getInt16(42, true),
      keepsLastLevel: record.getInt16(44, true) === 1,
      epochs: epochs
        .filter((epoch) => epoch.getInt16(2, true) === number)
        .toSorted((a, b) => a.getInt16(0, true) - b.getInt16(0, true))
        .map(readEpoch),
    };
  });
}

function readEpoch(record: DataView): Epoch {
  return {
    number: record.getInt16(0, true),
    type: record.getInt16(4, true),
    level: record.getFloat32(6, true),
    levelIncrement: record.getFloat32(10, true),
    duration: record.getInt32(14, true),
    durationIncrement: record.getInt32(18, true),
    pulsePeriod: record.getInt32(22, true),
    pulseWidth: record.getInt32(26, true),
  };
}

function readSynch(bytes: FileBytes, unitUs: number): AbfHeader['synch'] {
  return recordsOf(bytes, readSection(bytes, 'SynchArray')).map((record) => ({
    startMs: (record.getInt32(0, true) * unitUs) / 1000,
    length: record.getInt32(4, true),
  }));
}

function text(strings: readonly string[], number: number): string {
  return strings[number]?.trim() ?? '';
}

function first<T>(values: readonly T[]): T {
  const [value] = values;
  if (value === undefined) throw new Error('internal: a required section is empty');
  return value;
}
