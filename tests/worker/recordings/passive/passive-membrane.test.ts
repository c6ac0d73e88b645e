import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../../schemas/random.ts';
import { importRecording } from '../../../../worker/recordings/importers.ts';
import { passiveMembrane, type PassiveMembrane } from '../../../../worker/recordings/passive/passive-membrane.ts';
import type { Recording, Sweep } from '../../../../worker/recordings/recording.ts';
import { recordingsAbsent, sharedRecording } from '../../../helpers/recordings-folder.ts';

interface Cell {
  readonly C: number;
  readonly gL: number;
  /** GOhm */
  readonly Rs: number;
  readonly whiteMv: number;
  /** noise of the membrane's own, forgotten over 8 ms */
  readonly slowMv: number;
  readonly steps: readonly number[];
  /** conductance to a dendrite of twice the capacitance and half the leak */
  readonly dendrite?: number;
  /** share of the leak that opens 30 ms after the step, a sag */
  readonly sag?: number;
}

const CELL: Cell = { C: 30, gL: 10 / 3, Rs: 0.01, whiteMv: 0.05, slowMv: 0.1, steps: [-20, -10, 10] };
const SAMPLE_MS = 0.1;

/** 100 ms rest, a step of 250 ms, 150 ms rest; Euler steps of 0.01 ms, V in mV from -65. */
function record(seed: number, changed: Partial<Cell> = {}): Recording {
  const cell = { ...CELL, ...changed };
  const noise = randomStream(seed, 'passive test: noise');
  const sweeps = cell.steps.map((amplitude, index) => sweepOf(cell, amplitude, index, (k) => noise.normal(1e6 * index + k)));
  return { file: 'cell', format: 'made', channels: [], sweeps, continuous: false };
}

function sweepOf(
  { C, gL, Rs, whiteMv, slowMv, dendrite = 0, sag = 0 }: Cell,
  amplitude: number,
  index: number,
  normal: (k: number) => number,
): Sweep {
  const samples = 5000;
  const current = Float64Array.from({ length: samples }, (_, i) => (i >= 1000 && i < 3500 ? amplitude : 0));
  const voltageMv = new Float64Array(samples);
  let [v, u, q, slow] = [0, 0, 0, slowMv * normal(0)];
  for (let i = 0; i < samples; i++) {
    if (i > 0)
      for (let k = 0; k < 10; k++) {
        const I = current[i - 1]! + ((current[i]! - current[i - 1]!) * (k + 0.5)) / 10;
        const dv = (I - gL * (v + sag * q) - dendrite * (v - u)) / C;
        u += 0.01 * ((dendrite * (v - u) - (gL / 2) * u) / (2 * C));
        q += (0.01 * (v - q)) / 30;
        v += 0.01 * dv;
      }
    slow += -slow * (SAMPLE_MS / 8) + slowMv * Math.sqrt((2 * SAMPLE_MS) / 8) * normal(2 * i + 1);
    voltageMv[i] = -65 + v + Rs * current[i]! + whiteMv * normal(2 * i + 2) + slow;
  }
  const stimulus = { source: 'header', channel: 'I', unit: 'pA', kind: 'steps' } as const;
  return { index, startMs: 0, sampleMs: SAMPLE_MS, voltageChannel: 'V', voltageMv, current, stimulus };
}

function membraneOf(recording: Recording): PassiveMembrane {
  const outcome = passiveMembrane(recording, {}, 1);
  if (outcome.kind === 'none') throw new Error(JSON.stringify(outcome.leftOut));
  return outcome;
}

describe('a cell of one compartment', () => {
  test('without noise gives its capacitance, conductance and series resistance back', () => {
    const { capacitance, capacitanceFrom, onsetCapacitance, charging, seriesResistance, remarks } = membraneOf(
      record(1, { whiteMv: 1e-3, slowMv: 0 }),
    );
    expect(capacitanceFrom).toBe('charging');
    expect(capacitance.value).toBeCloseTo(30, 1);
    expect(onsetCapacitance.value).toBeCloseTo(30, 0);
    expect(charging!.conductance.value).toBeCloseTo(10 / 3, 2);
    expect(charging!.tauMs).toBeCloseTo(9, 1);
    expect(seriesResistance.value).toBeCloseTo(0.01, 3);
    expect(remarks).toEqual([]);
  });

  test('is inside the 95 % intervals in most of its noisy recordings, and without bias', () => {
    const found = Array.from({ length: 20 }, (_, k) => membraneOf(record(k + 1)));
    const holds = (truth: number, { low, high }: { low: number; high: number }): boolean => low <= truth && truth <= high;
    const share = (of: (membrane: PassiveMembrane) => boolean): number => found.filter(of).length / found.length;
    // 95 % of 20: fewer than 16 come once in 400 runs of a right interval
    expect(share((membrane) => holds(30, membrane.capacitance))).toBeGreaterThanOrEqual(0.8);
    expect(share((membrane) => holds(10 / 3, membrane.charging!.conductance))).toBeGreaterThanOrEqual(0.8);
    expect(share((membrane) => holds(0.01, membrane.seriesResistance))).toBeGreaterThanOrEqual(0.8);
    const bias = found.reduce((sum, { capacitance }) => sum + Math.log(capacitance.value / 30), 0) / found.length;
    expect(Math.abs(bias)).toBeLessThan(0.04);
    // and they are no wider than they need be
    const width = found.reduce((sum, { capacitance }) => sum + capacitance.standardError, 0) / found.length;
    expect(width).toBeLessThan(0.12);
  });
});

test('what settles in samples that do not count is not taken for the cell', () => {
  const recording = record(1, { whiteMv: 1e-3, slowMv: 0 });
  // 2 ms after each edge, as high as a spike at first
  for (const { voltageMv } of recording.sweeps)
    for (const edge of [1000, 3500]) for (let i = 0; i < 20; i++) voltageMv[edge + i]! += 80 * Math.exp(-i / 6);
  const ignored = [1000, 3500].map((edge) => [edge, edge + 19] as const);
  const { capacitance, onsetCapacitance, steps } = membraneOf({
    ...recording,
    sweeps: recording.sweeps.map((sweep) => ({ ...sweep, ignored })),
  });
  expect(steps).toBe(6);
  expect(capacitance.value).toBeCloseTo(30, 1);
  expect(onsetCapacitance.value).toBeCloseTo(30, 0);
  expect(passiveMembrane(recording, {}, 1)).toMatchObject({ kind: 'none', leftOut: { spikes: 6 } });
});

describe('what is no passive compartment', () => {
  test('a dendrite shows: the first milliseconds see less capacitance than the whole', () => {
    const { capacitance, capacitanceFrom, remarks } = membraneOf(record(1, { dendrite: 3, whiteMv: 0.01, slowMv: 0 }));
    expect(capacitanceFrom).toBe('onset');
    expect(Math.abs(capacitance.value / 30 - 1)).toBeLessThan(0.06);
    expect(remarks.join()).toMatch(/not one compartment/);
  });

  test('a sag is noticed and told', () => {
    const { capacitance, remarks } = membraneOf(record(1, { sag: 0.6, whiteMv: 0.01, slowMv: 0 }));
    expect(remarks.join()).toMatch(/V sags back by \d+ %/);
    expect(Math.abs(capacitance.value / 30 - 1)).toBeLessThan(0.06);
  });

  test('a large step gives the capacitance but no input conductance', () => {
    const { charging, capacitance, remarks } = membraneOf(record(1, { steps: [-100] }));
    expect(charging).toBeUndefined();
    expect(Math.abs(capacitance.value / 30 - 1)).toBeLessThan(0.06);
    expect(remarks.join()).toMatch(/no step charged like a passive membrane \(2 too large/);
  });

  test('a step that spikes is left out, and where all do there is no answer', () => {
    const recording = record(1, { steps: [-20] });
    for (const at of [950, 1010, 3450, 3510]) recording.sweeps[0]!.voltageMv.fill(20, at, at + 10);
    expect(passiveMembrane(recording, {}, 1)).toEqual({ kind: 'none', leftOut: { spikes: 2 } });
  });

  test('noise without an answer is none', () => {
    expect(passiveMembrane(record(1, { steps: [-0.01] }), {}, 1)).toMatchObject({ kind: 'none' });
  });
});

describe.skipIf(recordingsAbsent !== undefined)('real cells', () => {
  test('the fast-spiking cell has 25 to 30 pF in its first milliseconds', async () => {
    const membrane = membraneOf(await importRecording(sharedRecording('pyabf/2019_07_24_0055_fsi.abf')));
    expect(membrane.capacitance.low).toBeGreaterThan(24.5);
    expect(membrane.capacitance.high).toBeLessThan(30);
  });

  test('the slow cell has 156 pF in its first milliseconds, and twice as much as a whole', async () => {
    const membrane = membraneOf(await importRecording(sharedRecording('pyabf/171116sh_0018.abf')));
    expect(Math.abs(membrane.capacitance.value / 156 - 1)).toBeLessThan(0.06);
    expect(membrane.charging!.capacitance.value / membrane.capacitance.value).toBeGreaterThan(1.5);
    expect(membrane.remarks.join()).toMatch(/depends on how long one looks/);
  });
});
