/**
 * A runner (runners.mjs) around the product's pool of threads: each answer is work done per second of *wall* time, as cores are compared.
 * Arguments: the engine's name, threads, what is trained. `adam`: steps of the size of W1, as many as fill a slice; `replica`: the whole
 * replica of replica-spec.mjs. Every thread trains the same replica, so that all have the same to do.
 */
import { stepSpec, tasksOf, WORKLOADS } from './network-step.mjs';
import { replicaSpec } from './replica-spec.mjs';
import { answerSlices } from './runner-answers.mjs';

const { openPool } = await import(new URL('../../dist/worker/pool/pool.js', import.meta.url).href);

const [engine, threads, kind] = process.argv.slice(2);
const slice = Number(process.env.SLICE ?? '1');
/** Adam steps that the number for a slice is first guessed from. */
const FIRST_STEPS = 50;

await answerSlices(async () => {
  const { tasks, objects } = await tasksOf(kind === 'adam' ? stepSpec(WORKLOADS.W1, 1) : replicaSpec(1));
  const pool = openPool({ threads: Number(threads), engine });
  const train = (task) => trainEverywhere(pool, task, Object.fromEntries(objects));
  const close = () => pool.close();
  if (kind === 'replica') return { close, measure: async () => ({ rate: Number(threads) / (await train(tasks[0])) }) };
  const steps = await stepsOfSlice((count) => train(withSteps(tasks[0], count)));
  return { close, measure: async () => ({ rate: (Number(threads) * steps) / (await train(withSteps(tasks[0], steps))) }) };
});

/** So many that they fill a slice; what a replica costs beside them (its data are simulated, it is assessed) is not counted in. */
async function stepsOfSlice(train) {
  await train(1); // opens the engine
  const beside = await train(1);
  for (let steps = FIRST_STEPS; ; steps *= 4) {
    const seconds = (await train(steps)) - beside;
    if (seconds > slice / 4) return Math.max(1, Math.round((steps * slice) / seconds));
  }
}

/** Seconds that the pool takes for this task on every thread at once. */
async function trainEverywhere(pool, task, objects) {
  const began = performance.now();
  const ends = await Promise.all(Array.from({ length: pool.threads }, () => pool.run({ tasks: [task], attempts: [1], objects })));
  const seconds = (performance.now() - began) / 1000;
  for (const end of ends) if (end.kind !== 'trained') throw new Error(end.message ?? `the cohort ended as ${end.kind}`);
  return seconds;
}

function withSteps(task, steps) {
  return { ...task, training: [{ ...task.training[0], steps }] };
}
