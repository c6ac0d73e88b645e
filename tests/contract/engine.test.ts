/** Every engine keeps the promises of worker/engines/engine.ts: one group of tests per promise, run on each engine. */
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine, Member, Shape } from '../../worker/engines/engine.ts';
import { innerRange, layoutOf } from '../../worker/engines/layout.ts';
import { createReferenceEngine } from '../../worker/engines/reference/reference-engine.ts';
import { createTfjsEngine } from '../../worker/engines/tfjs/tfjs-engine.ts';
import { linearParameters } from '../../worker/models/linear.ts';
import { ENGINES } from '../helpers/contract-engines.ts';
import { SHAPES } from '../helpers/contract-shapes.ts';
import {
  adamStage,
  controlOf,
  distance,
  memberOf,
  settingsOf,
  shapeOf,
  simulatedMember,
  trained,
  withCohort,
} from '../helpers/engine-cohorts.ts';
import { expectEvaluations, TOLERANCE } from '../helpers/evaluation-distance.ts';

/** With all that replicas of a cohort could share by mistake, as far as the engine has it: segments, priors of every kind, a pool. */
function richest(engine: Engine, states: Shape['states']): Shape {
  const joint = { states, segments: 2, priors: 3 };
  const pool = shapeOf('wang-adapting', { ...joint, infer: ['gNa', 'gAHP', 'ENa', 'gL'] });
  const trainsPools = engine.refuses(pool, settingsOf(memberOf(pool, 1), { training: [adamStage()] })) === null;
  return trainsPools ? pool : shapeOf('hodgkin-huxley', { ...joint, infer: ['gNa', 'gK', 'ENa', 'gL'] });
}

describe('the oracle', () => {
  const reference = createReferenceEngine();

  test.each(Object.entries(SHAPES))('has the gradient of its own loss: %s', async (_, shape) => {
    const member = memberOf(shape, 3, Math.floor(shape.samples / 4));
    const layout = layoutOf(shape);
    await withCohort(reference, shape, [member], async (cohort) => {
      const [{ gradient } = { gradient: new Float64Array() }] = await cohort.evaluate(2);
      const loss = async (i: number, shift: number): Promise<number> => {
        const theta = member.theta.slice();
        theta[i]! += shift;
        await cohort.load(0, { theta, step: 0 });
        return (await cohort.evaluate(2))[0]!.loss;
      };
      const largest = gradient.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      // every parameter and initial gate, and weights from all over the network
      const beyond = Array.from({ length: layout.size - layout.networkSize }, (__, k) => layout.networkSize + k);
      const spread = Array.from({ length: 12 }, (__, k) => Math.floor(((k + 0.5) * layout.networkSize) / 12));
      for (const i of [...beyond, ...spread]) {
        // central difference: error of order h^2 and of rounding / h
        const h = 1e-5;
        const difference = ((await loss(i, h)) - (await loss(i, -h))) / (2 * h);
        expect(Math.abs(difference - gradient[i]!) / largest, `component ${i}`).toBeLessThan(3e-6);
      }
    });
  });
});

describe.each(ENGINES)('engine contract: %s', (_name, create) => {
  const reference = createReferenceEngine();
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  afterAll(() => engine.close());

  describe('1. loss and gradient equal the reference', () => {
    async function expectEqual(shape: Shape, members: readonly Member[], physics: number, tolerance = TOLERANCE): Promise<void> {
      const [actual, exact] = await Promise.all(
        [engine, reference].map((each) => withCohort(each, shape, members, (cohort) => cohort.evaluate(physics))),
      );
      expectEvaluations(actual!, exact!, tolerance);
    }

    test.each(Object.entries(SHAPES))('%s', (_, shape) => expectEqual(shape, [memberOf(shape, 1), memberOf(shape, 2)], 1));

    test.each([0, 0.1, 30])('with a physics weight of %d', async (physics) => {
      for (const states of ['network', 'integrated'] as const) {
        const shape = shapeOf('hodgkin-huxley', { states });
        await expectEqual(shape, [memberOf(shape, 4)], physics);
      }
    });

    test('with padding at the end of some windows', async () => {
      for (const shape of [
        shapeOf('hodgkin-huxley', { perSample: 2 }),
        SHAPES['hodgkin-huxley integrated, every parameter, two points per sample']!,
      ])
        await expectEqual(shape, [memberOf(shape, 1), memberOf(shape, 2, 1), memberOf(shape, 3, 20)], 1);
    });

    test('with priors of other parameters in each replica', async () => {
      const shape = SHAPES['hodgkin-huxley network, priors']!;
      const { priors } = memberOf({ ...shape, priors: shape.infer.length }, 2);
      await expectEqual(shape, [memberOf(shape, 1), { ...memberOf(shape, 2), priors: priors.slice(-shape.priors) }], 1);
    });

    test('after training, when the gradient is a small difference of large sums', async () => {
      for (const states of ['network', 'integrated'] as const) {
        const shape = shapeOf('hodgkin-huxley', { states });
        const member = memberOf(shape, 5);
        const [theta] = await trained(reference, shape, [member], adamStage({ steps: 400, rate: 3e-3 }));
        // the loss is still met to TOLERANCE; the sums of the gradient cancel to about a fifth, and so do its digits
        await expectEqual(shape, [{ ...member, theta: theta! }], 1, 5 * TOLERANCE);
      }
    });

    test.each([false, true])('an Adam stage ends where the reference ends, with priors and segments: %s', async (rich) => {
      const shape = rich ? richest(engine, 'network') : shapeOf('hodgkin-huxley', { perSample: 2 });
      const members = [memberOf(shape, 6), memberOf(shape, 4, 10)];
      for (const project of [false, true]) {
        const [actual, exact] = await Promise.all([engine, reference].map((each) => trained(each, shape, members, adamStage({ project }))));
        // Adam divides by the gradient's size, so a gradient of rounding errors moves a weight as far as any other
        for (const r of [0, 1]) expect(distance(actual![r]!, exact![r]!).l2).toBeLessThan(1e-4);
      }
    });

    test.each([false, true])(
      'linear parameters are at their optimum after a stage that projects, with priors and segments: %s',
      async (rich) => {
        for (const states of ['network', 'integrated'] as const) {
          const shape = rich ? richest(engine, states) : shapeOf('hodgkin-huxley', { states });
          const layout = layoutOf(shape);
          await withCohort(engine, shape, [{ ...simulatedMember(shape, 2), sigmaMv: 3 }], async (cohort) => {
            await cohort.adam(adamStage({ physics: 0, steps: 300, rate: 5e-3 }), controlOf());
            await cohort.adam(adamStage({ project: true, steps: 30, physics: [0.5, 2] }), controlOf());
            const { parameters } = (await cohort.reconstruct())[0]!;
            const { gradient } = (await cohort.evaluate(2))[0]!;
            const linear = linearParameters(shape.model.currentResidual, 'residual:V', shape.infer);
            const free = layout.parameters.flatMap((parameter, p) => {
              const [low, high] = innerRange(parameter);
              const value = parameters[parameter.name]!;
              if (!linear.includes(parameter.name)) return [];
              return value > low * 1.001 && value < high * 0.999 ? [layout.parameterOffset + p] : [];
            });
            expect(free.length).toBeGreaterThan(0);
            const largest = gradient.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
            for (const place of free) expect(Math.abs(gradient[place]!) / largest).toBeLessThan(1e-4);
          });
        }
      },
    );

    test('the reconstruction is what the loss was computed from', async () => {
      for (const shape of [SHAPES['pospischil-rs network, every parameter, sine']!, SHAPES['pospischil-rs integrated, every parameter']!]) {
        const member = memberOf(shape, 3);
        await withCohort(engine, shape, [member], async (cohort) => {
          const [evaluation] = await cohort.evaluate(1);
          const [reconstruction] = await cohort.reconstruct();
          const { V } = reconstruction!.states;
          const mean = member.voltageMv.reduce((sum, value, i) => sum + ((V![i * 2]! - value) / 10) ** 2, 0) / shape.samples;
          expect(Math.abs(mean / evaluation!.terms.data - 1)).toBeLessThan(1e-5);
          expect(Object.keys(reconstruction!.states)).toEqual(['V', ...shape.model.gates.map((gate) => gate.name)]);
          expect(Object.keys(reconstruction!.parameters)).toEqual(shape.infer);
        });
      }
    });
  });

  describe('2. a replica does not depend on its cohort', () => {
    test.each(['network', 'integrated'] as const)('states: %s', async (states) => {
      const shape = richest(engine, states);
      const members = [1, 2, 3].map((seed) => memberOf(shape, seed));
      const broken: Member = { ...memberOf(shape, 7), voltageMv: new Float64Array(shape.samples).fill(Number.NaN) };
      // exp(200) mS/cm2 is beyond float32: this one breaks there, and in float64 it is carried along
      const huge: Member = { ...memberOf(shape, 8), theta: memberOf(shape, 8).theta.slice() };
      huge.theta[layoutOf(shape).parameterOffset] = 200;
      for (const project of [false, true]) {
        const stage = adamStage({ project });
        const alone = await Promise.all(members.map(async (member) => (await trained(engine, shape, [member], stage))[0]!));
        const [together0, , together1, , together2] = await trained(
          engine,
          shape,
          [members[0]!, broken, members[1]!, huge, members[2]!],
          stage,
        );
        expect([together0, together1, together2]).toEqual(alone);
      }
    });

    test('a replica that diverges in the middle changes no bit of its neighbours', async () => {
      const shape = shapeOf('hodgkin-huxley');
      const member = memberOf(shape, 1);
      const stage = adamStage({ steps: 30 });
      const [alone] = await trained(engine, shape, [member], stage);
      await withCohort(engine, shape, [memberOf(shape, 2), member], async (cohort) => {
        const half = controlOf(20);
        await cohort.adam(stage, half);
        const poisoned = await cohort.save(0);
        poisoned.theta.fill(Number.NaN);
        await cohort.load(0, poisoned);
        const [first, second] = await cohort.adam(stage, controlOf());
        expect(first).toMatchObject({ kind: 'diverged', step: poisoned.step });
        expect(second).toMatchObject({ kind: 'done' });
        expect((await cohort.save(1)).theta).toEqual(alone);
      });
    });
  });

  test.each(['pospischil-rs network', 'pospischil-rs integrated'])('3. the same replica gives the same bits again: %s', async (name) => {
    const shape = SHAPES[name]!;
    const runs = [await trained(engine, shape, [memberOf(shape, 1)]), await trained(engine, shape, [memberOf(shape, 1)])];
    expect(runs[0]).toEqual(runs[1]);
    expect(runs[0]![0]).not.toEqual(memberOf(shape, 1).theta);
  });

  test('4. a state saved in the middle of a stage goes on as if it had never stopped', async () => {
    for (const states of ['network', 'integrated'] as const) {
      const shape = shapeOf('hodgkin-huxley', { states });
      const members = [memberOf(shape, 1), memberOf(shape, 2)];
      const stage = adamStage({ steps: 30, project: true });
      const whole = await trained(engine, shape, members, stage);
      const halfway = await withCohort(engine, shape, members, async (cohort) => {
        const outcomes = await cohort.adam(stage, controlOf(22));
        expect(outcomes.some(({ kind }) => kind === 'interrupted')).toBe(true);
        return Promise.all([cohort.save(0), cohort.save(1)]);
      });
      const resumed = await withCohort(engine, shape, members, async (cohort) => {
        for (const r of [0, 1]) await cohort.load(r, structuredClone(halfway[r]!));
        const outcomes = await cohort.adam(stage, controlOf());
        outcomes.forEach((outcome, r) =>
          expect(outcome).toMatchObject({ kind: 'done', steps: halfway[r]!.moments === undefined ? 30 : 30 - halfway[r]!.step }),
        );
        return Promise.all([cohort.save(0), cohort.save(1)]);
      });
      // a replica that was done before the interruption starts the stage anew when it is asked to
      const stopped = [0, 1].filter((r) => halfway[r]!.moments !== undefined);
      expect(stopped.length).toBeGreaterThan(0);
      for (const r of stopped) expect(resumed[r]!.theta).toEqual(whole[r]);
    }
  });

  describe('5. numerical trouble is an outcome', () => {
    test('a recording with a hole diverges in the data term at step 0', async () => {
      const shape = shapeOf('hodgkin-huxley');
      const member = memberOf(shape, 1);
      member.voltageMv[17] = Number.NaN;
      const outcomes = await withCohort(engine, shape, [member], (cohort) => cohort.adam(adamStage(), controlOf()));
      expect(outcomes).toEqual([{ kind: 'diverged', step: 0, term: 'data' }]);
    });

    test('a stimulus with a hole diverges in the current term at step 0', async () => {
      const shape = shapeOf('hodgkin-huxley', { states: 'integrated' });
      const member = memberOf(shape, 1);
      member.current[17] = Infinity;
      const outcomes = await withCohort(engine, shape, [member], (cohort) => cohort.adam(adamStage(), controlOf()));
      expect(outcomes).toEqual([{ kind: 'diverged', step: 0, term: 'current' }]);
    });

    test.each(['network', 'integrated'] as const)('too large a learning rate diverges after the first step, states: %s', async (states) => {
      const shape = shapeOf('hodgkin-huxley', { states });
      const stage = adamStage({ rate: 1e6, warmup: 0 });
      const [outcome] = await withCohort(engine, shape, [memberOf(shape, 1)], (cohort) => cohort.adam(stage, controlOf()));
      // conductances stay in their range, so with network states it is the rates that overflow first
      expect(outcome).toEqual({ kind: 'diverged', step: 1, term: states === 'network' ? 'gates' : 'current' });
    });

    test('Levenberg-Marquardt reports what was broken before it began', async () => {
      const shape = shapeOf('hodgkin-huxley', { states: 'integrated' });
      const member = { ...memberOf(shape, 1), voltageMv: new Float64Array(shape.samples).fill(Number.NaN) };
      const stage = { optimizer: 'levenberg-marquardt', steps: 3, physics: 1, tolerance: 1e-4, project: false } as const;
      const outcomes = await withCohort(engine, shape, [member], (cohort) => cohort.levenbergMarquardt(stage, controlOf()));
      expect(outcomes).toEqual([{ kind: 'diverged', step: 0, term: 'data' }]);
    });
  });

  describe('6. close releases everything', () => {
    test('a closed cohort rejects every call', async () => {
      const shape = shapeOf('hodgkin-huxley');
      const cohort = await engine.open(shape, [memberOf(shape, 1)]);
      const state = await cohort.save(0);
      await cohort.close();
      const lm = { optimizer: 'levenberg-marquardt', steps: 1, physics: 1, tolerance: 0, project: false } as const;
      const calls = [
        () => cohort.evaluate(1),
        () => cohort.adam(adamStage(), controlOf()),
        () => cohort.levenbergMarquardt(lm, controlOf()),
        () => cohort.reconstruct(),
        () => cohort.save(0),
        () => cohort.load(0, state),
      ];
      for (const call of calls) await expect(call()).rejects.toThrow('internal: the cohort is closed');
    });
  });

  describe('a stage under control', () => {
    test('stops when asked, and says how far it came', async () => {
      const shape = shapeOf('hodgkin-huxley');
      const members = [memberOf(shape, 1), memberOf(shape, 2)];
      await withCohort(engine, shape, members, async (cohort) => {
        // long enough for an engine that takes many steps between two looks at its control
        const stage = adamStage({ steps: 1_000_000 });
        const control = controlOf(10);
        const outcomes = await cohort.adam(stage, control);
        expect(outcomes.map(({ kind }) => kind)).toEqual(['interrupted', 'interrupted']);
        expect(outcomes.reduce((sum, outcome) => sum + ('steps' in outcome ? outcome.steps : 0), 0)).toBe(control.done);
        expect(control.done).toBeGreaterThanOrEqual(10);
        expect(control.done).toBeLessThan(stage.steps / 10);
        const lm = { optimizer: 'levenberg-marquardt', steps: 5, physics: 1, tolerance: 0, project: false } as const;
        expect(await cohort.levenbergMarquardt(lm, controlOf(0))).toMatchObject([
          { kind: 'interrupted', steps: 0 },
          { kind: 'interrupted', steps: 0 },
        ]);
      });
    });

    test('second-order stages ask before every iteration', async () => {
      const shape = shapeOf('hodgkin-huxley', { samples: 21, width: 8 });
      const stage = { steps: 1000, physics: [1] as [number], tolerance: 0, project: false } as const;
      await withCohort(engine, shape, [memberOf(shape, 1)], async (cohort) => {
        const lm = await cohort.levenbergMarquardt({ optimizer: 'levenberg-marquardt', ...stage }, controlOf(3));
        const lbfgs = await cohort.lbfgs({ optimizer: 'lbfgs', history: 5, ...stage }, controlOf(3));
        for (const outcomes of [lm, lbfgs]) expect(outcomes).toMatchObject([{ kind: 'interrupted', steps: 3 }]);
      });
    });

    test('traces every parameter after every step', async () => {
      const shape = shapeOf('hodgkin-huxley');
      const steps: number[] = [];
      const last = new Float64Array(3);
      await withCohort(engine, shape, [memberOf(shape, 1)], async (cohort) => {
        const control = {
          ...controlOf(),
          trace: (_: number, step: number, values: Float64Array): void => {
            steps.push(step);
            last.set(values);
          },
        };
        const outcomes = await cohort.adam(adamStage(), control);
        expect(outcomes).toMatchObject([{ kind: 'done', steps: 20 }]);
        const [reconstruction] = await cohort.reconstruct();
        expect(Object.values(reconstruction!.parameters)).toEqual([...last]);
      });
      expect(steps).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    });

    const SMALL = { states: 'integrated', samples: 31, width: 8 } as const;
    test.each([
      ['one segment', shapeOf('hodgkin-huxley', SMALL)],
      ['three segments, free gates', shapeOf('hodgkin-huxley', { ...SMALL, segments: 3, initialGates: 'free' })],
      ['priors', shapeOf('hodgkin-huxley', { ...SMALL, infer: ['gNa', 'EL', 'gL'], priors: 2 })],
      ['priors, network', shapeOf('hodgkin-huxley', { ...SMALL, states: 'network', samples: 11, infer: ['EL', 'gNa', 'gL'], priors: 3 })],
      ['priors, more residuals than weights', shapeOf('hodgkin-huxley', { ...SMALL, width: 2, features: 1, depth: 1, priors: 3 })],
      ['two segments, steady gates', shapeOf('pospischil-rs', { ...SMALL, segments: 2, initialGates: 'steady', infer: ['gNa', 'VT'] })],
    ])('Levenberg-Marquardt lowers the loss, in float64 on every engine: %s', async (_, shape) => {
      const stage = {
        optimizer: 'levenberg-marquardt',
        steps: 3,
        physics: [1, 3] as [number, ...number[]],
        tolerance: 0,
        project: true,
      } as const;
      const member = memberOf(shape, 1);
      const ends = await Promise.all(
        [engine, reference].map((each) =>
          withCohort(each, shape, [member], async (cohort) => {
            expect(await cohort.levenbergMarquardt(stage, controlOf())).toMatchObject([{ kind: 'done' }]);
            return (await cohort.save(0)).theta;
          }),
        ),
      );
      const loss = async (theta: Float64Array): Promise<number> =>
        withCohort(reference, shape, [{ ...member, theta }], async (cohort) => (await cohort.evaluate(3))[0]!.loss);
      expect(await loss(ends[0]!)).toBeLessThan(await loss(member.theta));
      // sums in another order: the damped system magnifies its roundings to some 1e-10 over these steps
      expect(distance(ends[0]!, ends[1]!).l2).toBeLessThan(1e-7);
    });
  });
});

describe('the tfjs engine', () => {
  test('leaves no tensor behind after a step or a cohort', async () => {
    const engine = await createTfjsEngine();
    const before = tf.memory().numTensors;
    for (const states of ['network', 'integrated'] as const) {
      const shape = shapeOf('pospischil-rs', { states });
      const broken: Member = { ...memberOf(shape, 7), voltageMv: new Float64Array(shape.samples).fill(Number.NaN) };
      const during: number[] = [];
      await withCohort(engine, shape, [memberOf(shape, 1), broken], async (cohort) => {
        await cohort.evaluate(1);
        await cohort.adam(adamStage({ project: true }), { ...controlOf(), trace: () => void during.push(tf.memory().numTensors) });
      });
      expect(during).toHaveLength(20);
      expect(new Set(during).size).toBe(1);
      expect(tf.memory().numTensors).toBe(before);
    }
  });
});
