import { describe, expect, test } from 'vitest';
import { contentId } from '../../../schemas/content-id.ts';
import type { DataUnit, HeldOut, TraceObject } from '../../../schemas/generated/types.ts';
import { jointUnit, jointViolations } from '../../../worker/train/joint-unit.ts';

const objects = new Map<string, TraceObject>();

function stored(voltageMv: TraceObject['voltageMv'], more: Partial<TraceObject> = {}): string {
  const trace: TraceObject = { startMs: 5, sampleMs: 0.1, voltageMv, current: voltageMv, ...more };
  objects.set(contentId(trace), trace);
  return contentId(trace);
}

function windowOf(voltageMv: TraceObject['voltageMv'], more: Partial<DataUnit> = {}, trace: Partial<TraceObject> = {}): DataUnit {
  const source = { kind: 'trace', object: stored(voltageMv, trace) } as const;
  const described = { entry: 1, sweep: 3, label: `cell.abf sweep ${voltageMv[0]}`, draws: 1, sampleMs: 0.1, sigmaMv: 1 };
  return { id: contentId(source), ...described, samples: voltageMv.length, source, ...more };
}

const whole = stored([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
const rest = (fitted: [number, number]): HeldOut => ({ label: 'cell.abf sweep 3, rest', object: whole, fitted: [fitted] });
const other: HeldOut = { label: 'cell.abf sweep 4', object: stored([7, 7, 7]) };

describe('windows that are fitted jointly', () => {
  const units = [windowOf([1, 2, 3], { heldOut: [rest([1, 3]), other] }), windowOf([5, 6], { heldOut: [rest([5, 6]), other] })];
  const joint = jointUnit({ units, objects });

  test('stand one behind the other in one stored object, whose id tells where each begins', () => {
    const { unit } = joint;
    expect(unit).toMatchObject({ entry: 1, sweep: 3, samples: 5, segments: [0, 3], label: 'cell.abf sweep 1 + sweep 5, jointly' });
    const object = joint.objects.get(unit.source.kind === 'trace' ? unit.source.object : '')!;
    expect(object).toEqual({ startMs: 5, sampleMs: 0.1, voltageMv: [1, 2, 3, 5, 6], current: [1, 2, 3, 5, 6], segments: [0, 3] });
    expect(contentId(object)).toBe(unit.source.kind === 'trace' ? unit.source.object : '');
    const elsewhere = jointUnit({ units: [windowOf([1, 2]), windowOf([3, 5, 6])], objects });
    expect(elsewhere.unit.id).not.toBe(unit.id);
  });

  test('are scored on what any of them is scored on, once, and on the rest of a sweep without all of them', () => {
    expect(joint.unit.heldOut).toEqual([
      {
        ...rest([1, 3]),
        fitted: [
          [1, 3],
          [5, 6],
        ],
      },
      other,
    ]);
    expect([...joint.objects.keys()].slice(1)).toEqual([whole, other.object]);
  });

  test('have the noise of all samples together, and that of each where it is the same', () => {
    expect(joint.unit.sigmaMv).toBe(1);
    const unlike = jointUnit({ units: [windowOf([1, 2, 3], { sigmaMv: 1 }), windowOf([5, 6], { sigmaMv: 2 })], objects });
    expect(unlike.unit.sigmaMv).toBeCloseTo(Math.sqrt((3 * 1 + 2 * 4) / 5), 12);
  });

  test('keep their ignored samples, at their new places', () => {
    const blanked = [windowOf([1, 2, 3], {}, { ignored: [[0, 1]] }), windowOf([5, 6, 7], { sweep: 4 }, { ignored: [[2, 2]] })];
    const { unit, objects: own } = jointUnit({ units: blanked, objects });
    expect([...own.values()][0]!.ignored).toEqual([
      [0, 1],
      [5, 5],
    ]);
    expect(unit).not.toHaveProperty('sweep');
  });

  test('are that window when there is one', () => {
    expect(jointUnit({ units: [units[0]!], objects }).unit).toBe(units[0]);
  });
});

test('windows of different sampling, and synthetic data, cannot be fitted jointly', () => {
  const coarse = [windowOf([1, 2]), windowOf([3, 4], { sampleMs: 0.2 })];
  expect(jointViolations({ units: coarse, objects }, 'here')).toMatchObject([{ where: 'here', got: '0.1 ms, 0.2 ms' }]);
  const parameters = {};
  const source = {
    kind: 'synthetic',
    parameters,
    stimulus: { step: { amplitude: 1 } },
    initialMv: 0,
    noiseMv: 0,
    seed: 1,
    samples: 2,
    sampleMs: 0.1,
  } as const;
  expect(jointViolations({ units: [windowOf([1, 2]), windowOf([3, 4], { source })], objects }, 'here')).toMatchObject([
    { got: 'a synthetic entry' },
  ]);
  expect(jointViolations({ units: [windowOf([1, 2]), windowOf([3, 4])], objects }, 'here')).toEqual([]);
});
