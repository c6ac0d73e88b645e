/** Columns that fill while results stream in and are brought into one order at the end. A column holds plain numbers: eight, four or one byte a replica. */

type Numbers = Float64Array | Int32Array | Uint8Array;

export interface Column<T extends Numbers> {
  push(value: number): void;
  /** The values in the order of `rows`; of arrival without. With `rows` the column gives them away, and is empty from then on. */
  take(rows?: Int32Array): T;
}

const FIRST_CAPACITY = 256;

function createColumn<T extends Numbers>(create: (length: number) => T, room: number): Column<T> {
  let values = create(Math.max(room, FIRST_CAPACITY));
  let size = 0;
  const grow = () => {
    const larger = create(2 * values.length);
    larger.set(values);
    values = larger;
  };
  return {
    push: (value) => {
      if (size === values.length) grow();
      values[size++] = value;
    },
    take: (rows) => {
      if (rows === undefined) return filled(create, size, (i) => values[i]!);
      const given = values;
      const all = size;
      [values, size] = [create(FIRST_CAPACITY), 0];
      // a million replicas that came in order are not held twice; the constructor's view of a part is of the same kind
      if (all === rows.length && isInOrder(rows)) return given.subarray(0, all) as T;
      return filled(create, rows.length, (i) => given[rows[i]!]!);
    },
  };
}

function filled<T extends Numbers>(create: (length: number) => T, length: number, at: (i: number) => number): T {
  const taken = create(length);
  for (let i = 0; i < length; i++) taken[i] = at(i);
  return taken;
}

function isInOrder(rows: Int32Array): boolean {
  for (let i = 0; i < rows.length; i++) if (rows[i] !== i) return false;
  return true;
}

/** Makers of columns with room for so many values: memory that need not grow is not copied, nor held twice. More values may come. */
export interface Columns {
  readonly float64: () => Column<Float64Array>;
  /** NaN in every row until a first number comes; a column without any takes no memory, and is empty when taken. */
  readonly sparse64: () => Column<Float64Array>;
  readonly int32: () => Column<Int32Array>;
  readonly flags: () => Column<Uint8Array>;
  readonly coded: <V extends string | number>() => CodedColumn<V>;
}

export function columnsFor(room: number): Columns {
  const float64 = () => createColumn((length) => new Float64Array(length), room);
  const int32 = () => createColumn((length) => new Int32Array(length), room);
  return {
    float64,
    sparse64: () => sparse(float64),
    int32,
    flags: () => createColumn((length) => new Uint8Array(length), room),
    coded: () => coded(int32()),
  };
}

function sparse(create: () => Column<Float64Array>): Column<Float64Array> {
  let column: Column<Float64Array> | undefined;
  let rowsBefore = 0;
  return {
    push: (value) => {
      if (column === undefined && Number.isNaN(value)) {
        rowsBefore += 1;
        return;
      }
      if (column === undefined) {
        column = create();
        for (let row = 0; row < rowsBefore; row++) column.push(NaN);
      }
      column.push(value);
    },
    take: (rows) => column?.take(rows) ?? new Float64Array(),
  };
}

/** A column of few distinct values: a code per row into `values`, which is sorted; -1 where a row has none. */
export interface Coded<V extends string | number> {
  readonly values: readonly V[];
  readonly codes: Int32Array;
}

export interface CodedColumn<V extends string | number> {
  push(value: V | undefined): void;
  take(rows?: Int32Array): Coded<V>;
}

const NONE = -1;

/** Codes are given in the order of arrival and renamed at the end, so that the order leaves no trace. */
function coded<V extends string | number>(arrived: Column<Int32Array>): CodedColumn<V> {
  const known = new Map<V, number>();
  const codeOf = (value: V) => {
    const code = known.get(value) ?? known.size;
    known.set(value, code);
    return code;
  };
  return {
    push: (value) => arrived.push(value === undefined ? NONE : codeOf(value)),
    take: (rows) => {
      const values = [...known.keys()].toSorted(compare);
      const position = new Map(values.map((value, i) => [value, i]));
      const renamed = Int32Array.from(known.keys(), (value) => position.get(value)!);
      return { values, codes: arrived.take(rows).map((code) => renamed[code] ?? NONE) };
    },
  };
}

/** A column of numbers that are there already, by code. */
export function codedNumbers(numbers: Iterable<number>): Coded<number> {
  const column = columnsFor(0).coded<number>();
  for (const value of numbers) column.push(value);
  return column.take();
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
