/**
 * Other people's implementations of the same step, as runners: scripts of a peers' folder, run by a Python that has their libraries. JAX
 * comes in every form, number of replicas and number of steps per scan that it may be best in; a short contest picks the best of each
 * number of replicas, and those are timed against the engines.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lastLine, median } from './rates.mjs';
import { timeTogether } from './runners.mjs';

const FORMS = ['man', 'stack', 'jvp'];
/** Replicas -> steps per scan: enough of them to hide the dispatch, few enough for a slice of some tenths of a second. */
const STEPS_PER_SCAN = { 1: [20], 8: [5, 20], 32: [5] };
const CONTEST_SLICES = 2;

/** name -> script and arguments after the workload. */
const OTHERS = {
  'jinns R=8': ['w_jinns.py', '8', '5'],
  'torch eager R=32': ['w_torch.py', '32', 'eager-stack'],
  'torch compile R=8': ['w_torch.py', '8', 'compile-stack'],
  'deepxde R=1': ['w_dde.py'],
};

/** Descriptions for startRunner of all peers of a workload. `onAbsent(name, reason)` hears of what cannot run. */
export async function peersOf(workload, { python, folder, cores, slice, onAbsent, onNote }) {
  const start = (name, [script, ...args]) => ({
    name,
    command: python,
    args: ['-W', 'ignore', join(folder, script), workload, ...args],
    // the slices decide how long a peer runs; its libraries must not use other cores
    env: { SLICE: String(slice), OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', JAX_PLATFORMS: 'cpu' },
    cores,
  });
  const jax = await bestJax(start, { python, onAbsent, onNote });
  const others = Object.entries(OTHERS).map(([name, args]) => start(name, args));
  return [...jax, ...others];
}

async function bestJax(start, { python, onAbsent, onNote }) {
  const missing = importFailure(python, 'jax');
  if (missing !== null) {
    onAbsent('jax', missing);
    return [];
  }
  const best = [];
  for (const [replicas, scans] of Object.entries(STEPS_PER_SCAN)) {
    const descriptions = FORMS.flatMap((form) =>
      scans.map((steps) => start(`jax R=${replicas} ${form} x${steps}`, ['w_jax.py', replicas, form, String(steps)])),
    );
    const rates = await timeTogether(descriptions, CONTEST_SLICES, onAbsent);
    const ranked = Object.keys(rates).toSorted((a, b) => median(rates[b]) - median(rates[a]));
    onNote(ranked.map((name) => `${name} ${median(rates[name]).toFixed(0)}`).join(', '));
    best.push(...descriptions.filter(({ name }) => name === ranked[0]));
  }
  return best;
}

/** Why this Python cannot import a module, or null. */
function importFailure(python, module) {
  try {
    execFileSync(python, ['-c', `import ${module}`], { stdio: ['ignore', 'ignore', 'pipe'] });
    return null;
  } catch (error) {
    return lastLine(String(error.stderr ?? '')) || error.message;
  }
}

/** Why no peer can run, or null. */
export function noPeers(folder) {
  return existsSync(join(folder, 'w_jax.py')) ? null : `no w_jax.py in ${folder}: name the folder of the peers' scripts with --peers`;
}
