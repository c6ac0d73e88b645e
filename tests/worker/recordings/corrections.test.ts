import { describe, expect, test } from 'vitest';
import { correctRecording } from '../../../worker/recordings/corrections.ts';
import { edgeSamples } from '../../../worker/recordings/edges.ts';
import { inspectRecording } from '../../../worker/recordings/inspect.ts';
import type { Recording, Sweep } from '../../../worker/recordings/recording.ts';
import { joinedTrace } from '../../../worker/recordings/trace.ts';
import { randomStream } from '../../../schemas/random.ts';

const SAMPLE_MS = 0.05;
const BRIDGE_MOHM = 12;

/** A passive cell of 100 MOhm and 20 ms under steps of `pa` from 50 to 100 ms, seen through 12 MOhm that no bridge cancelled. */
function passiveSweep(pa: number, index = 0): Sweep {
  const current = Float64Array.from({ length: 3000 }, (_, i) => (i >= 1000 && i < 2000 ? pa : 0));
  const noise = randomStream(1, `sweep ${index}`);
  let charged = 0;
  const voltageMv = current.map((injected, i) => {
    charged += ((100e-3 * injected - charged) * SAMPLE_MS) / 20;
    return -70 + charged + BRIDGE_MOHM * 1e-3 * injected + 0.05 * noise.normal(i);
  });
  const stimulus = { source: 'header', channel: 'Cmd 0', unit: 'pA', kind: 'steps' } as const;
  return { index, startMs: 0, sampleMs: SAMPLE_MS, voltageChannel: 'V', voltageMv, current, stimulus };
}

function recordingOf(...sweeps: Sweep[]): Recording {
  return { file: 'cell.abf', format: 'ABF 2.6', channels: [], sweeps, continuous: true };
}

const refuse = (key: string, { rule, got }: { rule: string; got: string }): Error => new Error(`${key}: ${rule}; got ${got}`);
const RECORDING = recordingOf(passiveSweep(-100), passiveSweep(50, 1), passiveSweep(200, 2));

describe('the bridge', () => {
  test('is corrected by a resistance that is given, and told', () => {
    const { sweeps, notes } = correctRecording(RECORDING, { bridgeMohm: 12 }, refuse);
    expect(sweeps[0]!.voltageMv[1500]! - RECORDING.sweeps[0]!.voltageMv[1500]!).toBeCloseTo(1.2, 9);
    expect(sweeps[0]!.voltageMv[10]).toBe(RECORDING.sweeps[0]!.voltageMv[10]);
    expect(notes).toEqual(['Corrected: 12 MOhm times the current is subtracted from V.']);
  });

  test('is estimated from the jumps to a twentieth of it, apart from what the membrane does', () => {
    const { notes } = correctRecording(RECORDING, { bridgeMohm: 'estimate' }, refuse);
    const [, mohm, jumps] = /^Corrected: (\S+) MOhm \(estimated from (\d+) jumps of the current, quartiles/.exec(notes![0]!)!;
    expect(Math.abs(Number(mohm) - BRIDGE_MOHM)).toBeLessThan(0.05 * BRIDGE_MOHM);
    expect(jumps).toBe('4');
  });

  test('needs a current of a cell', () => {
    const unknown = recordingOf({ ...passiveSweep(1), stimulus: { source: 'none', channel: '', unit: 'pA', kind: 'unknown' } });
    expect(() => correctRecording(unknown, { bridgeMohm: 5 }, refuse)).toThrow(
      /bridgeMohm: the whole-cell current must be known; got a recording without/,
    );
    const density = recordingOf({ ...passiveSweep(1), stimulus: { source: 'stored', channel: 'I', unit: 'uA/cm2', kind: 'steps' } });
    expect(() => correctRecording(density, { bridgeMohm: 5 }, refuse)).toThrow(/a current in uA\/cm2/);
  });

  test('cannot be estimated where the current never jumps', () => {
    expect(() => correctRecording(recordingOf(passiveSweep(0)), { bridgeMohm: 'estimate' }, refuse)).toThrow(/the current must have jumps/);
  });
});

test('a junction potential is subtracted, and told', () => {
  const { sweeps, notes } = correctRecording(RECORDING, { junctionPotentialMv: 15.2 }, refuse);
  expect(sweeps[1]!.voltageMv[3]! - RECORDING.sweeps[1]!.voltageMv[3]!).toBeCloseTo(-15.2, 9);
  expect(notes).toEqual(['Corrected: a junction potential of 15.2 mV is subtracted from V.']);
});

describe('transients', () => {
  test('are samples that are ignored, not replaced', () => {
    const { sweeps, notes } = correctRecording(RECORDING, { blankMs: 0.5 }, refuse);
    expect(sweeps[0]!.ignored).toEqual([
      [1000, 1009],
      [2000, 2009],
    ]);
    expect(sweeps[0]!.voltageMv).toEqual(RECORDING.sweeps[0]!.voltageMv);
    expect(notes).toEqual(['Ignored: 60 samples within 0.5 ms after an edge of the current.']);
    const [first, ...others] = sweeps;
    expect(joinedTrace('cell', [first!, ...others]).ignored[2]).toEqual([4000, 4009]);
  });

  test('merge where they overlap, and end with the sweep', () => {
    const sweep = {
      ...passiveSweep(0),
      current: Float64Array.from({ length: 3000 }, (_, i) => (i >= 2990 ? 3 : i >= 1005 && i < 1010 ? 1 : 0)),
    };
    expect(correctRecording(recordingOf(sweep), { blankMs: 1 }, refuse).sweeps[0]!.ignored).toEqual([
      [1005, 1029],
      [2990, 2999],
    ]);
  });

  test('of a current whose edges are not known are refused', () => {
    const noise = randomStream(2, 'current');
    const measured = { ...passiveSweep(0), current: Float64Array.from({ length: 3000 }, (_, i) => noise.normal(i)) };
    const stored = { ...measured, stimulus: { ...measured.stimulus, source: 'stored' } as const };
    expect(() => correctRecording(recordingOf(stored), { blankMs: 1 }, refuse)).toThrow(
      /blankMs: the current must have jumps whose times are known/,
    );
  });
});

describe('edges of a stored current', () => {
  const noise = randomStream(3, 'current');
  const measured = (noisePa: number) =>
    Float64Array.from(
      { length: 3000 },
      (_, i) => (i >= 1000 && i < 2000 ? 100 : i === 999 ? 40 : 0) + noisePa * noise.normal(i) + (i > 1500 && i < 1504 ? 500 : 0),
    );
  const sweep = { ...passiveSweep(0), stimulus: { source: 'stored', channel: 'I', unit: 'pA', kind: 'unknown' } } as const;

  test('are lasting changes of its level, not transients, and a rise counts once', () => {
    expect(edgeSamples({ ...sweep, current: measured(0.1) })).toEqual([999, 2000]);
  });

  test('are those of the protocol where the file has one', () => {
    const epochs = [
      { name: 'A', from: 46, to: 1000 },
      { name: 'B', from: 1000, to: 2000 },
    ];
    expect(edgeSamples({ ...sweep, current: measured(8), epochs })).toEqual([1000, 2000]);
    expect(edgeSamples({ ...sweep, current: measured(8) })).toEqual([]);
  });
});

test('notes are part of an inspection', () => {
  expect(inspectRecording(correctRecording(RECORDING, { junctionPotentialMv: 1 }, refuse)).notes).toHaveLength(1);
});
