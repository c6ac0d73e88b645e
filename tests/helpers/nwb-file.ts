/** Writes small NWB files for tests with h5wasm: what the importer reads of the format, nothing more. Not valid NWB for other programs. */
import type { File as Hdf5File, Group } from 'h5wasm';

export interface NwbSeries {
  readonly name: string;
  /** /acquisition when absent */
  readonly group?: string;
  /** neurodata_type; CurrentClampSeries when absent */
  readonly type?: string;
  /** as stored; volts and a thousandth of them when absent: -70, -69, ... mV */
  readonly values?: ArrayLike<number>;
  /** null: no such attribute */
  readonly unit?: string | null;
  readonly conversion?: number;
  readonly offset?: number;
  readonly channelConversion?: number;
  /** Hz; null: neither rate nor starting time */
  readonly rate?: number | null;
  readonly startS?: number;
  readonly timestamps?: readonly number[];
  readonly sweepNumber?: number;
  /** name of the electrode, or null for none */
  readonly electrode?: string | null;
  readonly biasA?: number;
  readonly shape?: readonly number[];
  readonly compressed?: boolean;
}

/** A row of the table of intracellular recordings: path, first sample, number of samples. */
export type TableEntry = readonly [path: string, start: number, count: number];

export interface NwbFile {
  /** null: none; those that start with NWB are a dataset, as in version 1 */
  readonly version?: string | null;
  readonly series?: readonly NwbSeries[];
  readonly recordings?: readonly { readonly response: TableEntry; readonly stimulus: TableEntry }[];
  /** sweep number and paths */
  readonly sweepTable?: readonly (readonly [number, ...string[]])[];
  /** version 1: name of an epoch and the paths of its series */
  readonly epochs?: Readonly<Record<string, readonly string[]>>;
  /** written at the end */
  readonly more?: (file: Hdf5File) => void;
}

export const SAMPLES = 40;
const PRESENTED = '/stimulus/presentation';
const ICEPHYS = '/general/intracellular_ephys';
let written = 0;

/** Values of a stimulus in amperes: `pa` from sample 10 to 29. */
export function stepOf(pa: number): Float64Array {
  return Float64Array.from({ length: SAMPLES }, (_, i) => (i >= 10 && i < 30 ? pa * 1e-12 : 0));
}

export function stimulus(name: string, pa: number, more: Partial<NwbSeries> = {}): NwbSeries {
  return { name, group: PRESENTED, type: 'CurrentClampStimulusSeries', unit: 'amperes', values: stepOf(pa), ...more };
}

export async function nwbFile(given: NwbFile = {}): Promise<Buffer> {
  const { File, ready } = await import('h5wasm');
  const { FS } = await ready;
  const path = `/written-${(written += 1)}`;
  const file = new File(path, 'w');
  const { version = '2.6.0', series = [], recordings = [], sweepTable = [], epochs = {} } = given;
  if (version?.startsWith('NWB') === true) file.create_dataset({ name: 'nwb_version', data: version });
  else if (version !== null) file.create_attribute('nwb_version', version);
  for (const name of ['elec0', 'elec1']) groupAt(file, `${ICEPHYS}/${name}`).create_attribute('object_id', `id of ${name}`);
  groupAt(file, '/acquisition');
  groupAt(file, PRESENTED);
  for (const one of series) writeSeries(file, one, version);
  if (recordings.length > 0) writeRecordings(file, recordings);
  if (sweepTable.length > 0) writeSweepTable(file, sweepTable);
  for (const [name, paths] of Object.entries(epochs))
    paths.forEach((target, index) => groupAt(file, `/epochs/${name}/${index}`).create_soft_link(target, 'timeseries'));
  given.more?.(file);
  file.flush();
  file.close();
  const content = Buffer.from(FS.readFile(path));
  FS.unlink(path);
  return content;
}

/** The group, made where it is not there, with those above it. */
function groupAt(file: Hdf5File, path: string): Group {
  let group = file as Group;
  for (const name of path.split('/').filter((part) => part !== '')) {
    const there = group.keys().includes(name) ? group.get(name) : group.create_group(name);
    group = there as Group; // tests name groups only
  }
  return group;
}

function writeSeries(file: Hdf5File, series: NwbSeries, version: string | null): void {
  const { name, group = '/acquisition', type = 'CurrentClampSeries', rate = 10_000, startS = 0, electrode = 'elec0' } = series;
  const to = groupAt(file, `${group}/${name}`);
  if (version?.startsWith('NWB') === true) to.create_attribute('ancestry', ['TimeSeries', 'PatchClampSeries', type]);
  else to.create_attribute('neurodata_type', type);
  if (series.sweepNumber !== undefined) to.create_attribute('sweep_number', series.sweepNumber);
  if (electrode !== null) to.create_soft_link(`${ICEPHYS}/${electrode}`, 'electrode');
  const values = Float64Array.from(series.values ?? Array.from({ length: SAMPLES }, (_, i) => (-70 + i) * 1e-3));
  const data = to.create_dataset({
    name: 'data',
    data: values,
    ...(series.shape === undefined ? {} : { shape: [...series.shape] }),
    ...(series.compressed === true ? { chunks: [16], compression: 'gzip' as const } : {}),
  });
  if (series.unit !== null) data.create_attribute('unit', series.unit ?? 'volts');
  data.create_attribute('conversion', series.conversion ?? 1, undefined, '<d');
  if (series.offset !== undefined) data.create_attribute('offset', series.offset, undefined, '<d');
  if (series.channelConversion !== undefined)
    to.create_dataset({ name: 'channel_conversion', data: Float64Array.of(series.channelConversion) });
  if (series.biasA !== undefined) to.create_dataset({ name: 'bias_current', data: Float64Array.of(series.biasA), shape: [] });
  if (series.timestamps !== undefined) to.create_dataset({ name: 'timestamps', data: Float64Array.from(series.timestamps) });
  else if (rate !== null)
    to.create_dataset({ name: 'starting_time', data: Float64Array.of(startS), shape: [] }).create_attribute('rate', rate, undefined, '<d');
}

function writeRecordings(file: Hdf5File, rows: NonNullable<NwbFile['recordings']>): void {
  const column = (table: string, name: string, entries: readonly TableEntry[]): void => {
    groupAt(file, `${ICEPHYS}/intracellular_recordings/${table}`).create_dataset({
      name,
      data: new Map<string, Int32Array | ReturnType<Group['create_reference']>[]>([
        ['idx_start', Int32Array.from(entries, ([, start]) => start)],
        ['count', Int32Array.from(entries, ([, , count]) => count)],
        ['timeseries', entries.map(([path]) => groupAt(file, path).create_reference())],
      ]),
      shape: [entries.length],
    });
  };
  column(
    'responses',
    'response',
    rows.map(({ response }) => response),
  );
  column(
    'stimuli',
    'stimulus',
    rows.map(({ stimulus: one }) => one),
  );
}

function writeSweepTable(file: Hdf5File, rows: NonNullable<NwbFile['sweepTable']>): void {
  const table = groupAt(file, `${ICEPHYS}/sweep_table`);
  const paths = rows.map(([, ...series]) => series);
  let end = 0;
  table.create_dataset({ name: 'series', data: paths.flat().map((path) => groupAt(file, path).create_reference()) });
  table.create_dataset({ name: 'series_index', data: Int32Array.from(paths, ({ length }) => (end += length)) });
  table.create_dataset({ name: 'sweep_number', data: Int32Array.from(rows, ([number]) => number) });
}
