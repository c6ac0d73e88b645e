/**
 * What other methods make of one noise draw: maximum likelihood (shooting from the truth, all initial values free), linear regression,
 * and shooting from many starts, of which the one with the smallest misfit is the answer. Runs in a thread; one message in, one out.
 */
import { parentPort } from 'node:worker_threads';
import { NAMES, TRUTH } from './cases.mjs';
import { regress } from './regression.mjs';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { randomStream } = await built('schemas/random.js');
const { loadModel } = await built('worker/models/library.js');
const { cramerRao } = await built('worker/simulate/fisher.js');
const { steadyGates } = await built('worker/simulate/forward.js');
const { observe } = await built('worker/train/observe.js');
const { shoot } = await built('worker/train/shooting.js');

const { model } = loadModel('hodgkin-huxley', '.');
const fixed = Object.fromEntries(model.parameters.filter(({ name }) => !NAMES.includes(name)).map(({ name, value }) => [name, value]));
const free = { shouldStop: () => false, progress: () => undefined };
/** V is off by 2e-5 mV at spikes, a fiftieth of a thousandth of the smallest noise; half the time of 1e-9. */
const STARTS_TOLERANCE = 1e-7;

parentPort.on('message', ({ unit, draw, widths, starts }) => {
  const observation = observe({ data: unit, draw, model, objects: { trace: () => undefined } });
  const truth = firstStates(observation.truth.states);
  parentPort.postMessage({
    bound: boundOf(observation, unit.source.noiseMv, truth),
    likelihood: likelihoodOf(observation, truth),
    regression: timed(() => ({ parameters: regress(model, observation, NAMES, fixed) })),
    starts: Object.fromEntries(widths.map((width) => [width, startsOf(observation, draw, width, starts)])),
  });
});

function firstStates(states) {
  return Object.fromEntries(Object.entries(states).map(([name, values]) => [name, values[0]]));
}

/** Relative standard errors; all 0 without noise. */
function boundOf({ current, sampleMs }, noiseMv, initial) {
  const freeInitial = Object.keys(initial);
  const outcome = cramerRao(model, { parameters: TRUTH, infer: NAMES, initial, freeInitial, current, sampleMs, sigmaMv: 1 });
  if (outcome.kind === 'failed') throw new Error(`no bound: ${outcome.reason}`);
  return Object.fromEntries(NAMES.map((name) => [name, noiseMv * outcome.standardErrors[name]]));
}

function likelihoodOf(observation, initial) {
  const freeGates = model.gates.map(({ name }) => name);
  return timed(() => found(shoot({ ...observation, model, infer: NAMES, fixed, freeGates }, { parameters: TRUTH, initial }, free)));
}

/** The answer of each start; where V starts is read from the first sample, gates from their steady state there. */
function startsOf(observation, draw, width, count) {
  const freeGates = model.gates.filter(({ initial }) => initial === 'free').map(({ name }) => name);
  const problem = { ...observation, model, infer: NAMES, fixed, freeGates, tolerance: STARTS_TOLERANCE };
  const V = observation.voltageMv[0];
  const initial = { V, ...steadyGates(model, fixed, V) };
  const stream = randomStream(draw, `study starts x ${width}`);
  return Array.from({ length: count }, (_, k) => {
    const factor = (p) => width ** (2 * stream.uniform(NAMES.length * k + p) - 1);
    const parameters = Object.fromEntries(NAMES.map((name, p) => [name, TRUTH[name] * factor(p)]));
    return timed(() => found(shoot(problem, { parameters, initial }, free)));
  });
}

function found(outcome) {
  return outcome.kind === 'done' ? { parameters: outcome.parameters, rmseMv: outcome.rmseMv } : {};
}

function timed(work) {
  const started = performance.now();
  const answer = work();
  return { ...answer, seconds: (performance.now() - started) / 1000 };
}
