/**
 * The study of real cells: every recording with spikes, one fit per spike, by two networks and two seeds; what the network alone says, what is
 * left after the finish, and whether a forward simulation gives the spike back. Runs ordinary sweeps with the program itself, so each has its
 * run directory with a report. Resumes where it was stopped. Needs the built dist/: npm run study:real-cells -- [options]
 *
 * Options: --recordings DIR (../shared/recordings), --out DIR (runs/study-real-cells), --engine NAME (auto), --workers N (all), --spikes N (of
 * each recording, evenly chosen, in place of cells.mjs), --cells NAME,NAME (all), --free g4,g8,g9 (all), --only fits|tables, --png (the page of figures as PNG too).
 * Writes real-cells.json, real-cells.md and real-cells.svg into DIR.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CELLS, FREE_SETS, SPIKES, specOf } from './cells.mjs';
import { readFits, shownFit } from './cell-fits.mjs';
import { summariseFits } from './cell-statistics.mjs';
import { drawCells } from './cell-picture.mjs';
import { rampScores } from './cell-ramps.mjs';
import { describeCells } from './cell-table.mjs';
import { chosenWindows } from './cell-windows.mjs';
import { writePng } from './picture.mjs';

const { values: options } = parseArgs({
  options: {
    recordings: { type: 'string', default: '../shared/recordings' },
    out: { type: 'string', default: 'runs/study-real-cells' },
    engine: { type: 'string', default: 'auto' },
    workers: { type: 'string', default: String(availableParallelism()) },
    spikes: { type: 'string' },
    cells: { type: 'string' },
    free: { type: 'string', default: Object.keys(FREE_SETS).join(',') },
    only: { type: 'string' },
    png: { type: 'boolean', default: false },
  },
});
const recordings = resolve(options.recordings);
if (!existsSync(recordings)) throw new Error(`no recordings at ${recordings}: name their folder with --recordings`);
mkdirSync(options.out, { recursive: true });
const names = options.cells?.split(',');
const cells = CELLS.filter(({ name }) => names === undefined || names.includes(name));
const frees = options.free.split(',');

const studied = [];
for (const cell of cells) {
  const windowsMs = await chosenWindows(cell, recordings, Number(options.spikes ?? cell.spikes ?? SPIKES));
  for (const free of frees) {
    const spec = specOf(cell, free, windowsMs, recordings);
    const file = join(options.out, `${spec.name}.json`);
    const run = join(options.out, spec.name);
    writeFileSync(file, JSON.stringify(spec, undefined, 2));
    if (options.only !== 'tables') await fit(file, run);
    if (!existsSync(join(run, 'replicas.parquet'))) continue;
    const fits = await readFits(run, FREE_SETS[free]);
    const ramp = cell.ramp === undefined || free !== 'g9' ? [] : await rampScores(cell, fits, spec.problem, recordings);
    studied.push({ cell, free, ...summariseFits(fits, FREE_SETS[free]), ramp, shown: shownFit(fits) });
  }
}
const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.versions.node };
const date = new Date().toISOString().slice(0, 10);
writeFileSync(join(options.out, 'real-cells.json'), JSON.stringify({ date, machine, studied }, undefined, 1));
writeFileSync(join(options.out, 'real-cells.md'), describeCells({ date, machine, studied }));
const svg = drawCells({ date, studied });
writeFileSync(join(options.out, 'real-cells.svg'), svg);
if (options.png) await writePng(svg, join(options.out, 'real-cells.png'));
console.log(readFileSync(join(options.out, 'real-cells.md'), 'utf8'));

/** Exit code 3 says that many were refused, which is a result here. */
function fit(spec, run) {
  const program = fileURLToPath(new URL('../../dist/orchestrator/cli/main.js', import.meta.url));
  const args = [program, 'run', spec, '--out', run, '--engine', options.engine, '--workers', options.workers];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('exit', (code) => (code === 0 || code === 3 ? done() : failed(new Error(`${spec} ended with ${code}`))));
  });
}
