/**
 * Time series of an NWB file: which there are, and what one of them says about its unit, its timing, its electrode and its sweep. Values
 * are read only when they are asked for. Not which series belong together: nwb-pairs.ts.
 *
 * Rules of the format (NWB core, TimeSeries and PatchClampSeries): value in `unit` = data * conversion + offset; times are a
 * starting_time with a rate, or timestamps. `gain`, `bridge_balance` and `bias_current` tell how the amplifier was set and are applied by
 * nobody. Version 1 has the class of a series in `ancestry`, and the name of its electrode as a dataset.
 */
import type { Hdf5 } from './hdf5.ts';
import { refusal } from './refusal.ts';
import { samplingInterval } from './sampling-interval.ts';

export interface Series {
  readonly path: string;
  /** of the object in the file, by whatever path it is reached */
  readonly identity: string;
  readonly name: string;
  /** neurodata_type */
  readonly type: string;
  /** as the file has it; what the format prescribes where it has none */
  readonly unit: string;
  readonly samples: number;
  /** s; absent where the file has timestamps instead */
  readonly startS?: number;
  /** of the electrode; empty where the file names none */
  readonly electrode: string;
  readonly sweepNumber?: number;
}

/** Deeper groups hold no recordings: version 1 has acquisition/timeseries/NAME, and folders of series are one level more. */
const DEEPEST = 3;
const ELECTRODES = '/general/intracellular_ephys';
const UNITS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    CurrentClampSeries: 'volts',
    IZeroClampSeries: 'volts',
    CurrentClampStimulusSeries: 'amperes',
    VoltageClampSeries: 'amperes',
    VoltageClampStimulusSeries: 'volts',
  }),
);

/** Every series below a group; what lies in another file, or nowhere, goes to `missing`. */
export function findSeries(hdf5: Hdf5, group: string, missing: string[], depth = 0): Series[] {
  if (depth > DEEPEST) return [];
  return hdf5.children(group).flatMap((name) => {
    const path = `${group}/${name}`;
    const kind = hdf5.kind(path);
    const isSeries = kind === 'group' && hdf5.children(path).includes('data');
    if (kind === 'elsewhere' || (isSeries && hdf5.kind(`${path}/data`) !== 'dataset')) missing.push(path);
    else if (isSeries) return [describeSeries(hdf5, path, name)];
    return kind === 'group' && !isSeries ? findSeries(hdf5, path, missing, depth + 1) : [];
  });
}

function describeSeries(hdf5: Hdf5, path: string, name: string): Series {
  const type = typeOf(hdf5, path);
  const unit = hdf5.attribute(`${path}/data`, 'unit');
  const startS = numberAt(hdf5, `${path}/starting_time`);
  const sweepNumber = asNumber(hdf5.attribute(path, 'sweep_number'));
  return {
    path,
    identity: hdf5.identity(path),
    name,
    type,
    unit: typeof unit === 'string' && unit !== '' ? unit : (UNITS.get(type) ?? ''),
    samples: hdf5.shape(`${path}/data`)[0] ?? 0,
    ...(startS === undefined ? {} : { startS }),
    electrode: electrodeOf(hdf5, path),
    ...(sweepNumber === undefined ? {} : { sweepNumber }),
  };
}

function typeOf(hdf5: Hdf5, path: string): string {
  const ancestry = hdf5.attribute(path, 'ancestry');
  const type = typeof ancestry === 'object' ? ancestry.at(-1) : hdf5.attribute(path, 'neurodata_type');
  return String(type ?? '');
}

function electrodeOf(hdf5: Hdf5, path: string): string {
  const named = hdf5.text(`${path}/electrode_name`);
  if (named !== undefined) return named;
  if (hdf5.kind(`${path}/electrode`) !== 'group') return '';
  const electrode = hdf5.identity(`${path}/electrode`);
  return hdf5.children(ELECTRODES).find((name) => hdf5.identity(`${ELECTRODES}/${name}`) === electrode) ?? '';
}

/** ms; timestamps must be uniform. RECORDING_CORRUPT when there is neither a rate nor times. */
export function sampleMsOf(file: string, hdf5: Hdf5, { path, samples }: Series): number {
  const rate = asNumber(hdf5.kind(`${path}/starting_time`) === 'dataset' ? hdf5.attribute(`${path}/starting_time`, 'rate') : undefined);
  if (rate !== undefined && rate > 0) return Number((1000 / rate).toPrecision(12));
  const hasTimes = hdf5.kind(`${path}/timestamps`) === 'dataset';
  const timesMs = hasTimes ? hdf5.numbers(`${path}/timestamps`).map((seconds) => seconds * 1000) : new Float64Array(0);
  if (timesMs.length >= 2 && timesMs.length === samples) return samplingInterval(file, timesMs, (row) => `${path}/timestamps[${row}]`);
  throw refusal('RECORDING_CORRUPT', file, {
    place: path,
    rule: 'a series needs a starting_time with a positive rate, or a timestamp for each sample',
    got: hasTimes ? `${timesMs.length} timestamps for ${samples} samples` : `a rate of ${rate ?? 'nothing'}`,
  });
}

/** Seconds of the first sample. */
export function startOf(hdf5: Hdf5, series: Series): number | undefined {
  if (series.startS !== undefined) return series.startS;
  return hdf5.kind(`${series.path}/timestamps`) === 'dataset' ? hdf5.numbers(`${series.path}/timestamps`)[0] : undefined;
}

/** In the series' unit. RECORDING_UNSUPPORTED for more than one column. */
export function valuesOf(file: string, hdf5: Hdf5, { path }: Series): Float64Array {
  const place = `${path}/data`;
  const shape = hdf5.shape(place);
  if (shape.length === 0 || shape.slice(1).some((length) => length !== 1))
    throw refusal('RECORDING_UNSUPPORTED', file, {
      place,
      rule: 'a patch-clamp series has one value per sample',
      got: shape.length === 0 ? 'a single value' : shape.join(' x '),
      remedy: 'Write each channel as a series of its own.',
    });
  const conversion = factorOf(file, hdf5, place) * channelConversion(hdf5, path);
  const offset = asNumber(hdf5.attribute(place, 'offset')) ?? 0;
  return hdf5.numbers(place).map((value) => value * conversion + offset);
}

function factorOf(file: string, hdf5: Hdf5, place: string): number {
  const attribute = hdf5.attribute(place, 'conversion');
  const conversion = attribute === undefined ? 1 : asNumber(attribute);
  if (conversion !== undefined && Number.isFinite(conversion) && conversion !== 0) return conversion;
  throw refusal('RECORDING_CORRUPT', file, { place: `${place}@conversion`, rule: 'must be a number other than 0', got: String(attribute) });
}

/** A factor per channel; a patch-clamp series has one channel. */
function channelConversion(hdf5: Hdf5, path: string): number {
  return numberAt(hdf5, `${path}/channel_conversion`) ?? 1;
}

/** The first number of a dataset, where there is one. */
export function numberAt(hdf5: Hdf5, path: string): number | undefined {
  return hdf5.kind(path) === 'dataset' ? hdf5.numbers(path)[0] : undefined;
}

/** A number, or a list of one (some programs write attributes so). */
function asNumber(attribute: ReturnType<Hdf5['attribute']>): number | undefined {
  const value = typeof attribute === 'object' && attribute.length === 1 ? attribute[0] : attribute;
  return typeof value === 'number' ? value : undefined;
}
