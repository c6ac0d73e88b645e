/** The add-on's border: wrong shapes and values are refused, none brings the process down, and closing gives everything back. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../../schemas/package-root.ts';
import type { Shape } from '../../../../worker/engines/engine.ts';
import { describeCohort } from '../../../../worker/engines/fused/description.ts';
import { createNativeEngine, createWasmEngine } from '../../../../worker/engines/fused/fused-engine.ts';
import { chooseKernel, loadNative } from '../../../../worker/engines/fused/native.ts';
import { wasmKernel } from '../../../../worker/engines/fused/wasm.ts';
import { gridSize, layoutOf } from '../../../../worker/engines/layout.ts';
import { adamStage, controlOf, memberOf, shapeOf } from '../../../helpers/engine-cohorts.ts';

const run = promisify(execFile);

const native = await loadNative().catch((reason: unknown) => {
  // a machine without a compiler has no add-on
  if (process.env['CI'] === 'true') throw reason;
  return null;
});

const SHAPES: readonly Shape[] = [
  shapeOf('hodgkin-huxley', { samples: 9, width: 5, features: 3 }),
  shapeOf('hodgkin-huxley', { samples: 9, width: 5, features: 3, states: 'integrated', initialGates: 'free', perSample: 2 }),
  shapeOf('hodgkin-huxley', {
    samples: 5,
    width: 3,
    features: 2,
    architecture: 'modified-mlp',
    factorisation: 'random-weight',
    scale: 'trainable',
  }),
];

describe.skipIf(native === null)('the border of the add-on', () => {
  test('wrong lengths, kinds and values never crash the process', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'loligo-border-'));
    try {
      const descriptions = SHAPES.map((shape) => {
        // an infinite limit would not survive JSON
        const { ints, reals } = describeCohort(shape, [{ ...memberOf(shape, 1), huberMv: 5 }]);
        const states = (1 + shape.model.gates.length) * gridSize(shape);
        return { ints: [...ints], reals: [...reals], theta: layoutOf(shape).size, states, parameters: shape.infer.length };
      });
      const file = join(folder, 'descriptions.json');
      writeFileSync(file, JSON.stringify(descriptions));
      const seed = Math.floor(Math.random() * 2 ** 31);
      process.stdout.write(`border fuzz: seed ${seed}\n`);
      const script = join(packageRoot(), 'tests/fixtures/border-fuzz.mjs');
      const { stdout } = await run(process.execPath, [script, file, String(seed), '6000']);
      // JSON of counts: border-fuzz.mjs prints it when it has lived to its end
      const counts = JSON.parse(stdout) as Record<string, number>;
      for (const count of ['opened', 'refused', 'threw']) expect(counts[count], count).toBeGreaterThan(50);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 120_000);

  test('a thousand cohorts opened, trained and closed leave no memory behind', async () => {
    const engine = await createNativeEngine();
    await expectNoGrowth(1000, () => openTrainClose(engine, SHAPES[1]!));
    await engine.close();
  }, 120_000);

  test('closing the engine closes its cohorts', async () => {
    const engine = await createNativeEngine();
    const cohort = await engine.open(SHAPES[0]!, [memberOf(SHAPES[0]!, 1)]);
    await engine.close();
    await expect(cohort.evaluate(1)).rejects.toThrow('internal: the cohort is closed');
  });

  test('a cohort of many replicas holds the arithmetic of one', async () => {
    const kernel = chooseKernel(native!);
    const shape = shapeOf('hodgkin-huxley', { samples: 200, width: 32, depth: 3, features: 16 });
    const bytes = [1, 20].map((replicas) => {
      const members = Array.from({ length: replicas }, (_, r) => memberOf(shape, r));
      const cohort = kernel.open(describeCohort(shape, members));
      const terms = new Float64Array(3);
      const before = cohort.bytes;
      members.forEach(({ theta }, r) => cohort.evaluate(r, theta.slice(), null, terms));
      const grown = cohort.bytes - before;
      cohort.close();
      return grown;
    });
    expect(bytes[0]).toBeGreaterThan(0);
    expect(bytes[1]).toBe(bytes[0]);
  });
});

describe('the border of the WebAssembly module', () => {
  test('refuses a wrong description and a wrong length, and goes on', () => {
    const kernel = wasmKernel();
    const description = describeCohort(SHAPES[0]!, [memberOf(SHAPES[0]!, 1)]);
    expect(() => kernel.open({ ints: description.ints.slice(1), reals: description.reals })).toThrow(/^internal: .* description/);
    const cohort = kernel.open(description);
    expect(() => cohort.setTheta(0, new Float64Array(3))).toThrow(/^internal: .* length/);
    expect(() => cohort.gradient(0, 1, new Float64Array(layoutOf(SHAPES[0]!).size))).toThrow(/^internal: .* order/);
    cohort.close();
    expect(() => cohort.refresh(0)).toThrow('internal: the cohort is closed');
  });

  test('cohorts opened, trained and closed leave no memory behind', async () => {
    const engine = await createWasmEngine();
    await expectNoGrowth(300, () => openTrainClose(engine, SHAPES[1]!));
    await engine.close();
  }, 120_000);
});

async function openTrainClose(engine: Awaited<ReturnType<typeof createWasmEngine>>, shape: Shape): Promise<void> {
  const cohort = await engine.open(shape, [memberOf(shape, 1), memberOf(shape, 2)]);
  const lm = { optimizer: 'levenberg-marquardt', steps: 1, physics: 1, tolerance: 0, project: false } as const;
  await cohort.adam(adamStage({ steps: 2 }), controlOf());
  await cohort.levenbergMarquardt(lm, controlOf());
  await cohort.reconstruct();
  await cohort.close();
}

/** The process' memory after `count` goes is what it was after a tenth of them, but for the allocator's and the collector's slack. */
async function expectNoGrowth(count: number, go: () => Promise<void>): Promise<void> {
  const resident = (): number => {
    return process.memoryUsage.rss();
  };
  for (let i = 0; i < count / 10; i++) await go();
  const before = resident();
  for (let i = count / 10; i < count; i++) await go();
  // each cohort holds some 400 kB: were they kept, hundreds of MB would be
  expect((resident() - before) / 2 ** 20).toBeLessThan(60);
}
