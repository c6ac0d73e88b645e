import { describe, expect, test } from 'vitest';
import { expansionOf } from '../../../orchestrator/expand/expansion.ts';
import { extendsSweep } from '../../../orchestrator/expand/extends.ts';
import { schedule } from '../../../orchestrator/spec/schedules.ts';
import type { Task } from '../../../schemas/generated/types.ts';
import { replicaContent } from '../../../orchestrator/expand/identity.ts';
import { contentId } from '../../../schemas/content-id.ts';
import { SAMPLE_PROBLEM, sampleSweep, sampleUnit } from './sample-sweep.ts';

function tasksOf(...sweep: Parameters<typeof sampleSweep>): Task[] {
  return [...expansionOf(sampleSweep(...sweep)).tasks()];
}

describe('an expansion', () => {
  test('counts seed slowest, then data and draws, then configurations, the last axis fastest', () => {
    const tasks = tasksOf({ space: { 'network.width': { choice: [8, 16] }, 'loss.data': { choice: [1, 2] }, replicas: 2 } });
    expect(tasks).toHaveLength(2 * 3 * 4);
    expect(tasks.map(({ index }) => index)).toEqual(tasks.map((_, index) => index));
    expect(tasks.slice(0, 5).map(({ configuration, draw }) => [draw, configuration['network.width'], configuration['loss.data']])).toEqual([
      [0, 8, 1],
      [0, 8, 2],
      [0, 16, 1],
      [0, 16, 2],
      [1, 8, 1],
    ]);
    expect(tasks.filter((_, index) => index % 4 === 0).map(({ data, draw }) => `${data.label} ${draw}`)).toEqual([
      'step 10 0',
      'step 10 1',
      'step 20 0',
      'step 10 0',
      'step 10 1',
      'step 20 0',
    ]);
  });

  test('crosses seeds: the k-th seed and its starts are the same in every configuration and on all data', () => {
    const tasks = tasksOf({ space: { 'network.width': { choice: [8, 16] }, replicas: 5 } });
    const perSeed = new Map<number, Set<string>>();
    for (const { index, seed, infer } of tasks) {
      const k = Math.floor(index / 6);
      perSeed.set(k, (perSeed.get(k) ?? new Set()).add(JSON.stringify([seed, infer])));
    }
    expect([...perSeed.values()].map((set) => set.size)).toEqual([1, 1, 1, 1, 1]);
    expect(new Set(tasks.map(({ seed }) => seed)).size).toBe(5);
  });

  test('draws starts from their distributions, positive where the parameter is', () => {
    const [gNa, EL] = SAMPLE_PROBLEM.infer;
    const infer: typeof SAMPLE_PROBLEM.infer = [{ ...gNa, start: { normal: [1, 2] } }, ...(EL === undefined ? [] : [EL])];
    const starts = tasksOf({ space: { replicas: 300 } }, { ...SAMPLE_PROBLEM, infer }).map((task) => task.infer.map(({ start }) => start));
    expect(Math.min(...starts.map(([first]) => first ?? 0))).toBeGreaterThan(0);
    const mean = starts.reduce((sum, [, second]) => sum + (second ?? 0), 0) / starts.length;
    expect(Math.abs(mean + 54)).toBeLessThan((5 * 5) / Math.sqrt(300));
  });

  test('gives each configuration the schedule of its states', () => {
    const [integrated, network] = tasksOf({ space: { states: { choice: ['integrated', 'network'] } }, training: 'quick' });
    expect(integrated?.training).toEqual(schedule('quick', 'integrated'));
    expect(network?.training).toEqual(schedule('quick', 'network'));
    expect(network?.training).not.toEqual(integrated?.training);
  });

  test('draws a continuous axis of a grid once per cell, the same for every seed and data unit', () => {
    const tasks = tasksOf({ space: { 'network.width': { choice: [8, 16] }, 'loss.gates': { logUniform: [1, 30] }, replicas: 3 } });
    const drawn = new Map<number, Set<number>>();
    for (const { configuration } of tasks) {
      const width = configuration['network.width'];
      drawn.set(width, (drawn.get(width) ?? new Set()).add(configuration['loss.gates']));
    }
    const [[narrow = 0] = [], [wide = 0] = []] = [...drawn.values()].map((set) => [...set]);
    expect([...drawn.values()].map((set) => set.size)).toEqual([1, 1]);
    expect(narrow).not.toBe(wide);
    expect(Math.min(narrow, wide)).toBeGreaterThanOrEqual(1);
    expect(Math.max(narrow, wide)).toBeLessThanOrEqual(30);
  });

  test('of random configurations covers every axis, inside its limits', () => {
    const tasks = tasksOf({
      space: {
        'network.width': { intUniform: [8, 11] },
        'network.activation': { choice: ['tanh', 'sin'] },
        'loss.data': { normal: [0.5, 1] },
        replicas: 1,
      },
      sampler: { random: 100 },
    });
    const configurations = tasks.map(({ configuration }) => configuration);
    expect([...new Set(configurations.map((item) => item['network.width']))].toSorted((a, b) => a - b)).toEqual([8, 9, 10, 11]);
    expect(new Set(configurations.map((item) => item['network.activation'])).size).toBe(2);
    expect(Math.min(...configurations.map((item) => item['loss.data']))).toBeGreaterThanOrEqual(0);
  });

  test('of random configurations without a continuous axis repeats none and reaches all', () => {
    const tasks = tasksOf({
      space: { 'network.width': { intUniform: [8, 17] }, 'network.depth': { choice: [1, 2, 3] }, replicas: 1 },
      sampler: { random: 30 },
    });
    expect(new Set(tasks.map(({ configuration }) => JSON.stringify(configuration))).size).toBe(30);
    const widths = tasks.slice(0, 90).map(({ configuration }) => configuration['network.width']);
    expect(widths).not.toEqual(widths.toSorted((a, b) => a - b));
  });

  test('takes values of a fixed parameter from its axis, into the configuration and into what is fixed', () => {
    const problem = { ...SAMPLE_PROBLEM, fixed: { C: 1, gL: 0.3 } };
    const tasks = tasksOf({ space: { 'fixed.C': { choice: [1, 2] }, 'network.width': { choice: [8, 16] }, replicas: 1 } }, problem);
    expect(tasks.slice(0, 4).map(({ configuration, fixed }) => [configuration['network.width'], configuration['fixed.C'], fixed])).toEqual([
      [8, 1, { C: 1, gL: 0.3 }],
      [8, 2, { C: 2, gL: 0.3 }],
      [16, 1, { C: 1, gL: 0.3 }],
      [16, 2, { C: 2, gL: 0.3 }],
    ]);
    expect(Object.keys(tasks[0]!.configuration).at(-1)).toBe('fixed.C');
    // values differ within a cohort
    expect(new Set(tasks.slice(0, 2).map(({ shape }) => shape)).size).toBe(1);
    for (const task of tasks.slice(0, 2)) expect(task.replica).toBe(contentId(replicaContent(task)));
    const drawn = tasksOf({ space: { 'fixed.C': { uniform: [1, 2] }, replicas: 2 }, sampler: { random: 3 } }, problem);
    const values = new Set(drawn.map(({ fixed }) => fixed['C']!));
    expect(values.size).toBe(3);
    for (const value of values) expect(value > 1 && value < 2).toBe(true);
  });

  test('has data units of as many segments in one shape, whatever is held out', () => {
    const unit = sampleUnit(10, 1);
    const data = [[0, 100], [0, 200], undefined, [0, 100, 200]].map((segments, k) => ({
      ...sampleUnit(10 + k, 1),
      ...(segments === undefined ? {} : { segments }),
    }));
    const heldOut = [{ label: 'other', object: contentId('other') }];
    const scored = { ...unit, heldOut };
    const shapes = tasksOf({ space: { replicas: 1 } }, { ...SAMPLE_PROBLEM, data: [data[0]!, ...data.slice(1)] }).map(({ shape }) => shape);
    expect(shapes.map((shape) => shapes.indexOf(shape))).toEqual([0, 0, 2, 3]);
    const [plain, judged] = [unit, scored].map((one) => tasksOf({}, { ...SAMPLE_PROBLEM, data: [one] })[0]);
    expect([judged!.replica, judged!.shape]).toEqual([plain!.replica, plain!.shape]);
    expect(judged!.data.heldOut).toEqual(heldOut);
  });

  test('keeps the traces of about as many replicas as the spec says, chosen by id', () => {
    const kept = tasksOf({ space: { replicas: 400 }, traces: { points: 50, replicas: 300 } }).filter(
      ({ tracePoints }) => tracePoints === 50,
    );
    // binomial: 1200 replicas, each with probability 1/4, s.d. 15
    expect(Math.abs(kept.length - 300)).toBeLessThan(5 * 15);
    expect(tasksOf({ space: { replicas: 2 }, traces: { points: 50 } }).every(({ tracePoints }) => tracePoints === 50)).toBe(true);
    expect(tasksOf({ space: { replicas: 2 }, traces: { replicas: 0 } }).every(({ tracePoints }) => tracePoints === 0)).toBe(true);
  });

  test('refuses an index outside', () => {
    const { task, replicas } = expansionOf(sampleSweep());
    for (const index of [-1, 0.5, replicas]) expect(() => task(index)).toThrow('internal:');
  });

  test('gives a finish to every task, another id to every replica and the same shape', () => {
    const adam = { optimizer: 'adam', steps: 10 } as const;
    const [[plain], [finished]] = [tasksOf({ training: [adam] }), tasksOf({ training: [adam, { finish: 'shooting' }] })];
    expect(finished!.finish).toBe('shooting');
    expect(plain!).not.toHaveProperty('finish');
    expect(finished!.replica).not.toBe(plain!.replica);
    expect(finished!.shape).toBe(plain!.shape);
  });

  // Made by this program once: a change (of an algorithm or of a default) means that the replicas of every finished sweep are redone.
  test('gives the committed golden task', () => {
    const { sweep, task } = expansionOf(
      sampleSweep({ space: { 'loss.gates': { logUniform: [1, 30] } }, training: [{ optimizer: 'adam', steps: 10 }] }),
    );
    const { seed, infer, configuration, replica, shape } = task(7);
    expect({ sweep, seed, infer, gates: configuration['loss.gates'], replica, shape }).toMatchInlineSnapshot(`
      {
        "gates": 7.981115084901392,
        "infer": [
          {
            "name": "gNa",
            "start": 25.633593398596407,
          },
          {
            "name": "EL",
            "start": -48.79450583948981,
          },
        ],
        "replica": "71c937ab6a0545e8eb92a74cc4e5697e775edb6b635d3c206a68ee04dc171742",
        "seed": 4013919006382582,
        "shape": "98a9726b627defed",
        "sweep": "ea013e140df6291db73b59b268d4d42a1d7524291d147c5e16ee3fb677626323",
      }
    `);
  });

  test('takes as much memory for 20,000 replicas as for 2,000', () => {
    const peakOf = (replicas: number): number => {
      const spec = {
        space: { 'loss.gates': { logUniform: [1, 30] }, 'network.width': { intUniform: [8, 64] }, replicas: 1 },
        sampler: { random: replicas },
      };
      let peak = 0;
      const kept: Task[] = [];
      for (const task of expansionOf(sampleSweep(spec as Parameters<typeof sampleSweep>[0])).tasks()) {
        if (task.index % 1000 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed);
        if (task.index === 0) kept.push(task);
      }
      return peak;
    };
    const small = peakOf(700);
    // A held list of 20,000 tasks is at least 20 MB; the young generation of V8 is up to 16 MB of noise twice over.
    expect(peakOf(7000)).toBeLessThan(small + 40e6);
  });
});

describe('a sweep extends another', () => {
  const base = sampleSweep({ space: { replicas: 4 } });

  test('with more seeds, other tolerances and traces', () => {
    expect(extendsSweep(base, sampleSweep({ space: { replicas: 5 }, tolerate: { failed: 1 }, traces: { points: 9 } }))).toBe(true);
  });

  test('never with fewer seeds, or anything else that differs', () => {
    for (const spec of [
      { space: { replicas: 3 } },
      { seed: 2, space: { replicas: 4 } },
      { space: { replicas: 4, 'loss.data': 2 } },
      { training: 'quick' as const, space: { replicas: 4 } },
    ])
      expect(extendsSweep(base, sampleSweep(spec))).toBe(false);
    expect(extendsSweep(base, sampleSweep({ space: { replicas: 4, 'loss.data': { uniform: [0, 1] } }, sampler: { random: 5 } }))).toBe(
      false,
    );
  });
});
