/** What the built-in models do, against another simulator's figures (tests/golden/builtin-models.py) and against what their papers say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../schemas/package-root.ts';
import { differentiate } from '../../../worker/models/differentiate.ts';
import { createScalar } from '../../../worker/models/interpret.ts';
import { loadModel } from '../../../worker/models/library.ts';
import type { Model } from '../../../worker/models/model.ts';
import { spikeTimes } from '../../../worker/recordings/spikes.ts';
import { simulate, steadyGates } from '../../../worker/simulate/forward.ts';

interface Step {
  amplitude: number;
  spikesMs: number[];
  peakMv?: number;
  halfWidthMs?: number;
}
interface Figures {
  model: string;
  initial: Record<string, number>;
  rheobase: number;
  steps: Step[];
  rebound?: Step;
}
// made by tests/golden/builtin-models.py; the shape is stated there
const golden = JSON.parse(readFileSync(join(packageRoot(), 'tests/golden/builtin-models.json'), 'utf8')) as {
  sampleMs: number;
  models: Figures[];
};
const { sampleMs } = golden;

/** Without `initial` from the rest of the model's file. */
function solve(model: Model, current: Float64Array, initial: Record<string, number> = {}): Record<string, Float64Array> {
  const outcome = simulate(model, { parameters: {}, initial, current, sampleMs, rtol: 1e-7, atol: 1e-7 });
  if (outcome.kind === 'failed') throw new Error(`${outcome.reason} at ${outcome.atMs} ms`);
  return { ...outcome.states };
}

function constant(amplitude: number, milliseconds = 500): Float64Array {
  return new Float64Array(Math.round(milliseconds / sampleMs) + 1).fill(amplitude);
}

/** Time that the first spike is above the middle of rest and its peak. */
function halfWidthMs(V: Float64Array, start: number, rest: number): { peakMv: number; halfWidthMs: number } {
  const end = V.findIndex((value, i) => i > start && value < -20);
  const peakMv = Math.max(...V.subarray(start, end));
  const top = V.indexOf(peakMv);
  const half = (peakMv + rest) / 2;
  const crossing = (i: number): number => i + (half - V[i]!) / (V[i + 1]! - V[i]!);
  const up = V.subarray(0, top).findLastIndex((value) => value < half);
  const down = V.findIndex((value, i) => i > top && value < half) - 1;
  return { peakMv, halfWidthMs: sampleMs * (crossing(down) - crossing(up)) };
}

describe.each(golden.models)('$model as Brian2 simulates it', ({ model: name, initial, rheobase, steps }) => {
  const { model } = loadModel(name, '.');
  const rest = initial['V']!;

  test('it stays at the same rest, with the same states', () => {
    // the file's rest has three digits, its conductances in nS four
    expect(Math.abs(model.rest - rest)).toBeLessThan(1e-3);
    const V = solve(model, constant(0, 100), { V: rest })['V']!;
    expect(Math.abs(V.at(-1)! - rest)).toBeLessThan(2e-3);
    const gates = steadyGates(model, {}, rest);
    for (const { name: gate } of model.gates) expect(gates[gate]).toBeCloseTo(initial[gate]!, 4);
  });

  test('it needs the same current for a first spike', () => {
    const fires = (amplitude: number): boolean => spikeTimes(solve(model, constant(amplitude), { V: rest })['V']!, sampleMs).length > 0;
    expect(fires(1.001 * rheobase)).toBe(true);
    expect(fires(0.999 * rheobase)).toBe(false);
  });

  test.each(steps)('it fires at the same times, with the same shape, at $amplitude', ({ amplitude, spikesMs, ...shape }) => {
    const V = solve(model, constant(amplitude), { V: rest })['V']!;
    const times = spikeTimes(V, sampleMs);
    // Rounded conductances (four digits) delay a spike after 400 ms by some hundredths of a millisecond, more near threshold.
    expect(times.map((time) => Math.round(time)).length).toBe(spikesMs.length);
    times.forEach((time, k) => expect(Math.abs(time - spikesMs[k]!)).toBeLessThan(2e-4 * spikesMs[k]! + 0.01));
    if (shape.peakMv === undefined) return;
    const first = halfWidthMs(V, Math.floor(times[0]! / sampleMs) + 1, rest);
    // of a spike of 1 ms that is looked at every 0.05 ms
    expect(Math.abs(first.peakMv - shape.peakMv)).toBeLessThan(0.05);
    expect(Math.abs(first.halfWidthMs / shape.halfWidthMs! - 1)).toBeLessThan(0.003);
  });
});

function figuresOf(name: string): Figures {
  return golden.models.find(({ model }) => model === name)!;
}

/** Hz between each spike and the next. */
function ratesOf({ spikesMs }: Step): number[] {
  return spikesMs.slice(1).map((time, k) => 1000 / (time - spikesMs[k]!));
}

test('the low-threshold-spiking cell answers the end of a hyperpolarisation with the same burst as in Brian2', () => {
  const { initial, rebound } = figuresOf('pospischil-lts');
  const half = Math.round(500 / sampleMs);
  const current = new Float64Array(2 * half + 1);
  current.fill(rebound!.amplitude, 0, half);
  const V = solve(loadModel('pospischil-lts', '.').model, current, { V: initial['V']! })['V']!;
  const times = spikeTimes(V, sampleMs).map((time) => time - 500);
  expect(times).toHaveLength(rebound!.spikesMs.length);
  times.forEach((time, k) => expect(Math.abs(time - rebound!.spikesMs[k]!)).toBeLessThan(0.1));
});

/** The fixture's figures are loligo's too, by the tests above. */
describe('what the papers say', () => {
  test('Morris-Lecar oscillates between the Hopf points of Rinzel and Ermentrout, 94 and 212 uA/cm2', () => {
    const { model } = loadModel('morris-lecar', '.');
    const values = Object.fromEntries(model.parameters.map(({ name, value }) => [name, value]));
    const names = ['V', 'w', 'I', ...Object.keys(values)];
    const scalar = (program: Model['derivatives'], V: number, adjoints: readonly number[]): number[] => {
      const outputs = new Float64Array(2);
      const w = (1 + Math.tanh((V - 2) / 30)) / 2;
      createScalar(program, [...names, 'adjoint:d:V', 'adjoint:d:w'])(
        Float64Array.of(V, w, 0, ...Object.values(values), ...adjoints),
        outputs,
      );
      return [...outputs];
    };
    const slopes = differentiate(model.derivatives, ['V', 'w']);
    // Where the state is steady at V: the current that holds it there, and the trace of the Jacobian, which changes sign at a Hopf point.
    const currentAt = (V: number): number => -20 * scalar(model.derivatives, V, [0, 0])[0]!;
    const traceAt = (V: number): number => scalar(slopes, V, [1, 0])[0]! + scalar(slopes, V, [0, 1])[1]!;
    const points = Array.from({ length: 800 }, (_, i) => -60 + 0.1 * i);
    const hopf = points.filter((V, i) => i > 0 && traceAt(V) > 0 !== traceAt(points[i - 1]!) > 0).map((V) => currentAt(V - 0.05));
    expect(hopf).toHaveLength(2);
    expect(Math.abs(hopf[0]! - 93.86)).toBeLessThan(0.3);
    expect(Math.abs(hopf[1]! - 212)).toBeLessThan(0.6);
  });

  test('the Connor-Stevens axon begins to fire slowly, as its A current lets it, and reaches hundreds of spikes a second', () => {
    // abstract of 1977: from about 2 to 350 spikes a second
    const last = figuresOf('connor-stevens').steps.map((step) => ratesOf(step).at(-1)!);
    expect(last[0]).toBeLessThan(10);
    expect(last.toSorted((a, b) => a - b)).toEqual(last);
    expect(last.at(-1)).toBeGreaterThan(250);
  });

  test('the bursting cell begins fast and goes on slowly, the fast-spiking one keeps on; the low-threshold cell bursts on rebound', () => {
    const [burst, fast] = [ratesOf(figuresOf('pospischil-ib').steps[0]!), ratesOf(figuresOf('pospischil-fs').steps[3]!)];
    expect(burst[0]! / burst.at(-1)!).toBeGreaterThan(3);
    expect(fast[0]! / fast.at(-1)!).toBeLessThan(1.2);
    expect(figuresOf('pospischil-lts').rebound!.spikesMs.length).toBeGreaterThan(1);
  });

  test('the adapting cell slows by the share, and in the time, that Wang relates to the decay of calcium', () => {
    // F = (first - last rate) / first, and tau = (1 - F) tauCa: one of the paper's two relations
    const step = figuresOf('wang-adapting').steps.at(-1)!;
    const rates = ratesOf(step);
    const [first, last] = [rates[0]!, rates.at(-1)!];
    const times = rates.map((_, k) => step.spikesMs[k]! - step.spikesMs[0]!);
    const fading = rates.map((rate) => (rate - last) / (first - last));
    const eFold = times.find((_, k) => fading[k]! < Math.exp(-1))!;
    expect(first / last).toBeGreaterThan(1.5);
    expect(Math.abs(eFold / (80 * (last / first)) - 1)).toBeLessThan(0.2);
  });
});
