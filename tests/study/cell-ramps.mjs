/**
 * A ramp predicted from steps of the same cell: for each fitted spike of the steps one accepted estimate, simulated over the whole ramp from its
 * first V as held-out stretches are (worker/train/held-out.ts). Nothing is fitted.
 */
import { join } from 'node:path';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { importRecording } = await built('worker/recordings/importers.js');
const { simulateStretch } = await built('worker/train/held-out.js');
const { scoreOf } = await built('worker/train/score.js');
const { loadModel } = await built('worker/models/library.js');
const { compileModel } = await built('worker/models/compile.js');
const { STANDARD_ACCEPT } = await built('schemas/acceptance.js');

/** A thinner grid than the recording's loses no spike. */
const EVERY = 2;

/** { recorded, simulated, coincidence, rmseMv } for each spike with an accepted fit; null of each where the simulation does not run through. */
export async function rampScores({ ramp }, fits, { model: name, fixed }, recordings) {
  const model = compileModel(loadModel(name, '.').text, name);
  const stretch = await rampOf(ramp, recordings);
  const firsts = [...new Set(fits.map(({ spike }) => spike))].flatMap(
    (spike) => fits.find((fit) => fit.spike === spike && fit.outcome === 'converged') ?? [],
  );
  return firsts.map(({ finished }) => {
    const V = simulateStretch(stretch, { model, parameters: { ...fixed, ...finished.parameters } });
    const score = V && scoreOf(V, { ...stretch, voltageMv: Float64Array.from(stretch.voltageMv), segments: [0] }, STANDARD_ACCEPT);
    const { rmseMv = null, coincidence = null, spikes = {} } = score ?? {};
    return { rmseMv, coincidence, recorded: spikes.observed ?? null, simulated: spikes.simulated ?? null };
  });
}

async function rampOf({ file, sweep }, recordings) {
  const { sweeps } = await importRecording(join(recordings, file));
  const chosen = sweep === undefined ? sweeps : [sweeps[sweep]];
  const thinned = (series) => chosen.flatMap((one) => [...one[series]]).filter((_, i) => i % EVERY === 0);
  return { voltageMv: thinned('voltageMv'), current: thinned('current'), sampleMs: EVERY * chosen[0].sampleMs };
}
