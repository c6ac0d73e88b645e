/** The fits of one run directory: what the network alone said and what the finish left, each with its forward simulation. */
import { DuckDBInstance } from '@duckdb/node-api';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { openObjectStore } = await built('orchestrator/results/object-store.js');
const { compileModel } = await built('worker/models/compile.js');
const { simulate } = await built('worker/simulate/forward.js');
const { spikeTimes } = await built('worker/recordings/spikes.js');

/**
 * One entry per replica: { spike, width, seed, outcome, reason, observed, network, finished }, the last two { parameters, rmseMv, spikes, V } or
 * null where there is no forward solution. `spike` is the position of the window, `observed` V of the data.
 */
export async function readFits(run, infer) {
  const { problem } = JSON.parse(readFileSync(join(run, 'sweep.lock.json'), 'utf8')).resolved;
  const objects = openObjectStore(run);
  const model = compileModel(objects.get(problem.model.object), 'model.yaml');
  const windows = problem.data.map(({ id, source }) => ({ id, ...JSON.parse(objects.get(source.object)) }));
  const rows = await table(join(run, 'replicas.parquet'));
  return rows.map((row) => {
    const spike = windows.findIndex(({ id }) => id === row['data']);
    const { voltageMv, current, sampleMs } = windows[spike];
    const estimate = (prefix) => {
      const parameters = Object.fromEntries(infer.map((name) => [name, row[`${prefix}parameters.${name}`]]));
      if (Object.values(parameters).some((value) => value === null || value === undefined)) return null;
      const initial = Object.fromEntries(problem.states.map((state) => [state, row[`${prefix}initial.${state}`]]));
      const solution = simulate(model, {
        parameters: { ...problem.fixed, ...parameters },
        initial,
        current: Float64Array.from(current),
        sampleMs,
      });
      if (solution.kind !== 'done') return null;
      const { V } = solution.states;
      const square = voltageMv.reduce((sum, value, i) => sum + (V[i] - value) ** 2, 0);
      return { parameters, rmseMv: Math.sqrt(square / V.length), spikes: spikeTimes(V, sampleMs).length, V: [...V] };
    };
    return {
      spike,
      width: row['network.width'],
      seed: Number(row['seed']),
      outcome: row['outcome'],
      reason: row['reason'],
      observed: { spikes: spikeTimes(voltageMv, sampleMs).length, V: voltageMv, sampleMs },
      reconstructionMv: row['reconstruction.rmseMv'],
      network: estimate('network.'),
      finished: estimate(''),
    };
  });
}

/** The fit that is drawn: of median misfit among the finished ones. */
export function shownFit(fits) {
  const ended = fits.filter(({ finished }) => finished !== null).toSorted((a, b) => a.finished.rmseMv - b.finished.rmseMv);
  const middle = ended[Math.floor((ended.length - 1) / 2)];
  if (middle === undefined) return null;
  const { observed, network, finished } = middle;
  return { sampleMs: observed.sampleMs, observed: observed.V, network: network?.V ?? null, finished: finished.V };
}

async function table(path) {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(`select * from read_parquet('${path.replaceAll("'", "''")}') order by "index"`);
  connection.closeSync();
  return reader.getRowObjects();
}
