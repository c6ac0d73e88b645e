/** The samples of an ABF 2 file: channels interleaved sample by sample, sweep after sweep, as integers to be scaled or as floats in user units. */
import type { Adc } from './abf2-header.ts';
import type { FileBytes, Section } from './abf2-sections.ts';
import { refusal } from './refusal.ts';

export interface SampleLayout {
  readonly section: Section;
  readonly format: 'int16' | 'float32';
  readonly sweeps: number;
  /** samples of one channel in one sweep */
  readonly perSweep: number;
  readonly adcs: readonly Adc[];
}

/** One channel in its user units, one array of `perSweep` samples per sweep. RECORDING_CORRUPT for a float that is not finite. */
export function decodeChannel({ file, view }: FileBytes, layout: SampleLayout, channel: number): Float64Array[] {
  const { section, format, sweeps, perSweep, adcs } = layout;
  const { scale, offset } = adcs[channel]!;
  const read = (sample: number): number =>
    format === 'int16'
      ? view.getInt16(section.offset + 2 * sample, true) * scale + offset
      : view.getFloat32(section.offset + 4 * sample, true);
  return Array.from({ length: sweeps }, (_, sweep) => {
    const values = new Float64Array(perSweep);
    for (let i = 0; i < perSweep; i += 1) {
      const value = read((sweep * perSweep + i) * adcs.length + channel);
      if (!Number.isFinite(value))
        throw refusal('RECORDING_CORRUPT', file, {
          place: `sweep ${sweep}, sample ${i}`,
          rule: 'must be a finite number',
          got: String(value),
        });
      values[i] = value;
    }
    return values;
  });
}
