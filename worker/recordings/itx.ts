/**
 * Importer of Igor text (`.itx`): blocks of `WAVES name ...`, `BEGIN`, rows, `END`, each followed by commands `X SetScale ...` that give
 * sampling (dimension x) and unit (dimension d or y). Waves in a unit of voltage are sweeps in the order of the file, and so are those
 * in a unit of current; a wave of two dimensions has a sweep in each column. Other waves, and other commands, are passed over.
 */
import type { ChannelChoice, Recording } from './recording.ts';
import { refusal } from './refusal.ts';
import { isElectrical, waveRecording } from './waves.ts';
import type { Wave, WaveChannel } from './waves.ts';
import { isCurrentUnit } from './units.ts';

const MS_PER: ReadonlyMap<string, number> = new Map(Object.entries({ s: 1e3, ms: 1, us: 1e-3, sec: 1e3, '': 1e3 }));

interface IgorWave {
  readonly name: string;
  readonly columns: number[][];
  /** dimension x: first point, distance of points, both in its unit */
  start: number;
  step: number;
  xUnit: string;
  unit: string;
}

/** RECORDING_CORRUPT with the line, RECORDING_CHANNEL without a wave of voltage. `text` has the signature. */
export function importItx(file: string, text: string, choice: ChannelChoice): Recording {
  const waves = readWaves(file, text.split(/\r\n|\r|\n/));
  const electrical = waves.filter(({ unit }) => isElectrical(unit));
  if (electrical.length === 0)
    throw refusal('RECORDING_CHANNEL', file, {
      rule: 'waves must have a unit of voltage or current',
      got: waves.length === 0 ? 'no wave' : waves.map(({ name, unit }) => `"${name}" (${unit === '' ? 'no unit' : unit})`).join(', '),
      remedy: 'Give them one in Igor (SetScale d 0, 0, "V", wave0) and save again, or export columns as CSV.',
    });
  return waveRecording(file, 'Igor text', channelsOf(file, electrical, choice), choice);
}

function readWaves(file: string, lines: readonly string[]): IgorWave[] {
  const waves = new Map<string, IgorWave>();
  for (let at = 1; at < lines.length; at += 1) {
    const line = lines[at]!.trim();
    const [, flags = '', names] = /^WAVES((?:\s*\/\w+(?:=\([^)]*\)|=[^\s/,]+)?)*)[\s,]+(.*)$/i.exec(line) ?? [];
    if (names !== undefined) {
      const end = endOfBlock(lines, at);
      if (lines[at + 1]?.trim().toUpperCase() !== 'BEGIN' || end === lines.length)
        throw refusal('RECORDING_CORRUPT', file, {
          place: `line ${at + 1}`,
          rule: 'WAVES must be followed by BEGIN, rows and END',
          got: line.slice(0, 60),
        });
      for (const wave of readBlock(file, lines, { from: at + 2, to: end }, waveNames(names), flags)) waves.set(wave.name, wave);
      at = end;
    } else if (/^X\s/i.test(line)) for (const command of line.slice(1).split(';')) applyScale(waves, command.trim());
  }
  return [...waves.values()];
}

/** The line END after line `at`; the number of lines where there is none. */
function endOfBlock(lines: readonly string[], at: number): number {
  let end = at + 1;
  while (end < lines.length && lines[end]!.trim().toUpperCase() !== 'END') end += 1;
  return end;
}

/** Names are separated by blanks, tabs or commas; unusual ones stand in single quotes. */
function waveNames(text: string): string[] {
  return [...text.matchAll(/'([^']*)'|([^\s,']+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

function readBlock(
  file: string,
  lines: readonly string[],
  { from, to }: { from: number; to: number },
  names: readonly string[],
  flags: string,
): IgorWave[] {
  const rows: number[][] = [];
  for (let at = from; at < to; at += 1) {
    if (lines[at]!.trim() === '') continue;
    const row = lines[at]!.trim()
      .split(/[\s,]+/)
      .map(Number);
    const width = rows[0]?.length ?? row.length;
    if (row.length !== width || !row.every(Number.isFinite))
      throw refusal('RECORDING_CORRUPT', file, {
        place: `line ${at + 1}`,
        rule: `must be ${width} finite numbers`,
        got: `"${lines[at]!.trim().slice(0, 40)}"`,
      });
    rows.push(row);
  }
  const columns = Array.from({ length: rows[0]?.length ?? 0 }, (_, column) => rows.map((row) => row[column]!));
  const scale = { start: 0, step: 1, xUnit: '', unit: '' };
  // /N=(rows, columns): one wave of two dimensions
  if (names.length === 1 && (columns.length > 1 || /=\(\s*\d+\s*,/.test(flags))) return [{ name: names[0]!, columns, ...scale }];
  if (names.length !== columns.length && rows.length > 0)
    throw refusal('RECORDING_CORRUPT', file, {
      place: `line ${from + 1}`,
      rule: `a row must have a number for each of ${names.length} waves`,
      got: String(columns.length),
    });
  return names.map((name, index) => ({ name, columns: [columns[index] ?? []], ...scale }));
}

/** `SetScale/P x start, step, "s", wave0, wave1`; without /P the second number is where the wave ends (/I: its last point). */
function applyScale(waves: ReadonlyMap<string, IgorWave>, command: string): void {
  const [, flag = '', dimension, first, second, unit, names] =
    /^SetScale\s*(?:\/(\w))?\s+(\w)\s*,?\s*([^,]+),\s*([^,]+),\s*"([^"]*)"\s*,\s*(.+)$/i.exec(command) ?? [];
  if (dimension === undefined || first === undefined || second === undefined || unit === undefined || names === undefined) return;
  for (const name of waveNames(names)) {
    const wave = waves.get(name);
    if (wave === undefined) continue;
    if (/[dD]|[yY]/.test(dimension) && !(dimension.toLowerCase() === 'y' && wave.columns.length > 1)) wave.unit = unit;
    if (dimension.toLowerCase() !== 'x') continue;
    const points = wave.columns[0]?.length ?? 0;
    wave.start = Number(first);
    wave.step =
      flag.toUpperCase() === 'P' ? Number(second) : (Number(second) - wave.start) / (flag.toUpperCase() === 'I' ? points - 1 : points);
    wave.xUnit = unit;
  }
}

/** One channel of voltage and one of current, unless the caller names waves. */
function channelsOf(file: string, waves: readonly IgorWave[], choice: ChannelChoice): WaveChannel[] {
  const channels = new Map<string, { name: string; unit: string; waves: [Wave, ...Wave[]] }>();
  for (const wave of waves) {
    const named = wave.name === (isCurrentUnit(wave.unit) ? choice.currentChannel : choice.voltageChannel);
    const key = named ? wave.name : `\n${wave.unit}`;
    for (const column of wave.columns) {
      const known = channels.get(key);
      if (known === undefined) channels.set(key, { name: wave.name, unit: wave.unit, waves: [scaled(file, wave, column)] });
      else known.waves.push(scaled(file, wave, column));
    }
  }
  return [...channels.values()];
}

function scaled(file: string, { name, start, step, xUnit }: IgorWave, column: readonly number[]): Wave {
  const factor = MS_PER.get(xUnit);
  const wrong = (rule: string, got: string) => refusal('RECORDING_CORRUPT', file, { place: `wave ${name}`, rule, got });
  if (factor === undefined || !Number.isFinite(start))
    throw wrong('points must be apart in s or ms (X SetScale/P x start, step, "s", wave)', xUnit);
  if (column.length < 2) throw wrong('at least two points are needed', String(column.length));
  return { values: Float64Array.from(column), startMs: start * factor, sampleMs: Number((step * factor).toPrecision(12)) };
}
