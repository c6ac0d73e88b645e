/**
 * Rate of the training step on W1 and W2 (network-step.mjs) on the GPU, by number of replicas: replica-steps a second of wall time as a
 * user gets them, with every parameter of every step told to its history as training does, share of the device's measured FMA peak, share of the time that reading back and other host work costs, and the
 * gradient's distance from the reference. Needs the built dist/ and a GPU: npm run bench:gpu
 *
 * Options: --json FILE, --replicas 1,32,... (1 to 16,384), --workloads W1,W2, --forms network,... (states, and with a + the solution for the
 * linear parameters in each step), --seconds N (2, for each rate).
 * JAX on the same device is timed by gpu-peer.py beside it.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gpuFmaPeak } from './gpu-fma-peak.mjs';
import { tasksOf, stepSpec, stepObservation, stepFrequencies, WORKLOADS } from './network-step.mjs';
import { digits, listOf, matrixProductFlops, percent, tableOf } from './rates.mjs';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    replicas: { type: 'string', default: '1,32,128,512,2048,8192,16384' },
    workloads: { type: 'string', default: Object.keys(WORKLOADS).join(',') },
    forms: { type: 'string', default: 'network,network+,integrated,integrated+' },
    seconds: { type: 'string', default: '2' },
  },
});

/** Starts that differ; more replicas repeat them. */
const DISTINCT = 16;
/** Reports of progress while slices grow. */
const GROWING = 14;

const { openGpu } = await built('worker/engines/webgpu/device.js');
const { Group } = await built('worker/engines/webgpu/group.js');
const { tilingOf } = await built('worker/engines/webgpu/tiling.js');
const { createWebgpuEngine } = await built('worker/engines/webgpu/webgpu-engine.js');
const { createReferenceEngine } = await built('worker/engines/reference/reference-engine.js');
const { memberOf, shapeOf } = await built('worker/train/member.js');
const { ParameterHistory } = await built('worker/train/stationarity.js');

const gpu = await openGpu();
const engine = await createWebgpuEngine();
const peak = await gpuFmaPeak(gpu.device);
console.log(`${gpu.text}\nFMA peak measured: ${(peak / 1e12).toFixed(1)} TFLOP/s`);

const rows = [];
for (const workload of listOf(values.workloads)) {
  for (const form of listOf(values.forms)) {
    const states = form.replace('+', '');
    const flops = matrixProductFlops({ ...WORKLOADS[workload], outputs: states === 'network' ? 4 : 1 });
    const { shape, members, stage } = await workloadOf(WORKLOADS[workload], states, form.endsWith('+'));
    const error = await gradientError(shape, members.slice(0, 2));
    for (const count of listOf(values.replicas).map(Number)) {
      const row = { workload, form, replicas: count, ...(await timed(shape, members, stage, count, flops)), gradientError: error };
      rows.push(row);
      console.log(JSON.stringify(row));
    }
  }
}
const header = ['workload', 'form', 'replicas', 'replica-steps/s', 'of FMA peak', 'read-back and host', 'gradient error'];
console.log(
  tableOf(
    header,
    rows.map((row) =>
      'failed' in row
        ? [row.workload, row.form, row.replicas, row.failed, '', '', '']
        : [
            row.workload,
            row.form,
            row.replicas,
            digits(row.stepsPerSecond),
            percent(row.share),
            percent(row.hostShare),
            row.gradientError.toExponential(1),
          ],
    ),
  ),
);
if (values.json !== undefined)
  writeFileSync(values.json, JSON.stringify({ device: gpu.text, date: new Date().toISOString(), peak, rows }, null, 1));
await engine.close();
gpu.device.destroy();

async function workloadOf(size, states, project) {
  const spec = stepSpec(size, DISTINCT);
  const { tasks, model } = await tasksOf({ ...spec, space: { ...spec.space, states } });
  const shape = shapeOf(tasks[0], model);
  const frequencies = stepFrequencies(size);
  const first = memberOf(tasks[0], shape, stepObservation(size.samples));
  const members = tasks.map((task) => ({ ...memberOf(task, shape, stepObservation(size.samples)), frequencies, grid: first.grid }));
  return { shape, members, stage: { ...tasks[0].training[0], project } };
}

/** Largest component's and L2 distance of the gradient from the reference's, the larger of the two. */
async function gradientError(shape, members) {
  const gradients = [];
  for (const each of [engine, createReferenceEngine()]) {
    const cohort = await each.open(shape, members);
    gradients.push((await cohort.evaluate(1)).map(({ gradient }) => gradient));
    await cohort.close();
  }
  const [actual, exact] = gradients;
  return Math.max(...exact.map((reference, r) => distance(actual[r], reference)));
}

function distance(actual, reference) {
  let [worst, largest, difference, norm] = [0, 0, 0, 0];
  reference.forEach((value, i) => {
    const error = actual[i] - value;
    worst = Math.max(worst, Math.abs(error));
    largest = Math.max(largest, Math.abs(value));
    difference += error ** 2;
    norm += value ** 2;
  });
  return Math.max(worst / largest, Math.sqrt(difference / norm));
}

async function timed(shape, members, stage, count, flops) {
  const all = Array.from({ length: count }, (_, r) => members[r % members.length]);
  try {
    const stepsPerSecond = await engineRate(shape, all, stage);
    const deviceRate = await bareRate(shape, all, stage);
    return { stepsPerSecond, share: (stepsPerSecond * flops) / peak, hostShare: Math.max(0, 1 - stepsPerSecond / deviceRate) };
  } catch (reason) {
    return { failed: String(reason).split('\n')[0] };
  }
}

/** Through the engine, from when slices have had time to grow to their length. */
async function engineRate(shape, members, stage) {
  const cohort = await engine.open(shape, members);
  let [reports, steps, began, ended] = [0, 0, 0, 0];
  const progress = (taken) => {
    reports += 1;
    ended = performance.now();
    if (reports <= GROWING) began = ended;
    else steps += taken;
  };
  const longest = 20_000;
  const histories = members.map(() => new ParameterHistory(longest, shape.infer.length));
  const outcomes = await cohort.adam(
    { ...stage, steps: longest },
    {
      shouldStop: () => steps > 0 && ended - began > 1000 * values.seconds,
      progress,
      trace: (replica, _step, told) => histories[replica].record(told),
    },
  );
  await cohort.close();
  const broken = outcomes.find(({ kind }) => kind === 'diverged');
  if (broken !== undefined) throw new Error(`a replica diverged at step ${broken.step}`);
  return (1000 * steps) / (ended - began);
}

/** The same steps queued without looking at them: what the device alone could do, as far as the first group of a cohort goes. */
async function bareRate(shape, members, stage) {
  const tiling = tilingOf(shape, gpu.limits, { projects: stage.project });
  const group = await Group.open(gpu, tiling, members.slice(0, 4096), 1);
  const total = 100_000;
  group.setSchedule({ ...stage, steps: total }, 0, total);
  const run = (steps) => group.submit({ mode: 'train', physics: 0, steps, total, parameterRate: 1, traced: false, project: stage.project });
  group.begin(members.slice(0, group.size).map(({ theta }) => ({ theta, moments: null, multipliers: null, step: 0 })));
  run(2);
  await group.reports(0);
  const trial = performance.now();
  run(2);
  await group.reports(0);
  const perSlice = Math.max(1, Math.min(64, Math.floor((2 * 50) / (performance.now() - trial))));
  const slices = Math.ceil((1000 * values.seconds) / 50);
  const began = performance.now();
  for (let k = 0; k < slices; k++) run(perSlice);
  await group.reports(0);
  const rate = (1000 * slices * perSlice * group.size) / (performance.now() - began);
  group.close();
  return rate;
}
