/** Every engine gives every built-in model the reference's loss and gradient, by all of its parameters, or refuses it by name. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../worker/engines/engine.ts';
import { createReferenceEngine } from '../../worker/engines/reference/reference-engine.ts';
import { builtinModels, loadModel } from '../../worker/models/library.ts';
import { ENGINES } from '../helpers/contract-engines.ts';
import { memberOf, settingsOf, shapeOf, withCohort } from '../helpers/engine-cohorts.ts';
import { expectEvaluations, TOLERANCE } from '../helpers/evaluation-distance.ts';

const CASES = builtinModels().flatMap((name) => (['network', 'integrated'] as const).map((states) => [name, states] as const));

/** A kernel takes SwiftShader seconds to compile, and the equations of a model are the same in both formulations. */
const casesOf = (engine: string): typeof CASES => (engine === 'webgpu' ? CASES.filter(([, states]) => states === 'network') : CASES);

describe.each(ENGINES)('built-in models on %s', (engineName, create) => {
  const reference = createReferenceEngine();
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  afterAll(() => engine.close());

  test.each(casesOf(engineName))('%s, states: %s', async (name, states) => {
    const infer = loadModel(name, '.').model.parameters.map((parameter) => parameter.name);
    const shape = shapeOf(name, { states, infer, width: 6, features: 3, samples: 21 });
    const member = memberOf(shape, 2);
    const refusal = engine.refuses(shape, settingsOf(member));
    const engines = refusal === null ? [engine, reference] : [];
    const [actual = [], exact = []] = await Promise.all(
      engines.map((each) => withCohort(each, shape, [member], (cohort) => cohort.evaluate(1))),
    );
    expectEvaluations(actual, exact, TOLERANCE);
    expect(refusal ?? 'pools: none').toMatch(/^(pools: \w|states: )/);
  });
});
