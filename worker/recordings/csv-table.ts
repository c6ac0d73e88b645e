/**
 * A table of named numeric columns as text: comma, semicolon or tab between cells, quotes as in RFC 4180 (a quoted cell ends on its
 * own line), comments from # to the end of a line that starts with it, LF, CRLF or CR, an optional byte order mark.
 *
 * Rows are read lazily, so that a file of many columns costs only the columns that are asked for.
 */
import { refusal } from './refusal.ts';

const DELIMITERS = [',', ';', '\t'] as const;

export interface CsvTable {
  readonly names: readonly string[];
  /** Cells and the line of the file, from 1. RECORDING_CORRUPT for a row with too few or too many cells, or an open quote. */
  rows(): Iterable<{ readonly line: number; readonly cells: readonly string[] }>;
}

/** RECORDING_FORMAT when the text has no header of at least two distinct names. */
export function readCsvTable(file: string, text: string): CsvTable {
  const header = nextLine(text, { start: 0, line: 0 });
  const delimiter = header === undefined ? undefined : mostFrequent(header.text);
  if (header === undefined || delimiter === undefined)
    throw refusal('RECORDING_FORMAT', file, {
      rule: 'a recording is an ABF or NWB file, or a text table whose first row names its columns, separated by comma, semicolon or tab',
      got: header === undefined ? 'no row at all' : `"${header.text.slice(0, 60)}"`,
    });
  const names = splitRow(file, header.text, delimiter, header.line).map((name) => name.trim());
  checkNames(file, header.line, names);
  return {
    names,
    *rows() {
      for (let row = nextLine(text, header.next); row !== undefined; row = nextLine(text, row.next)) {
        const cells = splitRow(file, row.text, delimiter, row.line);
        if (cells.length !== names.length)
          throw refusal('RECORDING_CORRUPT', file, {
            place: `line ${row.line}`,
            rule: `every row must have ${names.length} cells, as the header has`,
            got: String(cells.length),
          });
        yield { line: row.line, cells };
      }
    },
  };
}

interface Position {
  readonly start: number;
  /** lines before it */
  readonly line: number;
}

/** The next line with content that is no comment, its number, and where the one after it starts. */
function nextLine(text: string, from: Position): { text: string; line: number; next: Position } | undefined {
  let { start, line } = from;
  while (start < text.length) {
    const end = endOfLine(text, start);
    const content = text.slice(start, end);
    start = end + (text.startsWith('\r\n', end) ? 2 : 1);
    line += 1;
    if (content.trim() !== '' && !content.startsWith('#')) return { text: content, line, next: { start, line } };
  }
  return undefined;
}

const LINE_END = /[\r\n]/g;

function endOfLine(text: string, start: number): number {
  LINE_END.lastIndex = start;
  return LINE_END.exec(text)?.index ?? text.length;
}

function mostFrequent(header: string): string | undefined {
  const unquoted = header.replace(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => ({ delimiter, count: unquoted.split(delimiter).length - 1 }));
  return counts.filter(({ count }) => count > 0).toSorted((a, b) => b.count - a.count)[0]?.delimiter;
}

function checkNames(file: string, line: number, names: readonly string[]): void {
  const twice = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  if (twice !== undefined)
    throw refusal('RECORDING_CORRUPT', file, { place: `line ${line}`, rule: 'columns must have different names', got: `"${twice}" twice` });
  if (names.every((name) => name === '' || Number.isFinite(Number(name))))
    throw refusal('RECORDING_FORMAT', file, {
      place: `line ${line}`,
      rule: 'the first row must name the columns',
      got: names.join(' ').slice(0, 60),
      remedy: 'Put a row such as t,V,I first.',
    });
}

function splitRow(file: string, text: string, delimiter: string, line: number): string[] {
  if (!text.includes('"')) return text.split(delimiter);
  const cells: string[] = [];
  let [cell, quoted] = ['', false];
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i]!;
    if (quoted && character === '"' && text[i + 1] === '"') i += 1;
    else if (character === '"' && (quoted || cell.trim() === '')) {
      quoted = !quoted;
      continue;
    }
    if (!quoted && character === delimiter) cell = (cells.push(cell), '');
    else cell += character;
  }
  if (!quoted) return [...cells, cell];
  throw refusal('RECORDING_CORRUPT', file, {
    place: `line ${line}`,
    rule: 'a quoted cell must end on its line',
    got: `"${cell.slice(0, 60)}`,
  });
}
