/** What a sweep asks of an engine that lacks it: said by name, once each, before anything is trained. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusalsOf, refuseIfLacking } from '../../../orchestrator/cli/engine-refusals.ts';
import { loadSweep, type LoadedSweep } from '../../../orchestrator/cli/load-sweep.ts';
import type { Engine } from '../../../worker/engines/engine.ts';
import { createReferenceEngine } from '../../../worker/engines/reference/reference-engine.ts';
import { createTfjsEngine } from '../../../worker/engines/tfjs/tfjs-engine.ts';
import { quickSpec, writeSpec } from '../../helpers/quick-sweep.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();
let tfjs: Engine;
beforeAll(async () => {
  tfjs = await createTfjsEngine();
});
afterAll(() => tfjs.close());

function sweepOf(space: object): Promise<LoadedSweep> {
  const spec = quickSpec();
  return loadSweep(writeSpec(scratch(), { ...spec, space: { ...spec.space, ...space } }));
}

const VARIED = {
  'network.activation': { choice: ['tanh', 'gelu'] },
  'network.architecture': { choice: ['mlp', 'modified-mlp'] },
  'loss.weighting': { choice: ['fixed', 'gradient-norm', 'self-adaptive'] },
};

test('a sweep without variants is refused by no engine', async () => {
  const sweep = await sweepOf({});
  for (const engine of [createReferenceEngine(), tfjs]) expect(refusalsOf(sweep, engine)).toEqual([]);
});

test('every variant that an engine lacks is named once, in whichever configuration it stands', async () => {
  const sweep = await sweepOf(VARIED);
  expect(refusalsOf(sweep, createReferenceEngine())).toEqual([]);
  expect(refusalsOf(sweep, tfjs).toSorted()).toEqual([
    'loss.weighting: gradient-norm',
    'loss.weighting: self-adaptive',
    'network.architecture: modified-mlp',
  ]);
});

test('the error says the engine, the variant and the way out', async () => {
  const sweep = await sweepOf({ 'network.factorisation': 'random-weight' });
  expect(() => refuseIfLacking(sweep, createReferenceEngine())).not.toThrow();
  expect(() => refuseIfLacking(sweep, tfjs)).toThrow(
    /--engine tfjs: the engine tfjs does not train network\.factorisation: random-weight.*"auto".*\[SPEC_UNSUPPORTED\]/,
  );
});
