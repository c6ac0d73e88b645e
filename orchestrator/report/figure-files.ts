/**
 * The figures of a report as files, for papers and other programs: each as one SVG in the colours of paper, its numbers as CSV, and figures.json,
 * which says what each is. Files of an older report that the new one does not have are removed; what others put there is let be.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder, onDisk, writeAtomically } from '../results/disk.ts';
import { FIGURE_FOLDER } from './figure.ts';
import type { DrawnFigure } from './figure.ts';
import { figureSvg } from './figure-svg.ts';
import { textOf } from './markup.ts';
import { csvText } from './numbers-table.ts';

const LIST = 'figures.json';

/** Throws DISK where the folder cannot be written. */
export function writeFigures(runDirectory: string, figures: readonly DrawnFigure[]): void {
  const folder = join(runDirectory, FIGURE_FOLDER);
  makeFolder(folder);
  const files = new Map(figures.flatMap(filesOf));
  for (const old of listed(join(folder, LIST))) if (!files.has(old)) rmSync(join(folder, old), { force: true });
  for (const [file, text] of files) onDisk(join(folder, file), 'writing', () => writeFileSync(join(folder, file), text));
  const list = figures.map(({ name, number, title, caption, files: names }) => ({
    name,
    number,
    title,
    caption: textOf(caption),
    files: names,
  }));
  writeAtomically(join(folder, LIST), `${JSON.stringify(list, undefined, 2)}\n`);
}

function filesOf(figure: DrawnFigure): [name: string, text: string][] {
  const tables = figure.numbers.filter(({ rows }) => rows.length > 0);
  const [drawing = '', ...csv] = figure.files;
  return [[drawing, figureSvg(figure)], ...csv.map((file, i): [string, string] => [file, csvText(tables[i]!)])];
}

/** File names of an older list, none that leads out of the folder; nothing where there is no list, or something else in its place. */
function listed(path: string): string[] {
  if (!existsSync(path)) return [];
  const names = readFileSync(path, 'utf8').matchAll(/^\s+"([\w.-]+\.(?:svg|csv))",?$/gm);
  return [...names].map(([, name]) => name!);
}
