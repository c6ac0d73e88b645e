import { expect, test } from 'vitest';
import { packageRoot } from '../../schemas/package-root.ts';
import { loadModel } from '../../worker/models/library.ts';
import { createReferenceEngine } from '../../worker/engines/reference/reference-engine.ts';
import { createTfjsEngine } from '../../worker/engines/tfjs/tfjs-engine.ts';
import { initialFrequencies, initialTheta } from '../../worker/engines/initial.ts';
import type { Member, Shape } from '../../worker/engines/engine.ts';
import * as tf from '@tensorflow/tfjs-core';

function member(shape: Shape, seed: number): Member {
  const M = (shape.samples - 1) * shape.perSample + 1;
  const voltageMv = Float64Array.from({ length: shape.samples }, (_, i) => -50 + 25 * Math.sin(i / 9 + seed));
  const values = Object.fromEntries(shape.model.parameters.map(({ name, value }) => [name, value]));
  const fixed = Object.fromEntries(Object.entries(values).filter(([name]) => !shape.infer.includes(name)));
  return { sampleMs: 0.1, voltageMv, sampleWeight: new Float64Array(shape.samples).fill(1), current: Float64Array.from({ length: M }, (_, i) => 5 + Math.sin(i / 20)),
    frequencies: initialFrequencies(seed, shape.features, 0.4), fixed, weights: { data: 1, current: 1, gates: 1 }, theta: initialTheta(shape, seed, values, fixed, voltageMv[0]!) };
}
test('q', async () => {
  const ref = createReferenceEngine(), tfe = await createTfjsEngine();
  for (const name of ['hodgkin-huxley', 'pospischil-rs']) for (const states of ['network', 'integrated'] as const) for (const activation of ['tanh','sin'] as const) {
    const { model } = loadModel(name, packageRoot());
    const shape: Shape = { model, infer: model.parameters.map((p) => p.name), states, depth: 3, width: 32, features: 32, activation, samples: 101, perSample: 2 };
    const members = [member(shape, 1), member(shape, 2)];
    const a = await ref.open(shape, members), b = await tfe.open(shape, members);
    const before = tf.memory().numTensors;
    const ea = await a.evaluate(1), eb = await b.evaluate(1);
    for (const r of [0, 1]) {
      const ga = ea[r]!.gradient, gb = eb[r]!.gradient;
      const max = ga.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
      let worst = 0, at = 0, l2 = 0, n2 = 0; ga.forEach((x, i) => { const d = Math.abs(x - gb[i]!); if (!(d <= worst)) { worst = d; at = i; } l2 += d * d; n2 += x * x; });
      console.log(name, states, activation, r, 'loss', ea[r]!.loss, (eb[r]!.loss / ea[r]!.loss - 1).toExponential(1), 'max', (worst / max).toExponential(1), at, ga.length, 'l2', Math.sqrt(l2 / n2).toExponential(1), tf.memory().numTensors - before);
    }
  }
}, 60000);
test('speed', async () => {
  const { model } = loadModel('hodgkin-huxley', packageRoot());
  for (const states of ['network', 'integrated'] as const) for (const physics of [1, 0]) {
  const shape: Shape = { model, infer: ['gNa', 'gK', 'gL'], states, depth: 3, width: 32, features: 32, activation: 'tanh', samples: 512, perSample: 1 };
  for (const [n, e] of [['ref', createReferenceEngine()], ['tfjs', await createTfjsEngine()]] as const) for (const R of [1, 8]) {
    const c = await e.open(shape, Array.from({ length: R }, (_, r) => member(shape, r)));
    const run = async (ms: number) => { let done = 0; const t = performance.now(), u = process.cpuUsage(); await c.adam({ optimizer: 'adam', steps: 1e9, rate: 1e-3, parameterRate: 1, warmup: 1, physics, project: false }, { shouldStop: () => performance.now() > t + ms, progress: (k) => void (done += k) }); const v = process.cpuUsage(u); return done / ((v.user + v.system) / 1e6); };
    await run(300); console.log(states, physics, n, R, (await run(1500)).toFixed(1));
    await c.close();
  } }
}, 60000);
