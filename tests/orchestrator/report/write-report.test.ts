import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { writeReport } from '../../../orchestrator/report/write-report.ts';
import { unbalancedTags } from '../../helpers/markup-balance.ts';
import { inputs, reports } from '../../helpers/report-inputs.ts';

describe('writing', () => {
  let folder: string | undefined;
  afterEach(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true });
    folder = undefined;
  });

  test('puts every figure beside the report: a drawing that stands alone, its numbers, and what it is', async () => {
    folder = await mkdtemp(join(tmpdir(), 'loligo-report-'));
    writeReport(folder, inputs['typical']!);
    const figures = join(folder, 'figures');
    // written by the report
    const list = JSON.parse(await readFile(join(figures, 'figures.json'), 'utf8')) as { name: string; caption: string; files: string[] }[];
    expect(list.length).toBe(reports['typical']!.match(/<figure /g)!.length);
    expect((await readdir(figures)).toSorted()).toEqual(['figures.json', ...list.flatMap(({ files }) => files)].toSorted());
    for (const { name, caption, files } of list) {
      expect(caption).not.toMatch(/[<>]|&#/);
      expect(files.length, name).toBeGreaterThan(1);
      for (const file of files) {
        expect(reports['typical']).toContain(`href="figures/${file}"`);
        const text = await readFile(join(figures, file), 'utf8');
        if (file.endsWith('.svg')) expectStandalone(text);
        else expectTable(text);
      }
    }
    const names = list.map(({ name }) => name);
    for (const name of ['voltage', 'gates', 'variability', 'spike-shape', 'parameters', 'pairs', 'predictive', 'physics-gap'])
      expect(names).toContain(name);
  });

  test('takes away the figures of an older report and nothing else', async () => {
    folder = await mkdtemp(join(tmpdir(), 'loligo-report-'));
    writeReport(folder, inputs['of several weights']!);
    const figures = join(folder, 'figures');
    await writeFile(join(figures, 'mine.csv'), 'a,b\n');
    expect(await readdir(figures)).toContain('groups.csv');
    writeReport(folder, inputs['without traces']!);
    const left = await readdir(figures);
    expect(left).toContain('mine.csv');
    expect(left).not.toContain('groups.csv');
    expect(left).toContain('parameters.csv');
  });

  test('puts the report and the summary in place and leaves nothing else', async () => {
    folder = await mkdtemp(join(tmpdir(), 'loligo-report-'));
    const input = inputs['typical']!;
    const written = writeReport(folder, input);
    writeReport(folder, input);
    expect((await readdir(folder)).toSorted()).toEqual(['figures', 'report.html', 'summary.json']);
    expect(await readFile(written.report, 'utf8')).toBe(reports['typical']);
    expect(JSON.parse(await readFile(written.summary, 'utf8'))).toEqual(input.summary);
  });

  test('a folder that is not there is an error of the disk, with its path', () => {
    const nowhere = join(tmpdir(), 'loligo-no-such-folder');
    expect(() => writeReport(nowhere, inputs['typical']!)).toThrow(
      expect.objectContaining({ code: 'DISK', violations: [expect.objectContaining({ where: join(nowhere, 'report.html') })] }),
    );
  });
});

/** No variable, no reference outside; every tag closed. */
function expectStandalone(svg: string): void {
  expect(svg.startsWith('<?xml')).toBe(true);
  expect(svg).not.toMatch(/var\(--|NaN|undefined|href=|url\(/);
  expect(unbalancedTags(svg.slice(svg.indexOf('<svg')))).toEqual([]);
}

/** As many cells in each row as in the header, some of them numbers. */
function expectTable(csv: string): void {
  const rows = csv
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll(/"(?:[^"]|"")*"/g, 'quoted').split(','));
  expect(rows.length).toBeGreaterThan(1);
  for (const row of rows) expect(row).toHaveLength(rows[0]!.length);
  expect(rows.slice(1).some((row) => row.some((cell) => cell !== '' && Number.isFinite(Number(cell))))).toBe(true);
  expect(csv).not.toMatch(/NaN|Infinity|undefined|null/);
}
