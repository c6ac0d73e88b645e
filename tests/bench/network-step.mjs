/**
 * The training step that the benchmarks time: Hodgkin-Huxley with `states: network`, three conductances, Adam in full batch without
 * projection, made by the same way as every replica's (spec, expansion, member). W1 and W2 have the points, features, layers, data,
 * current, frequencies and loss weights of the peers' definition (ref_jax.py). One thing differs: the product divides the gates'
 * residuals by the square root of their rates, which costs a little more.
 *
 * Needs the built dist/.
 */
const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);

export const WORKLOADS = {
  W1: { samples: 512, features: 32, depth: 3, width: 32 },
  W2: { samples: 1024, features: 32, depth: 4, width: 64 },
};

const DURATION_MS = 50;
/** The highest frequency is 0.5 cycles per ms, the others are equal steps below it. */
const HIGHEST_KHZ = 0.5;

/** Spec of `replicas` such replicas; what is not in the peers' definition is the product's default. */
export function stepSpec({ samples, features, depth, width, model = 'hodgkin-huxley' }, replicas) {
  const around = (value) => ({ start: { logUniform: [value * Math.exp(-0.5), value * Math.exp(0.5)] } });
  return {
    name: 'step',
    problem: {
      model,
      infer: { gNa: around(120), gK: around(36), gL: around(0.3) },
      data: [{ synthetic: { stimulus: { step: { amplitude: 10 } }, durationMs: DURATION_MS, sampleMs: DURATION_MS / (samples - 1) } }],
    },
    space: { states: 'network', 'network.depth': depth, 'network.width': width, 'network.features': features, replicas },
    training: [{ optimizer: 'adam', steps: 1_000_000, rate: 1e-3, parameterRate: 1, warmup: 0, physics: 1, project: false }],
  };
}

/** A pulse every 15 ms and a step with a sine on it, as in ref_jax.py. */
export function stepObservation(samples) {
  const sampleMs = DURATION_MS / (samples - 1);
  const tMs = Float64Array.from({ length: samples }, (_, i) => i * sampleMs);
  return {
    segments: Int32Array.of(0),
    tMs,
    sampleMs,
    sigmaMv: 1,
    voltageMv: tMs.map((t) => -65 + 60 * Math.exp(-((((t % 15) - 7) / 1.2) ** 2))),
    current: tMs.map((t) => (t >= 2 ? 10 : 0) + 2 * Math.sin(0.3 * t)),
  };
}

/** Cycles per ms. */
export function stepFrequencies({ features }) {
  return Float64Array.from({ length: features }, (_, k) => ((k + 1) * HIGHEST_KHZ) / features);
}

/** Tasks of a spec (an object) with what they refer to. */
export async function tasksOf(spec) {
  const { parseSpec } = await built('orchestrator/spec/spec-file.js');
  const { resolveSpec } = await built('orchestrator/spec/resolve.js');
  const { expansionOf } = await built('orchestrator/expand/expansion.js');
  const { resolveProblem } = await built('worker/train/resolve-problem.js');
  const parsed = parseSpec(JSON.stringify(spec), `${spec.name}.json`);
  const { problem, objects, model } = await resolveProblem(parsed.problem, { folder: process.cwd(), seed: spec.seed ?? 1 });
  return { tasks: [...expansionOf(resolveSpec(parsed, problem)).tasks()], objects, model };
}

/** Open an engine with a cohort of such replicas. `run(cpuSeconds)` trains for about so long: replica-steps per second of CPU time. */
export async function openStep(engineName, size, replicas) {
  const { openEngine } = await built('worker/engines/registry.js');
  const { memberOf, shapeOf } = await built('worker/train/member.js');
  const { tasks, model } = await tasksOf(stepSpec(size, replicas));
  const shape = shapeOf(tasks[0], model);
  const observation = stepObservation(size.samples);
  const frequencies = stepFrequencies(size);
  const { engine } = await openEngine(engineName);
  const cohort = await engine.open(
    shape,
    tasks.map((task) => ({ ...memberOf(task, shape, observation), frequencies })),
  );
  return {
    run: (cpuSeconds) => timeAdam(cohort, tasks[0].training[0], cpuSeconds),
    close: async () => {
      await cohort.close();
      await engine.close();
    },
  };
}

/** From the first report of progress to the last: what a stage costs once (buffers of TensorFlow.js, the terms at its end) is not the step's. */
async function timeAdam(cohort, stage, cpuSeconds) {
  let [steps, reports, began, ended] = [0, 0, 0, 0];
  const cpuNow = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  const progress = (count) => {
    reports += 1;
    ended = cpuNow();
    if (reports === 1) began = ended;
    else steps += count;
  };
  const outcomes = await cohort.adam(stage, { shouldStop: () => steps > 0 && cpuNow() - began >= cpuSeconds, progress });
  const diverged = outcomes.find(({ kind }) => kind === 'diverged');
  if (diverged !== undefined) throw new Error(`a replica diverged in its ${diverged.term} term at step ${diverged.step}`);
  const { data, current, gates } = outcomes[0].terms;
  return { rate: steps / (ended - began), loss: data + current + gates };
}
