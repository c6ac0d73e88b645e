import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { describeViolation } from '../../../schemas/errors.ts';
import type { DataUnit, TraceObject } from '../../../schemas/generated/types.ts';
import { loadModel } from '../../../worker/models/library.ts';
import { simulate } from '../../../worker/simulate/forward.ts';
import { SIGMA_FLOOR_MV } from '../../../worker/train/observation.ts';
import { observe, syntheticUnit } from '../../../worker/train/observe.ts';
import type { SyntheticCell } from '../../../worker/train/truths.ts';

const { model } = loadModel('hodgkin-huxley', '.');
const entry: SyntheticCell = { stimulus: { step: { amplitude: 10 } }, durationMs: 20, noiseMv: 1, draws: 4 };
const noObjects = {
  trace(hash: string): TraceObject {
    throw new Error(`no trace ${hash}`);
  },
};

function unitOf(synthetic: SyntheticCell, index = 0): DataUnit {
  const outcome = syntheticUnit(synthetic, index, model, 1);
  if (outcome.kind === 'violations') throw new Error(outcome.violations.map(describeViolation).join('\n'));
  return outcome.unit;
}
const look = (data: DataUnit, draw = 0) => observe({ data, draw, model, objects: noObjects });

describe('synthetic data unit', () => {
  test('defaults are filled in', () => {
    const { id, ...unit } = unitOf({ stimulus: { step: { amplitude: 10 } }, durationMs: 20, parameters: { gK: 40 } }, 2);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(unit).toEqual({
      entry: 2,
      label: 'synthetic 3',
      draws: 1,
      samples: 201,
      sampleMs: 0.1,
      sigmaMv: SIGMA_FLOOR_MV,
      source: {
        kind: 'synthetic',
        parameters: { gNa: 120, gK: 40, gL: 0.3, ENa: 50, EK: -77, EL: -54.387, C: 1 },
        stimulus: { step: { amplitude: 10 } },
        initialMv: -65,
        noiseMv: 0,
        seed: 1,
        samples: 201,
        sampleMs: 0.1,
      },
    });
  });

  test('its id is that of its content: not of its place or its number of draws', () => {
    const { id } = unitOf(entry);
    expect(unitOf({ ...entry, draws: 9 }, 5).id).toBe(id);
    expect(unitOf({ ...entry, sampleMs: 0.1, initialMv: -65, parameters: { gNa: 120 } }).id).toBe(id);
    expect(unitOf({ ...entry, noiseMv: 2 }).id).not.toBe(id);
    expect(unitOf({ ...entry, parameters: { gNa: 121 } }).id).not.toBe(id);
  });

  test('every broken rule is told at once, with path, rule, value and way out', () => {
    const broken: SyntheticCell = {
      stimulus: [{ step: { amplitude: 10 } }, { file: { path: 'x.csv', columns: {} } }],
      durationMs: 20.05,
      parameters: { gna: 100, gK: -1 },
    };
    const outcome = syntheticUnit(broken, 1, model, 1);
    if (outcome.kind === 'unit') throw new Error('accepted');
    expect(outcome.violations.map(({ code, where }) => `${code} ${where}`)).toEqual([
      'SPEC_UNKNOWN_PARAMETER problem.data[1].synthetic.parameters.gna',
      'SPEC_DATA problem.data[1].synthetic.parameters.gK',
      'SPEC_DATA problem.data[1].synthetic.durationMs',
      'SPEC_UNSUPPORTED problem.data[1].synthetic.stimulus',
    ]);
    expect(outcome.violations[0].remedy).toContain('gNa');
    expect(outcome.violations[2]!.remedy).toContain('20.1');
  });

  test.each([
    [50, 0.1],
    [0.3, 0.1],
    [10, 1 / 3],
    [100, 0.07],
  ])('%d ms at %d ms per sample is accepted exactly if it is a whole number of samples', (durationMs, sampleMs) => {
    const steps = Math.round(durationMs / sampleMs);
    const whole = Math.abs(steps * sampleMs - durationMs) < 1e-9;
    const outcome = syntheticUnit({ ...entry, durationMs, sampleMs }, 0, model, 1);
    expect(outcome.kind).toBe(whole ? 'unit' : 'violations');
    expect(outcome.kind === 'unit' ? outcome.unit.samples : steps + 1).toBe(steps + 1);
  });

  test('less than one sample interval is refused', () => {
    expect(syntheticUnit({ ...entry, durationMs: 1e-9 }, 0, model, 1).kind).toBe('violations');
  });

  test('a truth that has no forward solution is refused before anything runs', () => {
    const outcome = syntheticUnit({ ...entry, durationMs: 1, parameters: { gL: 1e9 } }, 0, model, 1);
    if (outcome.kind === 'unit') throw new Error('accepted');
    expect(outcome.violations).toMatchObject([{ code: 'SPEC_DATA', where: 'problem.data[0].synthetic' }]);
  });
});

describe('observation', () => {
  test('synthetic data are the forward solution plus noise of the stated size', () => {
    const observation = look(unitOf(entry));
    const truth = simulate(model, { parameters: {}, current: new Float64Array(201).fill(10), sampleMs: 0.1 });
    if (truth.kind === 'failed') throw new Error(truth.reason);
    expect(observation.truth?.states).toEqual(truth.states);
    const noise = observation.voltageMv.map((V, i) => V - truth.states['V']![i]!);
    const sd = Math.sqrt(noise.reduce((sum, e) => sum + e * e, 0) / noise.length);
    // 201 values: s.d. of the s.d. is 0.05
    expect(Math.abs(sd - 1)).toBeLessThan(0.2);
    expect(Math.abs(noise.reduce((a, b) => a + b) / noise.length)).toBeLessThan(0.28);
    expect(observation.sigmaMv).toBe(1);
    expect(observation.tMs[200]).toBeCloseTo(20, 12);
  });

  test('truth, initial voltage and stimulus of the unit are used', () => {
    const observation = look(
      unitOf({ ...entry, noiseMv: 0, initialMv: -70, parameters: { gNa: 90 }, stimulus: { step: { amplitude: 3, startMs: 5 } } }),
    );
    expect(observation.voltageMv[0]).toBe(-70);
    expect(observation.current[49]).toBe(0);
    expect(observation.current[50]).toBe(3);
    expect(observation.truth?.parameters['gNa']).toBe(90);
    expect(observation.voltageMv).toEqual(observation.truth?.states['V']);
  });

  test('noise depends on the unit and the draw, not on how many draws or entries there are', () => {
    const noise = (data: DataUnit, draw: number) => look(data, draw).voltageMv[7]!;
    const unit = unitOf(entry);
    expect(noise(unit, 2)).toBe(noise(unitOf({ ...entry, draws: 50 }, 3), 2));
    expect(noise(unit, 2)).not.toBe(noise(unit, 1));
    expect(noise(unit, 2)).not.toBe(noise({ ...unit, id: unit.id.replace(/^./, (c) => (c === '0' ? '1' : '0')) }, 2));
  });

  test('draws are uncorrelated', () => {
    const unit = unitOf({ ...entry, durationMs: 100 });
    const [a, b, truth] = [look(unit, 0).voltageMv, look(unit, 1).voltageMv, look(unit, 0).truth!.states['V']!];
    const correlation = a.reduce((sum, V, i) => sum + (V - truth[i]!) * (b[i]! - truth[i]!), 0) / a.length;
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(1001));
  });

  test('a sigma below the floor is raised to it, one above is kept', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 5, noNaN: true }), (noiseMv) => {
        expect(unitOf({ ...entry, durationMs: 1, noiseMv }).sigmaMv).toBe(Math.max(noiseMv, SIGMA_FLOOR_MV));
      }),
      { numRuns: 20 },
    );
  });

  test('recorded data are the stored window', () => {
    const trace: TraceObject = { startMs: 500, sampleMs: 0.05, voltageMv: [-60, -59, -58], current: [0, 100, 100] };
    const data: DataUnit = {
      ...unitOf(entry),
      samples: 3,
      sampleMs: 0.05,
      sigmaMv: 0.3,
      source: { kind: 'trace', object: 'a'.repeat(64) },
    };
    const observation = observe({
      data,
      draw: 0,
      model,
      objects: { trace: (hash) => (hash === 'a'.repeat(64) ? trace : noObjects.trace(hash)) },
    });
    expect(observation).toEqual({
      segments: Int32Array.of(0),
      tMs: Float64Array.of(0, 0.05, 0.1),
      voltageMv: Float64Array.of(-60, -59, -58),
      current: Float64Array.of(0, 100, 100),
      sampleMs: 0.05,
      sigmaMv: 0.3,
    });
  });
});
