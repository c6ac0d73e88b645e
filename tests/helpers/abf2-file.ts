/** Writes small ABF 2 files for tests: only the fields that a reader needs, everything else zero. Not a general writer. */

export interface Abf2Adc {
  readonly name: string;
  readonly unit: string;
  readonly scaleFactor?: number;
  readonly signalGain?: number;
  readonly programmableGain?: number;
  readonly instrumentOffset?: number;
  readonly signalOffset?: number;
  readonly telegraph?: { readonly enabled: boolean; readonly gain: number };
}

export interface Abf2Epoch {
  readonly type: number;
  readonly level: number;
  readonly levelIncrement?: number;
  readonly duration: number;
  readonly durationIncrement?: number;
  readonly pulsePeriod?: number;
  readonly pulseWidth?: number;
}

export interface Abf2Dac {
  readonly name: string;
  readonly unit: string;
  readonly holding?: number;
  readonly enabled?: boolean;
  readonly source?: number;
  readonly keepsLastLevel?: boolean;
  readonly epochs?: readonly Abf2Epoch[];
}

export interface Abf2File {
  readonly adcs?: readonly Abf2Adc[];
  readonly dacs?: readonly Abf2Dac[];
  readonly sweeps?: number;
  /** samples of one channel in one sweep */
  readonly samples?: number;
  readonly intervalUs?: number;
  readonly mode?: number;
  readonly float?: boolean;
  readonly userList?: boolean;
  /** outputs take turns from sweep to sweep */
  readonly alternating?: boolean;
  /** ms between starts of sweeps; back to back when absent */
  readonly startToStartMs?: number;
  /** raw digit (or float) of a channel at a sample of a sweep */
  readonly value?: (channel: number, sweep: number, sample: number) => number;
}

const BLOCK = 512;
export const VOLTAGE_ADC: Abf2Adc = { name: 'IN 0', unit: 'mV', scaleFactor: 0.01 };
export const STEP_DAC: Abf2Dac = {
  name: 'Cmd 0',
  unit: 'pA',
  epochs: [
    { type: 1, level: 0, duration: 20 },
    { type: 1, level: -10, levelIncrement: 10, duration: 40 },
  ],
};

/** Range 10 V, resolution 32768: with scale factor 0.01 one digit is 10 / 327.68 mV. */
export function abf2File(given: Abf2File = {}): Buffer {
  const { adcs = [VOLTAGE_ADC], dacs = [STEP_DAC], sweeps = 3, samples = 128, intervalUs = 50, mode = 5, float = false } = given;
  const total = sweeps * samples * adcs.length;
  const names = [...adcs, ...dacs].flatMap(({ name, unit }) => [name, unit]);
  const strings = stringSection(['Clampex', ...names]);
  const epochs = dacs.flatMap(({ epochs: list = [] }, dac) => list.map((epoch, index) => ({ dac, index, epoch })));
  const data = Buffer.alloc(total * (float ? 4 : 2));
  for (let i = 0; i < total; i += 1) {
    const [channel, sample] = [i % adcs.length, Math.floor(i / adcs.length)];
    const value = given.value?.(channel, Math.floor(sample / samples), sample % samples) ?? -2000;
    if (float) data.writeFloatLE(value, 4 * i);
    else data.writeInt16LE(value, 2 * i);
  }
  const sections = [
    { at: 76, bytes: 512, records: [protocol(mode, intervalUs, samples * adcs.length, given.alternating === true)] },
    { at: 92, bytes: 128, records: adcs.map((adc, index) => adcRecord(adc, index)) },
    { at: 108, bytes: 256, records: dacs.map((dac, index) => dacRecord(dac, index, adcs.length)) },
    { at: 156, bytes: 48, records: epochs.map(({ dac, index, epoch }) => epochRecord(dac, index, epoch)) },
    { at: 172, bytes: 64, records: given.userList === true ? [userList()] : [] },
    { at: 220, bytes: strings.length, records: [strings] },
    {
      at: 316,
      bytes: 8,
      records: Array.from({ length: sweeps }, (_, sweep) =>
        synch(sweep, given.startToStartMs ?? (samples * intervalUs) / 1000, samples * adcs.length),
      ),
    },
  ];
  const header = Buffer.alloc(BLOCK);
  header.write('ABF2', 0, 'latin1');
  header.set([0, 0, 6, 2], 4);
  header.writeUInt32LE(BLOCK, 8);
  header.writeUInt32LE(sweeps, 12);
  header.writeUInt16LE(float ? 1 : 0, 30);
  const blocks: Buffer[] = [header];
  const place = (at: number, bytes: number, count: number, content: Buffer): void => {
    header.writeUInt32LE(count === 0 ? 0 : blocks.reduce((sum, block) => sum + block.length, 0) / BLOCK, at);
    header.writeUInt32LE(bytes, at + 4);
    header.writeBigInt64LE(BigInt(count), at + 8);
    if (count > 0) blocks.push(Buffer.concat([content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]));
  };
  for (const { at, bytes, records } of sections)
    place(at, bytes, records.length, Buffer.concat(records.map((record) => padded(record, bytes))));
  place(236, float ? 4 : 2, total, data);
  return Buffer.concat(blocks);
}

function padded(record: Buffer, bytes: number): Buffer {
  return Buffer.concat([record, Buffer.alloc(bytes - record.length)]);
}

function stringSection(strings: readonly string[]): Buffer {
  const text = Buffer.from(`${strings.join('\0')}\0`, 'latin1');
  const header = Buffer.alloc(44);
  header.write('SSCH', 0, 'latin1');
  header.writeUInt32LE(1, 4);
  header.writeUInt32LE(strings.length, 8);
  header.writeUInt32LE(text.length, 16);
  return Buffer.concat([header, text]);
}

function protocol(mode: number, intervalUs: number, perEpisode: number, alternating: boolean): Buffer {
  const record = Buffer.alloc(184);
  record.writeInt16LE(mode, 0);
  record.writeFloatLE(intervalUs, 2);
  record.writeFloatLE(12.5, 14);
  record.writeInt32LE(perEpisode, 22);
  record.writeFloatLE(10, 110);
  record.writeInt32LE(32768, 118);
  record.writeInt16LE(alternating ? 1 : 0, 182);
  return record;
}

/** Strings are numbered from 1; the first is the program's name, then name and unit of each channel. */
function adcRecord(adc: Abf2Adc, index: number): Buffer {
  const record = Buffer.alloc(82);
  record.writeInt16LE(index, 0);
  record.writeInt16LE(adc.telegraph?.enabled === true ? 1 : 0, 2);
  record.writeFloatLE(adc.telegraph?.gain ?? 1, 6);
  record.writeFloatLE(adc.programmableGain ?? 1, 28);
  record.writeFloatLE(adc.scaleFactor ?? 0.01, 40);
  record.writeFloatLE(adc.instrumentOffset ?? 0, 44);
  record.writeFloatLE(adc.signalGain ?? 1, 48);
  record.writeFloatLE(adc.signalOffset ?? 0, 52);
  record.writeInt32LE(2 + 2 * index, 74);
  record.writeInt32LE(3 + 2 * index, 78);
  return record;
}

function dacRecord(dac: Abf2Dac, index: number, adcs: number): Buffer {
  const record = Buffer.alloc(46);
  record.writeInt16LE(index, 0);
  record.writeFloatLE(dac.holding ?? 0, 12);
  record.writeInt32LE(2 + 2 * (adcs + index), 24);
  record.writeInt32LE(3 + 2 * (adcs + index), 28);
  record.writeInt16LE(dac.enabled === false ? 0 : 1, 40);
  record.writeInt16LE(dac.source ?? 1, 42);
  record.writeInt16LE(dac.keepsLastLevel === true ? 1 : 0, 44);
  return record;
}

function epochRecord(dac: number, index: number, epoch: Abf2Epoch): Buffer {
  const record = Buffer.alloc(30);
  record.writeInt16LE(index, 0);
  record.writeInt16LE(dac, 2);
  record.writeInt16LE(epoch.type, 4);
  record.writeFloatLE(epoch.level, 6);
  record.writeFloatLE(epoch.levelIncrement ?? 0, 10);
  record.writeInt32LE(epoch.duration, 14);
  record.writeInt32LE(epoch.durationIncrement ?? 0, 18);
  record.writeInt32LE(epoch.pulsePeriod ?? 0, 22);
  record.writeInt32LE(epoch.pulseWidth ?? 0, 26);
  return record;
}

function userList(): Buffer {
  const record = Buffer.alloc(10);
  record.writeInt16LE(1, 2);
  return record;
}

/** Starts in units of 12.5 us. */
function synch(sweep: number, startToStartMs: number, samples: number): Buffer {
  const record = Buffer.alloc(8);
  record.writeInt32LE(Math.round((sweep * startToStartMs * 1000) / 12.5), 0);
  record.writeInt32LE(samples, 4);
  return record;
}
