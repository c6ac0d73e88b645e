/** A small resolved sweep that tests of the expansion vary. */
import { resolveSpec } from '../../../orchestrator/spec/resolve.ts';
import type { DataUnit, ResolvedProblem, ResolvedSweep, Spec } from '../../../schemas/generated/types.ts';
import { contentId } from '../../../schemas/content-id.ts';

export function sampleUnit(amplitude: number, draws: number, samples = 501): DataUnit {
  const source: DataUnit['source'] = {
    kind: 'synthetic',
    parameters: { gNa: 120, gK: 36, gL: 0.3 },
    stimulus: { step: { amplitude } },
    initialMv: -65,
    noiseMv: 1,
    seed: 1,
    samples,
    sampleMs: 0.1,
  };
  return { id: contentId(source), entry: 0, label: `step ${amplitude}`, draws, samples, sampleMs: 0.1, sigmaMv: 1, source };
}

export const SAMPLE_PROBLEM: ResolvedProblem = {
  model: { name: 'hodgkin-huxley', object: contentId('a model') },
  currentUnit: 'uA/cm2',
  states: ['V', 'm', 'h', 'n'],
  infer: [
    { name: 'gNa', unit: 'mS/cm2', positive: true, range: [1, 1000], start: { logUniform: [12, 1200] } },
    { name: 'EL', unit: 'mV', positive: false, range: [-90, 0], start: { normal: [-54, 5] } },
  ],
  fixed: { C: 1 },
  data: [sampleUnit(10, 2), sampleUnit(20, 1)],
};

/** Resolved from a spec whose problem is already resolved. */
export function sampleSweep(spec: Partial<Spec> = {}, problem: ResolvedProblem = SAMPLE_PROBLEM): ResolvedSweep {
  const full: Spec = {
    name: 'sample',
    problem: { model: problem.model.name, infer: ['gNa'], data: [{ recording: { file: 'x' } }] },
    ...spec,
  };
  return resolveSpec(full, problem);
}
