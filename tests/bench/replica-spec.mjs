/**
 * The whole replica that the benchmarks train: three conductances from 50 ms of V at 0.1 ms with 1 mV noise, starts within x/ 10 of the
 * truth, integrated gates, 2 x 32 with 24 frequencies, the standard schedule.
 */

export const TRUTH = { gNa: 120, gK: 36, gL: 0.3 };

/** Spec of one replica for each of `draws` draws of the noise. */
export function replicaSpec(draws) {
  const within = (value) => ({ start: { logUniform: [value / 10, value * 10] } });
  return {
    name: 'replica',
    problem: {
      model: 'hodgkin-huxley',
      infer: Object.fromEntries(Object.entries(TRUTH).map(([name, value]) => [name, within(value)])),
      data: [{ synthetic: { parameters: TRUTH, stimulus: { step: { amplitude: 10 } }, durationMs: 50, sampleMs: 0.1, noiseMv: 1, draws } }],
    },
    space: { states: 'integrated', 'network.depth': 2, 'network.width': 32, 'network.features': 24, replicas: 1 },
    training: 'standard',
  };
}
