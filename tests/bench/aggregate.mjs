/**
 * How long `loligo report` takes for a large run directory, and how much memory: from the outcome log on disk to Parquet, summary.json and report.html,
 * the start of the program included. The log is made up (aggregation/run-directory.mjs): lines as long as a trained replica's, estimates that
 * scatter as trained ones do. Needs the built dist/: npm run bench:aggregate
 *
 * Options: --replicas 100000,1000000 (multiples of 100), --shuffle (arrival in no order), --into FOLDER (keep the run directories there, and use those that are), --json.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeRun } from './aggregation/run-directory.mjs';

const PROGRAM = fileURLToPath(new URL('../../dist/orchestrator/cli/main.js', import.meta.url));
/** Runs in the measured process at its end. */
const REPORT_USAGE = `data:text/javascript,
import { writeFileSync } from 'node:fs';
process.on('exit', () => writeFileSync(process.env.LOLIGO_BENCH_USAGE, JSON.stringify(process.resourceUsage())));`;

const { values: options } = parseArgs({
  options: {
    replicas: { type: 'string', default: '100000' },
    shuffle: { type: 'boolean', default: false },
    into: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const folder = options.into ?? mkdtempSync(join(tmpdir(), 'loligo-bench-'));
mkdirSync(folder, { recursive: true });
const rows = [];
try {
  for (const replicas of options.replicas.split(',').map(Number)) rows.push(await measure(replicas));
} finally {
  if (options.into === undefined) rmSync(folder, { recursive: true });
}
process.stdout.write(options.json ? `${JSON.stringify(rows)}\n` : table());

async function measure(replicas) {
  const run = join(folder, `${replicas}${options.shuffle ? '-shuffled' : ''}`);
  if (!existsSync(run)) await writeRun(run, replicas, options.shuffle);
  const usageFile = `${run}-usage.json`;
  const started = performance.now();
  const child = spawn(process.execPath, [`--import=${REPORT_USAGE}`, PROGRAM, 'report', run], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, LOLIGO_BENCH_USAGE: usageFile },
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`loligo report ended with ${code}`);
  const seconds = (performance.now() - started) / 1000;
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(readFileSync(usageFile, 'utf8'));
  rmSync(usageFile);
  return {
    replicas,
    logMb: sizeOf(join(run, 'outcomes')),
    seconds,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    peakMb: maxRSS / 1000,
    parquetMb: statSync(join(run, 'replicas.parquet')).size / 1e6,
    reportMb: statSync(join(run, 'report.html')).size / 1e6,
  };
}

function sizeOf(path) {
  return readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0) / 1e6;
}

function table() {
  const head = '| replicas | log (MB) | seconds | CPU seconds | peak memory (MB) | replicas.parquet (MB) | report.html (MB) |';
  const lines = rows.map(
    ({ replicas, logMb, seconds, cpuSeconds, peakMb, parquetMb, reportMb }) =>
      `| ${replicas} | ${logMb.toFixed(0)} | ${seconds.toFixed(1)} | ${cpuSeconds.toFixed(1)} | ${peakMb.toFixed(0)} | ${parquetMb.toFixed(0)} | ${reportMb.toFixed(1)} |`,
  );
  return `${[head, `|${' ---: |'.repeat(7)}`, ...lines].join('\n')}\n`;
}
