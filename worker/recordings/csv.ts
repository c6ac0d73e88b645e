/**
 * Importer of CSV: one sweep of uniformly sampled columns, whose roles and units the caller names (CsvColumns: the key says the unit).
 * Without names, columns that are called like the keys (`timeMs`, `voltageMv`, `currentPa`, ...) are taken.
 */
import type { CsvColumns } from '../../schemas/generated/types.ts';
import { throwIfAny } from '../../schemas/errors.ts';
import type { Violation } from '../../schemas/errors.ts';
import { checkSampling, checkVoltage } from './channels.ts';
import { readCsvTable } from './csv-table.ts';
import type { CsvTable } from './csv-table.ts';
import type { Recording } from './recording.ts';
import { refusal } from './refusal.ts';
import { samplingInterval } from './sampling-interval.ts';
import { traceKind } from './trace-kind.ts';

type Role = 'time' | 'voltage' | 'current';
type ColumnKey = keyof CsvColumns;

/** What each key means; `factor` takes the column to ms and mV, currents keep their unit. */
const KEYS = {
  timeMs: { role: 'time', unit: 'ms', factor: 1 },
  timeS: { role: 'time', unit: 's', factor: 1e3 },
  voltageMv: { role: 'voltage', unit: 'mV', factor: 1 },
  voltageV: { role: 'voltage', unit: 'V', factor: 1e3 },
  currentUaPerCm2: { role: 'current', unit: 'uA/cm2', factor: 1 },
  currentPa: { role: 'current', unit: 'pA', factor: 1 },
  currentNa: { role: 'current', unit: 'nA', factor: 1 },
} as const satisfies Record<ColumnKey, { role: Role; unit: string; factor: number }>;

/** Every key of `columns` in a spec. */
export const COLUMN_KEYS = Object.keys(KEYS) as readonly ColumnKey[]; // Object.keys gives strings; KEYS has exactly these

/** The key of a column of current in that unit. */
export function currentColumn(unit: string): ColumnKey | undefined {
  return COLUMN_KEYS.find((key) => KEYS[key].role === 'current' && KEYS[key].unit === unit);
}

/** Bad cells that one message lists. */
const LISTED = 5;

export interface CsvOptions {
  readonly columns?: CsvColumns;
  /** V alone will do: the current is then not known. */
  readonly currentOptional?: boolean;
}

interface Column {
  readonly key: ColumnKey;
  readonly name: string;
  /** position in the row */
  readonly position: number;
}

/** One sweep. RECORDING_CHANNEL for columns that are not there, RECORDING_CORRUPT for rows that are wrong, with their lines. */
export function importCsv(file: string, text: string, options: CsvOptions): Recording {
  const table = readCsvTable(file, text);
  const columns = chooseColumns(file, table, options);
  const { values, lines } = readColumns(file, table, columns);
  const [time, voltage, current] = (['time', 'voltage', 'current'] as const).map((role) =>
    columns.find(({ key }) => KEYS[key].role === role),
  );
  if (time === undefined || voltage === undefined) throw new Error('internal: chooseColumns let a missing column pass');
  const timeMs = scaled(values, columns, time);
  const voltageMv = scaled(values, columns, voltage);
  checkVoltage(file, 0, voltageMv);
  const sampleMs = samplingInterval(file, timeMs, (row) => `line ${lines[row]}`);
  checkSampling(file, sampleMs);
  const currents = current === undefined ? new Float64Array(voltageMv.length) : scaled(values, columns, current);
  const stimulus = { channel: current?.name ?? '', unit: current === undefined ? 'pA' : KEYS[current.key].unit };
  return {
    file,
    format: 'CSV',
    channels: columns.filter((column) => column !== time).map(({ key, name }) => ({ name, unit: KEYS[key].unit })),
    sweeps: [
      {
        index: 0,
        startMs: timeMs[0]!,
        sampleMs,
        voltageChannel: voltage.name,
        voltageMv,
        current: currents,
        stimulus:
          current === undefined
            ? { ...stimulus, source: 'none', kind: 'unknown' }
            : { ...stimulus, source: 'stored', kind: traceKind(currents) },
      },
    ],
    continuous: false,
  };
}

/** At most one column for each role; all that is missing at once. */
function chooseColumns(file: string, table: CsvTable, { columns, currentOptional = false }: CsvOptions): Column[] {
  const wanted = columns ?? Object.fromEntries(COLUMN_KEYS.filter((key) => table.names.includes(key)).map((key) => [key, key]));
  const found = COLUMN_KEYS.flatMap((key) =>
    wanted[key] === undefined ? [] : [{ key, name: wanted[key], position: table.names.indexOf(wanted[key]) }],
  );
  const known = `The columns are ${table.names.map((name) => `"${name}"`).join(', ')}.`;
  const violation = (rule: string, got: string, remedy: string): Violation => ({
    code: 'RECORDING_CHANNEL',
    where: file,
    rule,
    got,
    remedy,
  });
  const absent = found
    .filter(({ position }) => position === -1)
    .map(({ key, name }) => violation(`columns.${key} must name a column`, `"${name}"`, known));
  const roles: readonly Role[] = ['time', 'voltage', 'current'];
  const wrong = roles.flatMap((role) => {
    const keys = COLUMN_KEYS.filter((key) => KEYS[key].role === role);
    const count = found.filter(({ key }) => KEYS[key].role === role).length;
    if (count === 1 || (count === 0 && role === 'current' && currentOptional)) return [];
    const rule = `exactly one column of ${role} is needed`;
    return [violation(rule, String(count), `Name it in the recording's "columns" by one of ${keys.join(', ')}. ${known}`)];
  });
  throwIfAny([...absent, ...wrong]);
  return found;
}

/** The numbers of each column, and the line of each row. */
function readColumns(file: string, table: CsvTable, columns: readonly Column[]): { values: number[][]; lines: number[] } {
  const values: number[][] = columns.map(() => []);
  const lines: number[] = [];
  const wrong: Violation[] = [];
  for (const { line, cells } of table.rows()) {
    lines.push(line);
    columns.forEach(({ name, position }, index) => {
      const cell = cells[position]!.trim();
      const value = cell === '' ? NaN : Number(cell);
      if (!Number.isFinite(value) && wrong.length < LISTED) wrong.push(badCell(file, line, name, cell));
      values[index]!.push(value);
    });
  }
  throwIfAny(wrong);
  if (lines.length < 2)
    throw refusal('RECORDING_CORRUPT', file, { rule: 'at least two rows of numbers are needed', got: String(lines.length) });
  return { values, lines };
}

function badCell(file: string, line: number, name: string, cell: string): Violation {
  const violation = {
    code: 'RECORDING_CORRUPT',
    where: `${file}: line ${line}, column "${name}"`,
    rule: 'must be a finite number',
    got: `"${cell.slice(0, 40)}"`,
  } as const;
  return /^[-+]?\d+,\d+$/.test(cell) ? { ...violation, remedy: 'Write decimals with a point.' } : violation;
}

function scaled(values: readonly number[][], columns: readonly Column[], column: Column): Float64Array {
  const { factor } = KEYS[column.key];
  return Float64Array.from(values[columns.indexOf(column)]!, (value) => value * factor);
}
