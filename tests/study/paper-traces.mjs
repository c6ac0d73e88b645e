/**
 * The traces of sweeps/paper-synthetic.yaml: the squid axon under a constant and a fluctuating current, 100 ms each, with the noise of a good
 * recording. Their truth is that of the model file (gNa 120, gK 36, gL 0.3 mS/cm2). Needs the built dist/: node tests/study/paper-traces.mjs
 */
import { writeFileSync } from 'node:fs';

const NOISE_MV = 0.1;
const GRID = { samples: 1001, sampleMs: 0.1 };
const TRACES = {
  constant: { step: { amplitude: 10 } },
  fluctuating: { ornsteinUhlenbeck: { mean: 10, sd: 5, tauMs: 3, seed: 1 } },
};
const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { randomStream } = await built('schemas/random.js');
const { loadModel } = await built('worker/models/library.js');
const { compileModel } = await built('worker/models/compile.js');
const { simulate } = await built('worker/simulate/forward.js');
const { sampleStimulus } = await built('worker/simulate/stimuli.js');

const model = compileModel(loadModel('hodgkin-huxley', '.').text, 'hodgkin-huxley');
for (const [name, stimulus] of Object.entries(TRACES)) {
  // three decimals are what the file has, so they are what the cell gets
  const current = sampleStimulus(stimulus, GRID).map((value) => Number(value.toFixed(3)));
  const { V } = simulate(model, { parameters: {}, initial: { V: model.rest }, current, sampleMs: GRID.sampleMs }).states;
  const noise = randomStream(1, `paper-${name}`);
  const rows = Array.from(V, (mV, i) =>
    [(i * GRID.sampleMs).toFixed(1), (mV + NOISE_MV * noise.normal(i)).toFixed(3), current[i]].join(','),
  );
  const file = new URL(`../../sweeps/paper-${name}.csv`, import.meta.url);
  writeFileSync(file, ['timeMs,voltageMv,currentUaPerCm2', ...rows, ''].join('\n'));
}
