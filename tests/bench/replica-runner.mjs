/**
 * Trains whole replicas by the product's own way (trainCohort), and times their stages: for replica.mjs. Prints "ready"; a line with a
 * replica's number on standard input is answered by one JSON object. Arguments: the engine's name, how many replicas there are.
 * The floor is the Cramer-Rao bound of exactly the replica's data.
 */
import { createInterface } from 'node:readline';
import { oneLine } from './rates.mjs';
import { tasksOf } from './network-step.mjs';
import { replicaSpec, TRUTH } from './replica-spec.mjs';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { openEngine } = await built('worker/engines/registry.js');
const { trainCohort } = await built('worker/train/train-cohort.js');
const { observe } = await built('worker/train/observe.js');
const { cramerRao } = await built('worker/simulate/fisher.js');

/** A parameter has arrived when it stays within this share of its standard error of where it ends. */
const ARRIVED = 0.1;
/** The methods of a cohort that run a stage. */
const STAGES = ['adam', 'levenbergMarquardt', 'lbfgs'];

const [engineName, replicas] = process.argv.slice(2);

try {
  const { tasks, objects, model } = await tasksOf(replicaSpec(Number(replicas)));
  const { engine } = await openEngine(engineName);
  process.stdout.write('ready\n');
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await trainOne(tasks[Number(line)], { objects, model, engine }))}\n`);
  }
  await engine.close();
} catch (error) {
  process.stderr.write(`${oneLine(error)}\n`);
  process.exit(1);
}

async function trainOne(task, { objects, model, engine }) {
  const watched = watch(engine);
  const began = cpuSeconds();
  const [result] = await trainCohort([task], {
    engine: watched.engine,
    objects: (hash) => objects.get(hash),
    control: { shouldStop: () => false, progress: () => undefined },
    worker: 'bench',
    attempts: [1],
  });
  const seconds = cpuSeconds() - began;
  const bound = boundOf(task, model);
  return { ...described(result, bound), seconds, stages: watched.stages, secondsToFloor: arrival(watched.stages, watched.path, bound) };
}

/** Outcome, losses, and each parameter's error: relative, and in standard errors of the bound. */
function described({ outcome, estimate, steps }, bound) {
  if (estimate === undefined) return { outcome: outcome.kind, steps };
  const errors = Object.entries(TRUTH).map(([name, truth]) => {
    const relative = estimate.parameters[name] / truth - 1;
    return [name, { relative, standardErrors: relative / bound[name] }];
  });
  return { outcome: outcome.kind, steps, losses: estimate.losses, errors: Object.fromEntries(errors) };
}

/** Relative standard error of each parameter that no unbiased method beats, V(0) and free gates unknown as well. */
function boundOf(task, model) {
  const { truth, current, sampleMs, sigmaMv } = observe({ data: task.data, draw: task.draw, model, objects: {} });
  const bound = cramerRao(model, {
    parameters: truth.parameters,
    infer: task.infer.map(({ name }) => name),
    initial: { V: truth.states.V[0] },
    freeInitial: ['V', ...model.gates.filter((gate) => gate.initial === 'free').map((gate) => gate.name)],
    current,
    sampleMs,
    sigmaMv,
  });
  if (bound.kind === 'failed') throw new Error(`the bound cannot be computed: ${bound.reason}`);
  return bound.standardErrors;
}

/** The engine with a clock at each stage, and the parameters' path through all of them. */
function watch(engine) {
  const stages = [];
  const path = [];
  const timed = (cohort, method) => async (stage, control) => {
    const began = cpuSeconds();
    const trace = (replica, step, values) => {
      path.push({ stage: stages.length, seconds: cpuSeconds() - began, values: [...values] });
      control.trace?.(replica, step, values);
    };
    const [outcome] = await cohort[method](stage, { ...control, trace });
    stages.push({ optimizer: stage.optimizer, kind: outcome.kind, steps: outcome.steps ?? outcome.step, seconds: cpuSeconds() - began });
    return [outcome];
  };
  const watchedCohort = (cohort) =>
    new Proxy(cohort, {
      get: (target, key) => (STAGES.includes(key) ? timed(target, key) : ownMethod(target, key)),
    });
  const watchedEngine = new Proxy(engine, {
    get: (target, key) => (key === 'open' ? async (...args) => watchedCohort(await target.open(...args)) : ownMethod(target, key)),
  });
  return { engine: watchedEngine, stages, path };
}

/** A method that still finds its private fields. */
function ownMethod(target, key) {
  const value = target[key];
  return typeof value === 'function' ? value.bind(target) : value;
}

/** CPU seconds of training after which every parameter stays where it ends, or null when none was traced. */
function arrival(stages, path, bound) {
  const last = path.at(-1);
  if (last === undefined) return null;
  const names = Object.keys(TRUTH);
  const near = ({ values }) => names.every((name, p) => Math.abs(values[p] / last.values[p] - 1) <= ARRIVED * bound[name]);
  const away = path.findLastIndex((point) => !near(point));
  const { stage, seconds } = path[Math.min(away + 1, path.length - 1)];
  return seconds + stages.slice(0, stage).reduce((sum, before) => sum + before.seconds, 0);
}

function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
