/** Along the simulated V of a model every engine integrates its gates and pools to what the simulation gives them, segment by segment. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, Member, Shape } from '../../worker/engines/engine.ts';
import { initialTheta } from '../../worker/engines/initial.ts';
import { layoutOf, VOLTAGE_CENTRE } from '../../worker/engines/layout.ts';
import { compileModel } from '../../worker/models/compile.ts';
import { createScalar } from '../../worker/models/interpret.ts';
import { stateNames, type Model } from '../../worker/models/model.ts';
import { parameterValues } from '../../worker/models/parameter-values.ts';
import { collocationGrid } from '../../worker/train/collocation.ts';
import { simulateSegments } from '../../worker/train/segment-simulation.ts';
import { ENGINES } from '../helpers/contract-engines.ts';
import { memberOf, settingsOf, shapeOf, withCohort } from '../helpers/engine-cohorts.ts';
import { POOLS } from '../helpers/model-text.ts';

const SAMPLE_MS = 0.025;
/** First samples of the segments; each has a current of its own. */
const SEGMENTS = Int32Array.of(0, 500);
const SAMPLES = 800;

const CASES: readonly (readonly [string, Partial<Shape>, number])[] = [
  ['gates', {}, 10],
  ['a pool that a current fills, which a gate reads', { model: compileModel(POOLS, 'pools'), infer: ['gNa'] }, 20],
  ['the same, every initial value free', { model: compileModel(POOLS, 'pools'), infer: ['gNa'], initialGates: 'free' }, 20],
];

describe.each(ENGINES)('states that are integrated: %s', (_name, create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  afterAll(() => engine.close());

  test.each(CASES)('%s', async (_, overrides, amplitude) => {
    const plain = shapeOf('hodgkin-huxley', { states: 'integrated', samples: SAMPLES, segments: SEGMENTS.length });
    const shape = { ...plain, ...overrides };
    const { member, states } = alongSimulation(shape, amplitude);
    if (engine.refuses(shape, settingsOf(member)) !== null) return;
    const [reconstruction] = await withCohort(engine, shape, [member], (cohort) => cohort.reconstruct());
    const integrated = reconstruction!.states;
    for (const { name, range } of shape.model.gates) {
      const [x, exact] = [integrated[name]!, states[name]!];
      const worst = exact.reduce((most, value, i) => Math.max(most, Math.abs(value - x[i]!)), 0);
      expect(worst / (range[1] - range[0]), name).toBeLessThan(1e-5);
    }
  });
});

/** A member whose network gives nothing and whose driven voltage is the simulated V, at the parameters that it was simulated with. */
function alongSimulation(shape: Shape, amplitude: number): { member: Member; states: Readonly<Record<string, Float64Array>> } {
  const { model } = shape;
  const values = parameterValues(model);
  const current = Float64Array.from({ length: SAMPLES }, (_, i) => (i < SEGMENTS[1]! ? amplitude : amplitude / 2));
  const simulation = simulateSegments(model, values, { initial: {} }, { current, segments: SEGMENTS, sampleMs: SAMPLE_MS });
  if (simulation.kind === 'failed') throw new Error(simulation.reason);
  const { states } = simulation;
  const V = states['V']!;
  const fixed = Object.fromEntries(Object.entries(values).filter(([name]) => !shape.infer.includes(name)));
  const theta = initialTheta(
    shape,
    1,
    values,
    fixed,
    Array.from(SEGMENTS, (first) => V[first]!),
  );
  theta.fill(0, 0, layoutOf(shape).networkSize);
  const member: Member = {
    ...memberOf(shape, 1),
    segments: SEGMENTS,
    ...collocationGrid({ voltageMv: V, sampleMs: SAMPLE_MS, segments: SEGMENTS }, 1, 'uniform'),
    voltageMv: V,
    current,
    drivenMv: V.map((value) => value - VOLTAGE_CENTRE),
    drivenRate: rateOfV(model, values, states, current),
    fixed,
    theta,
  };
  return { member, states };
}

function rateOfV(
  model: Model,
  values: Readonly<Record<string, number>>,
  states: Readonly<Record<string, Float64Array>>,
  current: Float64Array,
): Float64Array {
  const names = stateNames(model);
  const evaluate = createScalar(model.derivatives, [...names, 'I', ...Object.keys(values)]);
  const outputs = new Float64Array(names.length);
  return current.map((I, i) => {
    evaluate(Float64Array.of(...names.map((name) => states[name]![i]!), I, ...Object.values(values)), outputs);
    return outputs[0]!;
  });
}
