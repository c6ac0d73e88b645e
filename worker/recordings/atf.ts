/**
 * Importer of Axon Text Format (Clampfit, AxoScope): a table with tabs below a header. Line 1 is `ATF` and the version; line 2 the number
 * of header records and of columns; then the records; then the titles, `"Time (s)"  "Trace #1 (mV)"  ...`; then the rows. The record
 * `Signals=` names the signal of each column after the time: the n-th column of a signal is sweep n.
 */
import type { ChannelChoice, Recording } from './recording.ts';
import { refusal } from './refusal.ts';
import { samplingInterval } from './sampling-interval.ts';
import { waveRecording } from './waves.ts';
import type { Wave, WaveChannel } from './waves.ts';

const MS_PER: ReadonlyMap<string, number> = new Map(Object.entries({ s: 1e3, ms: 1, us: 1e-3, '\u00b5s': 1e-3, min: 6e4 }));
/** Columns that make sense; the number stands in the file. */
const MOST_COLUMNS = 100_000;

/** RECORDING_CORRUPT with the line, RECORDING_CHANNEL without a voltage. `text` has the signature. */
export function importAtf(file: string, text: string, choice: ChannelChoice): Recording {
  const lines = text.split(/\r\n|\r|\n/);
  const [records, columns] = counts(file, lines[1] ?? '');
  const titleLine = 2 + records;
  const titles = cells(lines[titleLine] ?? '');
  if (titles.length !== columns || columns < 2)
    throw refusal('RECORDING_CORRUPT', file, {
      place: `line ${titleLine + 1}`,
      rule: `the titles of ${columns} columns (2 or more) must follow ${records} header records`,
      got: `${titles.length} cells`,
    });
  const values = readRows(file, lines, titleLine + 1, columns);
  const timeMs = values[0]!.map((value) => value * timeFactor(file, titles[0]!, titleLine));
  const sampleMs = samplingInterval(file, timeMs, (row) => `row ${row + 1} of the table`);
  const signals = signalNames(lines.slice(2, titleLine), columns - 1);
  const waves = values.slice(1).map((column): Wave => ({ values: column, startMs: timeMs[0]!, sampleMs }));
  return waveRecording(file, `ATF ${cells(lines[0]!)[1] ?? ''}`.trim(), bySignal(titles.slice(1), signals, waves), choice);
}

function counts(file: string, line: string): [number, number] {
  const [records, columns] = line.trim().split(/\s+/).map(Number);
  const isCount = (value: number | undefined): value is number => value !== undefined && Number.isInteger(value) && value >= 0;
  if (isCount(records) && isCount(columns) && columns <= MOST_COLUMNS) return [records, columns];
  throw refusal('RECORDING_CORRUPT', file, {
    place: 'line 2',
    rule: 'must be the number of header records and the number of columns',
    got: `"${line.slice(0, 60)}"`,
  });
}

function cells(line: string): string[] {
  return line.split('\t').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

function readRows(file: string, lines: readonly string[], first: number, columns: number): Float64Array[] {
  const rows = lines.slice(first).flatMap((line, index) => (line.trim() === '' ? [] : [{ line, number: first + index + 1 }]));
  if (rows.length < 2)
    throw refusal('RECORDING_CORRUPT', file, { rule: 'at least two rows of numbers are needed', got: String(rows.length) });
  const values = Array.from({ length: columns }, () => new Float64Array(rows.length));
  rows.forEach(({ line, number }, row) => {
    const found = cells(line);
    if (found.length !== columns)
      throw refusal('RECORDING_CORRUPT', file, {
        place: `line ${number}`,
        rule: `every row must have ${columns} cells`,
        got: String(found.length),
      });
    found.forEach((cell, column) => {
      const value = cell === '' ? NaN : Number(cell);
      if (!Number.isFinite(value))
        throw refusal('RECORDING_CORRUPT', file, {
          place: `line ${number}, column ${column + 1}`,
          rule: 'must be a finite number',
          got: `"${cell.slice(0, 40)}"`,
        });
      values[column]![row] = value;
    });
  });
  return values;
}

/** `Trace #1 (mV)`: name and unit. */
function titleParts(title: string): { name: string; unit: string } {
  const open = title.lastIndexOf('(');
  if (open === -1 || !title.trimEnd().endsWith(')')) return { name: title, unit: '' };
  return { name: title.slice(0, open).trimEnd(), unit: title.trimEnd().slice(open + 1, -1) };
}

function timeFactor(file: string, title: string, line: number): number {
  const factor = MS_PER.get(titleParts(title).unit);
  if (factor !== undefined) return factor;
  throw refusal('RECORDING_CORRUPT', file, {
    place: `line ${line + 1}`,
    rule: 'the first column must be time in s, ms or us, such as "Time (s)"',
    got: `"${title}"`,
  });
}

/** Of each column after the time; undefined when the file does not say it of all. */
function signalNames(records: readonly string[], columns: number): string[] | undefined {
  const record = records.map(cells).find(([key]) => key === 'Signals=');
  const names = record?.slice(1).filter((name) => name !== '');
  return names?.length === columns ? names : undefined;
}

/** Without signal names, columns of one unit are one channel. */
function bySignal(titles: readonly string[], signals: readonly string[] | undefined, waves: readonly Wave[]): WaveChannel[] {
  const channels = new Map<string, { name: string; unit: string; waves: [Wave, ...Wave[]] }>();
  waves.forEach((wave, index) => {
    const { name: title, unit } = titleParts(titles[index]!);
    const name = signals?.[index] ?? title;
    const key = signals === undefined ? unit : `${name}\n${unit}`;
    const known = channels.get(key);
    if (known === undefined) channels.set(key, { name, unit, waves: [wave] });
    else known.waves.push(wave);
  });
  return [...channels.values()];
}
