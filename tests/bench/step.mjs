/**
 * Rate of the training step on W1 and W2 (network-step.mjs): every engine, each instruction set of the native one, other people's
 * implementations where a Python has them, and the processor's FMA peak. All run on one core, slice by slice in alternation; what is
 * compared are medians of ratios within a round, of replica-steps per second of CPU time. Needs the built dist/: npm run bench:step
 *
 * Options: --json, --slices N (15), --slice SECONDS (0.3), --engines native,wasm,tfjs,reference, --workloads W1,W2, --replicas N (8; 1 for
 * reference), --core N (the last), --python PATH (python3), --peers DIR (../shared/peers), --no-peers.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  benchCore,
  circumstances,
  engineRunner,
  firstProgram,
  instructionSets,
  notes,
  presentEngines,
  withVariants,
} from './bench-options.mjs';
import { fmaPeaks } from './fma-peak.mjs';
import { WORKLOADS } from './network-step.mjs';
import { noPeers, peersOf } from './peers.mjs';
import { digits, listOf, matrixProductFlops, median, pairedRatio, percent, tableOf } from './rates.mjs';
import { timeTogether } from './runners.mjs';

const DEFAULT_PEERS = fileURLToPath(new URL('../../../shared/peers', import.meta.url));

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    slices: { type: 'string', default: '15' },
    slice: { type: 'string', default: '0.3' },
    engines: { type: 'string', default: 'native,wasm,tfjs,reference' },
    workloads: { type: 'string', default: Object.keys(WORKLOADS).join(',') },
    replicas: { type: 'string' },
    core: { type: 'string' },
    python: { type: 'string' },
    peers: { type: 'string' },
    'no-peers': { type: 'boolean', default: false },
  },
});

const slices = Number(values.slices);
const slice = Number(values.slice);
const cores = benchCore(values.core);
const { absent, note, onAbsent } = notes();
const engines = await withVariants(await presentEngines(values.engines, onAbsent));
const peers = peersOptions();
const peaks = fmaPeaks(instructionSets, { cores, onAbsent });

try {
  const results = { ...circumstances(cores), slices, sliceSeconds: slice, peakGflops: null };
  for (const workload of listOf(values.workloads)) {
    const { peakGflops, ...rest } = await bench(workload);
    if (peakGflops !== null) results.peakGflops = Math.max(peakGflops, results.peakGflops ?? 0);
    results[workload] = rest;
  }
  results.absent = absent;
  process.stdout.write(values.json ? `${JSON.stringify(results, undefined, 2)}\n` : tables(results));
} finally {
  peaks.remove();
}

async function bench(workload) {
  const size = WORKLOADS[workload];
  if (size === undefined) throw new Error(`--workloads knows ${Object.keys(WORKLOADS).join(', ')}; got ${workload}`);
  const options = { cores, slice, replicas: values.replicas };
  const contest = peers === null ? [] : await peersOf(workload, { ...peers, cores, slice, onAbsent, onNote: note });
  const descriptions = [...peaks.descriptions, ...engines.map((engine) => engineRunner(engine, size, options)), ...contest];
  const rates = await timeTogether(descriptions, slices, onAbsent, (names) => note(`${workload}: ${slices} rounds of ${names.join(', ')}`));
  return figuresOf(rates, matrixProductFlops(size));
}

/** From rates by runner to the figures of a workload. */
function figuresOf(rates, flops) {
  const named = (pattern) => Object.keys(rates).filter((name) => pattern.test(name));
  const peak = highest(named(/^peak /), rates);
  const jax = highest(named(/^jax /), rates);
  const figures = { peakGflops: peak === null ? null : Math.max(...rates[peak]) };
  for (const name of Object.keys(rates).filter((key) => !/^(peak|jax) /.test(key)))
    figures[name] = figureOf(name, { rates, flops, peak, jax });
  if (jax !== null) {
    const forms = Object.fromEntries(named(/^jax /).map((name) => [name, median(rates[name])]));
    figures.jax = { ...figureOf(jax, { rates, flops, peak, jax: null }), form: jax, forms };
  }
  return figures;
}

/** `ratio`: native (the first of it that was timed) over this. `overJax`: this over the best JAX form. `fractionOfPeak`: best slice over the peak's best slice. */
function figureOf(name, { rates, flops, peak, jax }) {
  const own = rates[name];
  const native = Object.keys(rates).find((other) => other.startsWith('native'));
  const best = Math.max(...own);
  return {
    stepsPerSecond: median(own),
    best,
    fractionOfPeak: peak === null ? null : (best * flops) / 1e9 / Math.max(...rates[peak]),
    medianFractionOfPeak: peak === null ? null : (pairedRatio(own, rates[peak]) * flops) / 1e9,
    ...(jax === null ? {} : { overJax: pairedRatio(own, rates[jax]) }),
    ...(native === undefined || name.startsWith('native') ? {} : { ratio: pairedRatio(rates[native], own) }),
  };
}

/** The runner of highest median, or null. */
function highest(names, rates) {
  return names.toSorted((a, b) => median(rates[b]) - median(rates[a]))[0] ?? null;
}

function tables({ machine, node, date, command, pinnedTo, peakGflops, absent: missing, ...results }) {
  const where = pinnedTo === null ? 'not pinned: no taskset' : `core ${pinnedTo}`;
  const header = ['replica-steps/s of one core', 'median', 'best', '% of peak', 'over JAX', 'native is faster by'];
  const parts = Object.keys(WORKLOADS)
    .filter((workload) => workload in results)
    .map((workload) => {
      const rows = Object.entries(results[workload]).map(([name, figure]) => [
        figure.form ?? name,
        digits(figure.stepsPerSecond),
        digits(figure.best),
        percent(figure.fractionOfPeak),
        digits(figure.overJax),
        digits(figure.ratio),
      ]);
      return `\n${workload} (${(matrixProductFlops(WORKLOADS[workload]) / 1e6).toFixed(1)} MFLOP in matrix products)\n${tableOf(header, rows)}\n`;
    });
  const reasons = missing.map(({ name, reason }) => `without ${name}: ${reason}\n`);
  return `${machine}, ${where}, Node ${node}, ${date}: ${command}\nFMA peak ${digits(peakGflops)} GFLOP/s\n${parts.join('')}\n${reasons.join('')}`;
}

function peersOptions() {
  if (values['no-peers']) return null;
  const python = values.python ?? firstProgram(['python3', 'python']);
  const folder = values.peers ?? DEFAULT_PEERS;
  const reason = python === undefined ? 'no Python: name one with --python' : noPeers(folder);
  if (reason === null) return { python, folder };
  onAbsent('peers', reason);
  // the default folder need not be there, one that was named must
  if (values.peers !== undefined && !existsSync(folder)) throw new Error(reason);
  return null;
}
