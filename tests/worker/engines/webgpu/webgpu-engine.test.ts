/**
 * The promises of worker/engines/engine.ts for what the webgpu engine does not refuse, on the GPU that is there or on SwiftShader, the
 * software Vulkan driver of Debian's chromium package.
 */
import { existsSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import type { Member, Shape } from '../../../../worker/engines/engine.ts';
import { layoutOf } from '../../../../worker/engines/layout.ts';
import { createReferenceEngine } from '../../../../worker/engines/reference/reference-engine.ts';
import { openGpu } from '../../../../worker/engines/webgpu/device.ts';
import { Group } from '../../../../worker/engines/webgpu/group.ts';
import { GPU_BLOCK, tilingOf } from '../../../../worker/engines/webgpu/tiling.ts';
import { createWebgpuEngine } from '../../../../worker/engines/webgpu/webgpu-engine.ts';
import {
  adamStage,
  controlOf,
  distance,
  memberOf,
  settingsOf,
  shapeOf,
  trained,
  unevenMember,
  withCohort,
} from '../../../helpers/engine-cohorts.ts';

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (existsSync(SWIFTSHADER)) process.env['VK_DRIVER_FILES'] ??= SWIFTSHADER;

const found = await createWebgpuEngine().catch((reason: unknown) => {
  if (process.env['CI'] === 'true') throw reason;
  return String(reason);
});
const reason = typeof found === 'string' ? found : '';

const TOLERANCE = 2e-6;
const SHAPES: Readonly<Record<string, Shape>> = {
  'hodgkin-huxley 3x32, two points per sample, several tiles': shapeOf('hodgkin-huxley', {
    depth: 3,
    width: 32,
    features: 32,
    samples: 101,
    perSample: 2,
  }),
  'hodgkin-huxley, every parameter': shapeOf('hodgkin-huxley', {
    infer: ['gNa', 'gK', 'gL', 'ENa', 'EK', 'EL', 'C'],
    width: 17,
    features: 3,
    samples: 64,
  }),
  'hodgkin-huxley, smallest': shapeOf('hodgkin-huxley', { infer: ['gK'], depth: 1, width: 1, features: 1, samples: 2 }),
  'pospischil-rs, five outputs, every parameter, sine': shapeOf('pospischil-rs', {
    infer: ['gNa', 'gK', 'gM', 'gL', 'ENa', 'EK', 'EL', 'VT'],
    activation: 'sin',
    depth: 3,
    features: 5,
    samples: 50,
    perSample: 2,
  }),
};

describe.skipIf(reason !== '')(`the webgpu engine${reason === '' ? '' : ` (skipped: ${reason})`}`, () => {
  const reference = createReferenceEngine();
  if (typeof found === 'string') return;
  const engine = found;
  afterAll(() => engine.close());

  async function expectEqual(shape: Shape, members: readonly Member[], physics: number, tolerance = TOLERANCE): Promise<void> {
    const [actual, exact] = await Promise.all(
      [engine, reference].map((each) => withCohort(each, shape, members, (cohort) => cohort.evaluate(physics))),
    );
    exact!.forEach((evaluation, r) => {
      const { max, l2 } = distance(actual![r]!.gradient, evaluation.gradient);
      expect(max, `replica ${r}, largest component`).toBeLessThan(tolerance);
      expect(l2, `replica ${r}, L2`).toBeLessThan(tolerance);
      expect(Math.abs(actual![r]!.loss / evaluation.loss - 1), `replica ${r}, loss`).toBeLessThan(TOLERANCE);
      for (const term of ['data', 'current', 'gates'] as const)
        expect(Math.abs(actual![r]!.terms[term] - evaluation.terms[term]), term).toBeLessThanOrEqual(TOLERANCE * evaluation.terms[term]);
    });
  }

  test.each(Object.entries(SHAPES))('loss and gradient equal the reference: %s', (_, shape) =>
    expectEqual(shape, [memberOf(shape, 1), memberOf(shape, 2)], 1),
  );

  test('loss and gradient equal the reference with padding, with uneven points, and without physics', async () => {
    const shape = shapeOf('hodgkin-huxley', { perSample: 2 });
    const members = [memberOf(shape, 1), memberOf(shape, 2, 1), memberOf(shape, 3, 20), unevenMember(shape, 4)];
    for (const physics of [0, 0.1, 30]) await expectEqual(shape, members, physics);
  });

  test('the gradient of a trained network, a small difference of large sums, equals the reference to a fifth of the digits', async () => {
    const shape = shapeOf('hodgkin-huxley');
    const member = memberOf(shape, 5);
    const [theta] = await trained(reference, shape, [member], adamStage({ steps: 400, rate: 3e-3 }));
    await expectEqual(shape, [{ ...member, theta: theta! }], 1, 5 * TOLERANCE);
  });

  test('an Adam stage whose physics rises ends where the reference ends', async () => {
    const shape = shapeOf('hodgkin-huxley', { perSample: 2 });
    const members = [memberOf(shape, 6), memberOf(shape, 4, 10)];
    const stage = adamStage({ physics: [0.1, 3] });
    const [actual, exact] = await Promise.all([engine, reference].map((each) => trained(each, shape, members, stage)));
    // Adam divides by the gradient's size, so a gradient of rounding errors moves a weight as far as any other
    for (const r of [0, 1]) expect(distance(actual![r]!, exact![r]!).l2).toBeLessThan(1e-4);
  });

  test('the loss of one replica stays within a thousandth of the reference for 200 steps', async () => {
    const shape = shapeOf('hodgkin-huxley');
    const loss = async (each: typeof engine): Promise<number> =>
      withCohort(each, shape, [memberOf(shape, 2)], async (cohort) => {
        await cohort.adam(adamStage({ steps: 200 }), controlOf());
        return (await cohort.evaluate(1))[0]!.loss;
      });
    expect(Math.abs((await loss(engine)) / (await loss(reference)) - 1)).toBeLessThan(1e-3);
  });

  test('a replica does not depend on its cohort, nor on neighbours that break', async () => {
    const shape = shapeOf('hodgkin-huxley');
    const members = [1, 2, 3].map((seed) => memberOf(shape, seed));
    const broken: Member = { ...memberOf(shape, 7), voltageMv: new Float64Array(shape.samples).fill(Number.NaN) };
    const huge: Member = { ...memberOf(shape, 8), theta: memberOf(shape, 8).theta.slice() };
    huge.theta[layoutOf(shape).parameterOffset] = 200;
    const alone = await Promise.all(members.map(async (member) => (await trained(engine, shape, [member]))[0]!));
    const [first, , second, , third] = await trained(engine, shape, [members[0]!, broken, members[1]!, huge, members[2]!]);
    expect([first, second, third]).toEqual(alone);
  });

  test('a state saved in the middle of a stage goes on bit for bit as if it had never stopped', async () => {
    const shape = shapeOf('hodgkin-huxley');
    const members = [memberOf(shape, 1), memberOf(shape, 2)];
    const stage = adamStage({ steps: 300 });
    const whole = await trained(engine, shape, members, stage);
    const halfway = await withCohort(engine, shape, members, async (cohort) => {
      const outcomes = await cohort.adam(stage, controlOf(2));
      expect(outcomes.map(({ kind }) => kind)).toEqual(['interrupted', 'interrupted']);
      return Promise.all([cohort.save(0), cohort.save(1)]);
    });
    const resumed = await withCohort(engine, shape, [members[1]!, members[0]!], async (cohort) => {
      for (const r of [0, 1]) await cohort.load(1 - r, structuredClone(halfway[r]!));
      const outcomes = await cohort.adam(stage, controlOf());
      expect(outcomes).toMatchObject([0, 1].map((r) => ({ kind: 'done', steps: 300 - halfway[1 - r]!.step })));
      return Promise.all([cohort.save(1), cohort.save(0)]);
    });
    expect(resumed.map(({ theta }) => theta)).toEqual(whole);
  });

  test('numerical trouble is an outcome, with its step and term', async () => {
    const shape = shapeOf('hodgkin-huxley');
    const hole = memberOf(shape, 1);
    hole.voltageMv[17] = Number.NaN;
    const stimulus = memberOf(shape, 2);
    stimulus.current[17] = Infinity;
    const outcomes = await withCohort(engine, shape, [hole, stimulus], (cohort) => cohort.adam(adamStage(), controlOf()));
    expect(outcomes).toEqual([
      { kind: 'diverged', step: 0, term: 'data' },
      { kind: 'diverged', step: 0, term: 'current' },
    ]);
    const fast = adamStage({ rate: 1e6, warmup: 0 });
    const [outcome] = await withCohort(engine, shape, [memberOf(shape, 1)], (cohort) => cohort.adam(fast, controlOf()));
    expect(outcome).toEqual({ kind: 'diverged', step: 1, term: 'gates' });
  });

  test('traces every parameter after every step, and reconstructs from the same', async () => {
    const shape = shapeOf('hodgkin-huxley');
    const steps: number[] = [];
    const last = new Float64Array(3);
    await withCohort(engine, shape, [memberOf(shape, 1)], async (cohort) => {
      const trace = (_: number, step: number, values: Float64Array): void => {
        steps.push(step);
        last.set(values);
      };
      expect(await cohort.adam(adamStage(), { ...controlOf(), trace })).toMatchObject([{ kind: 'done', steps: 20 }]);
      const [reconstruction] = await cohort.reconstruct();
      expect(Object.values(reconstruction!.parameters)).toEqual([...last]);
    });
    expect(steps).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test('second order runs in float64 and ends bit for bit where the reference ends', async () => {
    const shape = shapeOf('hodgkin-huxley', { samples: 21, width: 8 });
    const stage = { optimizer: 'levenberg-marquardt', steps: 2, physics: 1, tolerance: 0, project: true } as const;
    const [actual, exact] = await Promise.all(
      [engine, reference].map((each) =>
        withCohort(each, shape, [memberOf(shape, 1)], async (cohort) => {
          await cohort.levenbergMarquardt(stage, controlOf());
          return (await cohort.save(0)).theta;
        }),
      ),
    );
    expect(actual).toEqual(exact);
  });

  test('a closed cohort rejects every call', async () => {
    const shape = shapeOf('hodgkin-huxley');
    const cohort = await engine.open(shape, [memberOf(shape, 1)]);
    await cohort.close();
    for (const call of [
      () => cohort.evaluate(1),
      () => cohort.adam(adamStage(), controlOf()),
      () => cohort.save(0),
      () => cohort.reconstruct(),
    ])
      await expect(call()).rejects.toThrow('internal: the cohort is closed');
  });

  test('the block of sums that GPUs get gives the same gradient, also where software runs it', async () => {
    const shape = shapeOf('hodgkin-huxley', { samples: 101 });
    const member = memberOf(shape, 1);
    const gpu = await openGpu();
    const group = await Group.open(gpu, tilingOf(shape, { ...gpu.limits, block: GPU_BLOCK }), [member], 1);
    group.submit({ mode: 'evaluate', physics: 1, steps: 1, total: 1, parameterRate: 1, traced: false });
    const [gradient] = await group.gradients();
    const [exact] = await withCohort(reference, shape, [member], (cohort) => cohort.evaluate(1));
    expect(distance(gradient!, exact!.gradient).max).toBeLessThan(TOLERANCE);
    group.close();
    gpu.device.destroy();
  });

  test('what it lacks it refuses by its name in the spec', () => {
    const shape = shapeOf('hodgkin-huxley');
    const settings = settingsOf(memberOf(shape, 1));
    expect(engine.refuses(shape, settings)).toBeNull();
    expect(engine.refuses({ ...shape, states: 'integrated' }, settings)).toBe('states: integrated');
    expect(engine.refuses({ ...shape, activation: 'gelu' }, settings)).toBe('network.activation: gelu');
    expect(engine.refuses(shape, { ...settings, huberMv: 2 })).toBe('loss.huberMv: 2');
    expect(engine.refuses(shape, { ...settings, training: [adamStage({ project: true })] })).toContain('project: true');
  });
});
