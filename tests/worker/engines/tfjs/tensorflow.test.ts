/** The engine `tfjs` on TensorFlow's own library. The whole contract suite runs on it in CI (.ci/run); here is what else depends on the library, and a little of each promise. */
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../../../worker/engines/engine.ts';
import { createReferenceEngine } from '../../../../worker/engines/reference/reference-engine.ts';
import { createTfjsEngine, describeTfjs } from '../../../../worker/engines/tfjs/tfjs-engine.ts';
import { openPool } from '../../../../worker/pool/pool.ts';
import { selfCheck } from '../../../../worker/pool/self-check.ts';
import { adamStage, distance, memberOf, shapeOf, trained, withCohort } from '../../../helpers/engine-cohorts.ts';
import { expectEvaluations } from '../../../helpers/evaluation-distance.ts';
import { installedTensorFlow } from '../../../helpers/installed-tensorflow.ts';

const folder = installedTensorFlow();
// a module of Node is an object
const util = createRequire(import.meta.url)('node:util') as object;

describe.skipIf(folder === null)('on TensorFlow', () => {
  const reference = createReferenceEngine();
  let engine: Engine;
  beforeAll(async () => {
    process.env['LOLIGO_TFJS'] = folder ?? '';
    // as Node 23 and later are: tfjs-node calls both
    for (const name of ['isArray', 'isNullOrUndefined']) Reflect.deleteProperty(util, name);
    engine = await createTfjsEngine();
  });

  test('says which library computes, in provenance too', async () => {
    const library = /TensorFlow \d+\.\d+\.\d+ by tfjs-node \d+\.\d+\.\d+ on /;
    expect(await describeTfjs()).toMatch(library);
    expect(engine.arithmetic).toMatch(library);
    expect(tf.getBackend()).toBe('tensorflow');
  });

  const shapes = (['network', 'integrated'] as const).map((states) => shapeOf('pospischil-rs', { states, infer: ['gNa', 'gM', 'VT'] }));

  test.each(shapes)('loss, gradient and training equal the reference, states: $states', async (shape) => {
    const members = [1, 2, 3].map((seed) => memberOf(shape, seed));
    const [actual, exact] = await Promise.all([engine, reference].map((each) => withCohort(each, shape, members, (c) => c.evaluate(1))));
    expectEvaluations(actual!, exact!);
    const stage = adamStage({ project: true });
    const [ends, exactEnds] = await Promise.all([engine, reference].map((each) => trained(each, shape, members, stage)));
    for (const r of [0, 1, 2]) expect(distance(ends![r]!, exactEnds![r]!).l2).toBeLessThan(1e-4);
  });

  test('leaves no tensor behind, neither in TensorFlow.js nor in TensorFlow', async () => {
    // what tfjs-node's backend has beside what all backends have: its count of what the library holds
    const library = tf.backend() as unknown as { getNumOfTFTensors(): number };
    const held = (): [number, number] => [tf.memory().numTensors, library.getNumOfTFTensors()];
    const before = held();
    for (const shape of shapes) await trained(engine, shape, [memberOf(shape, 1), memberOf(shape, 2)], adamStage({ steps: 5 }));
    expect(held()).toEqual(before);
  });

  test('trains in two threads at once', async () => {
    const pool = openPool({ threads: 2, engine: 'tfjs' });
    try {
      expect(await Promise.all([selfCheck(pool), selfCheck(pool)])).toEqual([undefined, undefined]);
    } finally {
      await pool.close();
    }
  });
});
