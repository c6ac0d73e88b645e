/**
 * Reading HDF5 with h5wasm (the HDF5 C library as WebAssembly, in this thread): the few questions that the NWB importer asks. Not a
 * general interface, and no writing.
 *
 * Hazard: damaged files make the C library loop for ever, touch memory that it does not have, or abort (bit flips of one small file: 3 of
 * 1,500 loops, 1 bad access). So every read has a time limit, which interrupts WebAssembly too, sizes are checked before memory is taken,
 * and an instance that broke is thrown away. Each file gets a name of its own: the library would serve a second file of one name from
 * what it remembers of the first.
 * The library is 4 MB of JavaScript and takes 0.1 to 0.25 s to start, so it is imported only when an HDF5 file is read.
 */
import { Script } from 'node:vm';
import type * as H5wasm from 'h5wasm';
import { LoligoError } from '../../schemas/errors.ts';
import { refusal } from './refusal.ts';

type Library = typeof H5wasm;
type LibraryModule = Awaited<Library['ready']>;

/** A stretch of a time series, as NWB's tables refer to it. */
export interface SeriesReference {
  /** its identity; undefined where the table says that there is none */
  readonly series: string | undefined;
  /** -1: not said */
  readonly start: number;
  readonly count: number;
}

export type Attribute = string | number | readonly (string | number)[];

export interface Hdf5 {
  /** Names in a group in the order of the file; none where there is no such group. */
  children(path: string): string[];
  kind(path: string): 'group' | 'dataset' | 'elsewhere' | undefined;
  attribute(path: string, name: string): Attribute | undefined;
  /** The same for every path to an object: links of all kinds lead to it. */
  identity(path: string): string;
  shape(path: string): readonly number[];
  /** Integers or floats of any size and byte order, row by row. */
  numbers(path: string): Float64Array;
  text(path: string): string | undefined;
  /** Identities of the objects that a dataset of references names. */
  references(path: string): string[];
  seriesReferences(path: string): SeriesReference[];
}

/** 512 MiB as float64. */
const MOST_VALUES = 2 ** 26;
/** Deflate makes at most 1032 bytes of one; a dataset that claims more was never written. */
const MOST_BYTES_PER_BYTE = 1032;
const MOST_ATTRIBUTE_BYTES = 2 ** 20;
/** The shared files (0.9 and 2.3 MB) take 0.16 s with everything that follows. */
const TIME_LIMIT_MS = { perFile: 2000, perMegabyte: 1000 };

let library: Promise<Library> | undefined;
let [brokenInstances, filesRead] = [0, 0];

/** What `read` makes of the file. LoligoError RECORDING_CORRUPT or RECORDING_UNSUPPORTED with the object's path; `read` must be synchronous. */
export async function readHdf5<T>(file: string, content: Uint8Array, read: (hdf5: Hdf5) => T): Promise<T> {
  library ??= loadLibrary();
  const h5wasm = await library;
  const module = await h5wasm.ready;
  const name = `/${(filesRead += 1)}`;
  module.FS.writeFile(name, content);
  const timeout = TIME_LIMIT_MS.perFile + Math.ceil((content.length / 2 ** 20) * TIME_LIMIT_MS.perMegabyte);
  try {
    // a result crosses the border as it is: `read` is a function of this context
    return inTime(timeout, () => {
      const opened = guarded(file, '/', () => new h5wasm.File(name, 'r'));
      const result = read(questions({ file, bytes: content.length }, opened, h5wasm, module));
      opened.close();
      return result;
    });
  } catch (error) {
    if (error instanceof LoligoError && !isBreakdown(error.cause)) throw error;
    library = undefined;
    brokenInstances += 1;
    if (!isTimeout(error)) throw error;
    throw refusal('RECORDING_CORRUPT', file, {
      rule: `the HDF5 library must get through the file in ${timeout / 1000} s`,
      got: 'no end',
      remedy: 'The file is damaged. Copy it again, or repack it with h5repack.',
      cause: error,
    });
  } finally {
    module.FS.unlink(name);
  }
}

/** Runs synchronous work with a limit that stops even a loop inside WebAssembly. */
function inTime<T>(timeout: number, work: () => T): T {
  return new Script('work()').runInNewContext({ work }, { timeout }) as T; // the value of work()
}

/** An Error of another context, so not an instance of this one's. */
function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

/** WebAssembly's own error: a bad access, or an abort. */
function isBreakdown(error: unknown): boolean {
  return error instanceof Error && error.name === 'RuntimeError';
}

async function loadLibrary(): Promise<Library> {
  const loaded =
    brokenInstances === 0
      ? await import('h5wasm')
      : // the query makes it another module, with an instance of its own
        ((await import(`${import.meta.resolve('h5wasm')}?${brokenInstances}`)) as Library); // same file
  (await loaded.ready).activate_throwing_error_handler();
  return loaded;
}

/** One call into the library; what it throws is the file's fault. */
function guarded<T>(file: string, place: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof LoligoError || isTimeout(error)) throw error;
    throw refusal('RECORDING_CORRUPT', file, {
      place,
      rule: 'the HDF5 library must be able to read it',
      got: innermostReason(error),
      remedy: 'The file is damaged or was not copied to its end.',
      cause: error,
    });
  }
}

/** Of the library's trace of calls the last reason, which is the first that went wrong. */
function innermostReason(error: unknown): string {
  const reasons = [...String(error instanceof Error ? error.message : error).matchAll(/ in \w+\(\): (.*)/g)];
  return (reasons.at(-1)?.[1] ?? String(error)).slice(0, 200);
}

function questions(
  { file, bytes: fileBytes }: { file: string; bytes: number },
  opened: InstanceType<Library['File']>,
  { Group, Dataset }: Library,
  module: LibraryModule,
): Hdf5 {
  const id = opened.file_id;
  /** Of a dataset that is about to be read. */
  const metadata = (path: string) => {
    const found = module.get_dataset_metadata(id, path);
    checkSize(file, path, found, fileBytes);
    const elsewhere = found.virtual_sources?.find(({ file_name }) => file_name !== '.');
    if (elsewhere !== undefined) throw inAnotherFile(file, path, elsewhere.file_name);
    return found;
  };
  const kind = (path: string): ReturnType<Hdf5['kind']> => {
    const found = opened.get(path);
    if (found === null) return undefined;
    return found instanceof Group ? 'group' : found instanceof Dataset ? 'dataset' : 'elsewhere';
  };
  const valueOf = (path: string): unknown => {
    const found = opened.get(path);
    return found instanceof Dataset ? found.value : undefined;
  };
  /** The bytes of a dataset as they lie in memory; h5wasm does not decode references inside compounds. */
  const bytes = (path: string, length: number): Uint8Array => {
    const at = module._malloc(length);
    try {
      module.get_dataset_data(id, path, null, null, null, BigInt(at));
      return module.HEAPU8.slice(at, at + length);
    } finally {
      module._free(at);
    }
  };
  const ask =
    <T>(answer: (path: string) => T) =>
    (path: string): T =>
      guarded(file, path, () => answer(path));
  return {
    kind: ask(kind),
    children: ask((path) => (kind(path) === 'group' ? module.get_names(id, path, false) : [])),
    attribute: (path, name) =>
      guarded(file, `${path}@${name}`, () => {
        if (!module.get_attribute_names(id, path).includes(name)) return undefined;
        const { size, total_size } = module.get_attribute_metadata(id, path, name);
        return size * total_size > MOST_ATTRIBUTE_BYTES ? undefined : plainAttribute(opened.get(path), name);
      }),
    identity: ask((path) => hex(module.create_object_reference(id, path))),
    shape: ask((path) => module.get_dataset_metadata(id, path).shape ?? []),
    numbers: ask((path) => {
      metadata(path);
      const value = valueOf(path);
      if (typeof value === 'number' || typeof value === 'bigint') return Float64Array.of(Number(value));
      if (ArrayBuffer.isView(value) && !(value instanceof Uint8Array && metadata(path).type !== 0)) return floats(value);
      throw refusal('RECORDING_UNSUPPORTED', file, {
        place: path,
        rule: 'must be integers or floats of up to 64 bits',
        got: 'another type',
      });
    }),
    text: ask((path) => {
      if (kind(path) !== 'dataset') return undefined;
      metadata(path);
      const value = valueOf(path);
      const first: unknown = Array.isArray(value) ? value[0] : value;
      return typeof first === 'string' ? first : undefined;
    }),
    references: ask((path) => {
      const { type, total_size } = metadata(path);
      if (type !== module.H5T_class_t.H5T_REFERENCE.value) return [];
      const raw = bytes(path, total_size * module.SIZEOF_OBJ_REF);
      return Array.from({ length: total_size }, (_, i) => hex(raw.subarray(i * module.SIZEOF_OBJ_REF, (i + 1) * module.SIZEOF_OBJ_REF)));
    }),
    seriesReferences: ask((path) => {
      const { size, total_size, compound_type } = metadata(path);
      const [start, count, series] = ['idx_start', 'count', 'timeseries'].map((name) =>
        compound_type?.members.find((one) => one.name === name),
      );
      if (start === undefined || count === undefined || series === undefined) return [];
      const raw = bytes(path, total_size * size);
      const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
      return Array.from({ length: total_size }, (_, row) => {
        const at = row * size;
        const reference = raw.subarray(at + series.offset, at + series.offset + module.SIZEOF_OBJ_REF);
        return {
          series: reference.every((byte) => byte === 0) ? undefined : hex(reference),
          start: integerAt(view, at, start),
          count: integerAt(view, at, count),
        };
      });
    }),
  };
}

/** Before memory is taken: a damaged file may claim any size. */
function checkSize(
  file: string,
  path: string,
  { shape, size }: { shape: readonly number[] | null; size: number },
  fileBytes: number,
): void {
  const bytes = (shape ?? []).reduce((product, length) => product * length, size);
  const got = `${(shape ?? []).join(' x ')} of ${size} bytes`;
  if (!(bytes <= MOST_BYTES_PER_BYTE * fileBytes))
    throw refusal('RECORDING_CORRUPT', file, { place: path, rule: `a file of ${fileBytes} bytes cannot hold it`, got });
  if (bytes <= 8 * MOST_VALUES) return;
  throw refusal('RECORDING_UNSUPPORTED', file, {
    place: path,
    rule: `a dataset may have ${MOST_VALUES} values`,
    got,
    remedy: 'Write the sweeps that you need into a file of their own.',
  });
}

function inAnotherFile(file: string, path: string, other: string): LoligoError {
  return refusal('RECORDING_UNSUPPORTED', file, {
    place: path,
    rule: 'what a recording needs must lie in one file',
    got: `a part of ${other}`,
    remedy: 'Write a file without links to others (h5repack, or export in pynwb).',
  });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** A member of a row, as the file has it. */
function integerAt(
  view: DataView,
  row: number,
  { offset, size, littleEndian }: { offset: number; size: number; littleEndian: boolean },
): number {
  return size === 8 ? Number(view.getBigInt64(row + offset, littleEndian)) : view.getInt32(row + offset, littleEndian);
}

/** Any view on numbers as float64. */
function floats(view: ArrayBufferView): Float64Array {
  if (view instanceof BigInt64Array || view instanceof BigUint64Array) return Float64Array.from(view, Number);
  return Float64Array.from(view as Float64Array); // every other view of h5wasm is an array of numbers
}

/** A number, a string, or a list of them; anything else says nothing here. */
function plainAttribute(object: ReturnType<InstanceType<Library['File']>['get']>, name: string): Attribute | undefined {
  if (object === null || !('get_attribute' in object)) return undefined;
  const value: unknown = object.get_attribute(name, true);
  const isPlain = (one: unknown): one is string | number => typeof one === 'string' || typeof one === 'number';
  if (isPlain(value)) return value;
  return Array.isArray(value) && value.every(isPlain) ? value : undefined;
}
