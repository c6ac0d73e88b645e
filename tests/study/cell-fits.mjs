/** The fits of one run directory: what the network alone said and what the finish left, each with its forward simulation. */
import { DuckDBInstance } from '@duckdb/node-api';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { openObjectStore } = await built('orchestrator/results/object-store.js');
const { compileModel } = await built('worker/models/compile.js');
const { simulate } = await built('worker/simulate/forward.js');
const { spikeTimes } = await built('worker/recordings/spikes.js');

/** As a share of the range, or of the value of a positive parameter: so near a bound it has run into it. */
const AT_BOUND = 0.01;
/** mV and ms: the upstroke begins so long before V crosses -10 mV, and the downstroke ends where V is back below -20 mV. */
const RISE = { crossingMv: -10, leadMs: 0.5, returnMv: -20 };

/**
 * One entry per replica: { spike, width, seed, outcome, reason, observed, network, finished, heldOut }, network and finished { parameters, rmseMv,
 * spikes, V, atBound, shares } or null where there is no forward solution. `spike` is the position of the window, `observed` V of the data,
 * yardstickMv the spread of the cell's own spike shapes; `shares` are those of the square of the misfit in the phases of the spike.
 */
export async function readFits(run, infer) {
  const { problem } = JSON.parse(readFileSync(join(run, 'sweep.lock.json'), 'utf8')).resolved;
  const objects = openObjectStore(run);
  const model = compileModel(objects.get(problem.model.object), 'model.yaml');
  const windows = problem.data.map(({ id, source }) => ({ id, ...JSON.parse(objects.get(source.object)) }));
  const rows = await table(join(run, 'replicas.parquet'));
  return rows.map((row) => {
    const spike = windows.findIndex(({ id }) => id === row['data']);
    const { voltageMv, current, sampleMs, ignored = [] } = windows[spike];
    const counts = (i) => !ignored.some(([from, to]) => i >= from && i <= to);
    const spikesOf = (V) => spikeTimes(V, sampleMs).filter((atMs) => counts(Math.floor(atMs / sampleMs))).length;
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
      const misfits = voltageMv.map((value, i) => (counts(i) ? (V[i] - value) ** 2 : 0));
      const samples = voltageMv.filter((_, i) => counts(i)).length;
      return {
        parameters,
        rmseMv: Math.sqrt(misfits.reduce((sum, square) => sum + square, 0) / samples),
        spikes: spikesOf(V),
        V: [...V],
        atBound: infer.filter((name) =>
          isAtBound(
            model.parameters.find((parameter) => parameter.name === name),
            parameters[name],
          ),
        ),
        shares: sharesOf(misfits, voltageMv, sampleMs),
      };
    };
    return {
      spike,
      width: row['network.width'],
      seed: Number(row['seed']),
      outcome: row['outcome'],
      reason: row['reason'],
      observed: { spikes: spikesOf(voltageMv), V: voltageMv, sampleMs },
      yardstickMv: row['predictive.rmseMv'] === null ? null : row['predictive.rmseMv'] / Math.sqrt(row['predictive.chi2']),
      heldOut: heldOutOf(row),
      reconstructionMv: row['reconstruction.rmseMv'],
      network: estimate('network.'),
      finished: estimate(''),
    };
  });
}

function isAtBound({ positive, range: [low, high] }, value) {
  const slack = (bound) => AT_BOUND * (positive === true ? bound : high - low);
  return value <= low + slack(low) || value >= high - slack(high);
}

/** Of the squares `misfits`, one per sample. */
function sharesOf(misfits, observed, sampleMs) {
  const peak = observed.indexOf(Math.max(...observed));
  const crossing = observed.findLastIndex((value, i) => i < peak && value < RISE.crossingMv);
  const rise = Math.max(0, crossing - Math.round(RISE.leadMs / sampleMs));
  const back = observed.findIndex((value, i) => i > peak && value < RISE.returnMv);
  const edges = [0, rise, peak, back < 0 ? observed.length : back, observed.length];
  const squares = edges.slice(1).map((to, k) => misfits.slice(edges[k], to).reduce((sum, square) => sum + square, 0));
  const total = squares.reduce((sum, square) => sum + square, 0);
  const [foot, upstroke, downstroke, after] = squares.map((square) => square / total);
  return { foot, upstroke, downstroke, after };
}

/** Null where nothing was held out, or the simulation did not run through. */
function heldOutOf(row) {
  const [rmseMv, coincidence, observed, simulated] = ['rmseMv', 'coincidence', 'spikes.observed', 'spikes.simulated'].map(
    (column) => row[`heldOut.${column}`]?.items[0] ?? null,
  );
  return rmseMv === null ? null : { rmseMv, coincidence, observed: Number(observed), simulated: Number(simulated) };
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
