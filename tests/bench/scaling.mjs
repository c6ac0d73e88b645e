/**
 * How training scales: over cores, through the product's pool (work per second of wall time); and on one core over replicas of a cohort,
 * points, widths and models (replica-steps per second of CPU time, and the share of the FMA peak that their matrix products make). Models
 * are the built-in Hodgkin-Huxley and the same equations in a user's own file. Sizes of one engine and axis take turns. Needs the built
 * dist/: npm run bench:scaling
 *
 * Options: --json, --engines native,wasm, --slices N (7), --slice SECONDS (0.3; of cores, four times that),
 * --axes cores,replicas,points,widths,models, --threads 1,2, --core N (the last: the axes on one core).
 */
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchCore, circumstances, engineOf, engineRunner, instructionSets, notes, presentEngines } from './bench-options.mjs';
import { fmaPeaks } from './fma-peak.mjs';
import { WORKLOADS } from './network-step.mjs';
import { digits, listOf, matrixProductFlops, median, pairedRatio, percent, tableOf } from './rates.mjs';
import { allowedCores, timeTogether } from './runners.mjs';

const POOL_RUNNER = fileURLToPath(new URL('pool-runner.mjs', import.meta.url));
const OWN_MODEL = fileURLToPath(new URL('models/squid-axon.yaml', import.meta.url));
const { W1 } = WORKLOADS;
/** Everything else is as in W1, with one replica where replicas are not the axis. */
const SIZES = {
  replicas: [1, 2, 8, 32].map((replicas) => [String(replicas), W1, replicas]),
  points: [128, 512, 2048, 8192].map((samples) => [String(samples), { ...W1, samples }, 1]),
  widths: [8, 16, 32, 64, 128, 256].map((width) => [String(width), { ...W1, width }, 1]),
  models: [
    ['built-in', W1, 1],
    ['own file', { ...W1, model: OWN_MODEL }, 1],
  ],
};
/** A pool's slice is that much longer: it has a start and an end of its own. */
const POOL_SLICE = 4;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    engines: { type: 'string', default: 'native,wasm' },
    slices: { type: 'string', default: '7' },
    slice: { type: 'string', default: '0.3' },
    axes: { type: 'string', default: 'cores,replicas,points,widths,models' },
    threads: { type: 'string', default: '1,2' },
    core: { type: 'string' },
  },
});

const slices = Number(values.slices);
const slice = Number(values.slice);
const core = benchCore(values.core);
const { absent, note, onAbsent } = notes();
const engines = await presentEngines(values.engines, onAbsent);
const peaks = fmaPeaks(instructionSets, { cores: core, onAbsent });

try {
  const results = { ...circumstances(core), slices, sliceSeconds: slice };
  for (const axis of listOf(values.axes)) {
    results[axis] = {};
    for (const engine of engines) {
      note(`${axis}: ${engine}`);
      const figures = axis === 'cores' ? await overCores(engine) : await overSizes(engine, axis);
      if (Object.keys(figures).length > 0) results[axis][engine] = figures;
    }
  }
  results.absent = absent;
  process.stdout.write(values.json ? `${JSON.stringify(results, undefined, 2)}\n` : tables(results));
} finally {
  peaks.remove();
}

/** By what is trained and number of threads: rate and its ratio to the first number's. */
async function overCores(engine) {
  const figures = {};
  for (const kind of ['adam', 'replica']) {
    const counts = listOf(values.threads).filter((threads) => enoughCores(engine, Number(threads)));
    const rates = await timeTogether(
      counts.map((threads) => poolRunner(engine, threads, kind)),
      slices,
      (threads, reason) => onAbsent(`${engine} on ${threads} cores, ${kind}`, reason),
    );
    const [first] = Object.keys(rates);
    const entries = Object.entries(rates).map(([threads, own]) => [threads, { rate: median(own), ratio: pairedRatio(own, rates[first]) }]);
    if (entries.length > 0) figures[kind] = Object.fromEntries(entries);
  }
  return figures;
}

function enoughCores(engine, threads) {
  const cores = allowedCores().length || cpus().length;
  if (cores < threads) onAbsent(`${engine} on ${threads} cores`, `this process may use ${cores}`);
  return cores >= threads;
}

function poolRunner(name, threads, kind) {
  const { engine, env } = engineOf(name);
  const cores = core === null ? null : allowedCores().slice(-Number(threads)).join(',');
  const args = [POOL_RUNNER, engine, threads, kind];
  return { name: threads, command: process.execPath, args, env: { ...env, SLICE: String(slice * POOL_SLICE) }, cores };
}

async function overSizes(engine, axis) {
  const sizes = SIZES[axis];
  if (sizes === undefined) throw new Error(`--axes knows cores, ${Object.keys(SIZES).join(', ')}; got ${axis}`);
  const options = { cores: core, slice };
  const own = sizes.map(([label, size, replicas]) => engineRunner(engine, size, { ...options, replicas, label }));
  const rates = await timeTogether([...peaks.descriptions, ...own], slices, (name, reason) =>
    onAbsent(`${engine}, ${axis} ${name}`, reason),
  );
  const peak = Math.max(...Object.entries(rates).flatMap(([name, all]) => (name.startsWith('peak ') ? all : [])));
  const present = sizes.filter(([label]) => rates[label] !== undefined);
  return Object.fromEntries(
    present.map(([label, size]) => {
      const stepsPerSecond = median(rates[label]);
      const gflops = (stepsPerSecond * matrixProductFlops(size)) / 1e9;
      return [label, { stepsPerSecond, gflops, fractionOfPeak: Number.isFinite(peak) ? gflops / peak : null }];
    }),
  );
}

function tables({ machine, pinnedTo, node, date, command, absent: missing, ...results }) {
  const where = pinnedTo === null ? 'not pinned: no taskset' : `core ${pinnedTo}`;
  const parts = [];
  if (results.cores !== undefined) {
    const rows = Object.entries(results.cores).flatMap(([engine, kinds]) =>
      Object.entries(kinds).flatMap(([kind, counts]) =>
        Object.entries(counts).map(([threads, { rate, ratio }]) => [`${engine}, ${kind}`, threads, digits(rate), digits(ratio)]),
      ),
    );
    parts.push(tableOf(['threads of the pool (adam: steps of W1; replica: whole)', 'cores', 'a second of wall time', 'ratio'], rows));
  }
  for (const axis of Object.keys(SIZES).filter((name) => name in results)) {
    const rows = Object.entries(results[axis]).flatMap(([engine, sizes]) =>
      Object.entries(sizes).map(([label, { stepsPerSecond, gflops, fractionOfPeak }]) => [
        engine,
        label,
        digits(stepsPerSecond),
        digits(gflops),
        percent(fractionOfPeak),
      ]),
    );
    parts.push(tableOf(['W1 otherwise, one core', axis, 'replica-steps/s', 'GFLOP/s', '% of peak'], rows));
  }
  const reasons = missing.map(({ name, reason }) => `without ${name}: ${reason}\n`);
  return `${machine}, ${where}, Node ${node}, ${date}: ${command}\n\n${parts.join('\n\n')}\n\n${reasons.join('')}`;
}
