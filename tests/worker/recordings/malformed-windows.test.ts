/** Entries whose sweeps, windows, epochs or units are not in the recording: each is refused with the place. */
import { describe, expect, test } from 'vitest';
import type { RecordingSpec } from '../../../schemas/generated/types.ts';
import { CELL, windowedCell } from '../../helpers/windowed-cell.ts';

const { units } = windowedCell();

describe('an entry is refused', () => {
  const perSpike = { perSpike: { beforeMs: 1, afterMs: 1.5 } };
  test.each([
    [
      'when a sweep does not exist',
      { file: 'cell.abf', sweeps: [0, 3] },
      'pA',
      /problem\.data\[4\]\.recording\.sweeps\[1\]: the recording has sweeps 0 to 2; got 3/,
    ],
    [
      'when a window reaches beyond the sweep',
      { ...CELL, windowMs: [50, 101] },
      'pA',
      /recording\.windowMs: a window must lie inside.*0 to 100\.1 ms.*got \[50, 101\]/,
    ],
    ['when a window starts before the file does', { ...CELL, file: 'late.csv', windowMs: [0, 50] }, 'pA', /1000 to 1100\.1 ms/],
    [
      'when a window in a list ends before it starts',
      {
        ...CELL,
        windowMs: [
          [0, 50],
          [20, 20],
        ],
      },
      'pA',
      /windowMs\[1\]: a window must end after it starts/,
    ],
    ['when a window has too few samples', { ...CELL, windowMs: [0, 1.8] }, 'pA', /windowMs: a window needs at least 20 samples; got 19/],
    ['when thinning leaves too few samples', { ...CELL, windowMs: [0, 10], sampleMs: 1 }, 'pA', /at least 20 samples; got 11/],
    [
      'when the interval is no multiple',
      { ...CELL, sampleMs: 0.25 },
      'pA',
      /recording\.sampleMs: sampleMs must be a whole multiple of the recording's 0\.1 ms; got 0\.25/,
    ],
    ['when the interval is shorter than the file has', { ...CELL, sampleMs: 0.02 }, 'pA', /Try 0\.1/],
    [
      'when the model wants a density',
      { ...CELL },
      'uA/cm2',
      /must convert to uA\/cm2.*got pA\. Choose a whole-cell model.*divided by the area.*SPEC_DATA/,
    ],
    [
      'when the model wants a whole-cell current',
      { file: 'density.csv', columns: { timeMs: 't', voltageMv: 'V', currentUaPerCm2: 'I' } },
      'pA',
      /got uA\/cm2\. Choose a model in uA\/cm2/,
    ],
    ['when the current is not known', { file: 'unknown.abf' }, 'pA', /the injected current must be known.*currentChannel/],
    [
      'when a sweep that is named has no spikes',
      { file: 'paused.abf', sweeps: [1], window: perSpike },
      'pA',
      /perSpike: .*none in paused\.abf sweep 1/,
    ],
    [
      'when no sweep has spikes',
      { file: 'paused.abf', window: perSpike },
      'pA',
      /none in paused\.abf sweep 0, paused\.abf sweep 1, paused\.abf sweep 2/,
    ],
    [
      'when sweeps with pauses are joined',
      { file: 'paused.abf', joinSweeps: true },
      'pA',
      /joinSweeps: only sweeps that follow each other/,
    ],
    [
      'when sweeps are joined with a gap',
      { file: 'cell.abf', sweeps: [0, 2], joinSweeps: true },
      'pA',
      /sweeps\[1\]: joined sweeps must follow each other; got 2 after 0/,
    ],
    [
      'when a sweep is both fitted and held out',
      { file: 'cell.abf', sweeps: [0, 1], windowMs: [0, 3], holdOut: [{ sweeps: [2] }, { sweeps: [1] }] },
      'pA',
      /holdOut\[1\]: what is held out must not be fitted; got "cell\.abf sweep 1", and "cell\.abf sweep 1, 0-3 ms" is fitted/,
    ],
    [
      'when all sweeps are fitted and one is held out by another name of the file',
      { file: 'cell.abf', holdOut: { file: './cell.abf', sweeps: [1] } },
      'pA',
      /recording\.holdOut: what is held out must not be fitted/,
    ],
    [
      'when a part of joined sweeps is held out',
      { file: 'cell.abf', joinSweeps: true, windowMs: [5, 8], holdOut: { sweeps: [1], windowMs: [0, 2] } },
      'pA',
      /"cell\.abf sweep 1, 0-2 ms", and "cell\.abf sweeps 0-2, 5-8 ms" is fitted/,
    ],
    ['when a held-out sweep does not exist', { file: 'cell.abf', sweeps: [0], holdOut: { sweeps: [5] } }, 'pA', /holdOut\.sweeps\[0\]/],
    [
      'when windows that are fitted jointly share samples',
      { ...CELL, jointly: true, window: { perSpike: { beforeMs: 15, afterMs: 40 } } },
      'pA',
      /fitted jointly must not share samples.*spike 0" and "cell\.csv sweep 0 spike 1".*overlap: drop/,
    ],
    [
      'when the protocol has no such epoch',
      { file: 'cell.abf', window: { epoch: 'F' } },
      'pA',
      /window\.epoch: the protocol has the epochs A, B; got F/,
    ],
    [
      'when the window around an onset reaches beyond the sweep',
      { file: 'cell.abf', window: { onset: { beforeMs: 2, afterMs: 1 } } },
      'pA',
      /window\.onset: a window must lie inside its sweep; got cell\.abf sweep 0 onset of B/,
    ],
    [
      'when sweeps are joined and an epoch is asked for',
      { file: 'cell.abf', joinSweeps: true, window: { epoch: 'B' } },
      'pA',
      /joined sweeps have no epochs of their own/,
    ],
    ['when the file is not there', { file: 'nowhere.abf' }, 'pA', /RECORDING_NOT_READABLE/],
  ] satisfies [string, RecordingSpec, string, RegExp][])('%s', async (_, entry, unit, message) => {
    await expect(units(entry, unit)).rejects.toThrow(message);
    await expect(units(entry, unit)).rejects.toMatchObject({ name: 'LoligoError', exitCode: 2 });
  });

  test('for everything that is wrong at once', async () => {
    const entry: RecordingSpec = {
      file: 'cell.abf',
      sweeps: [0, 7, 9],
      joinSweeps: true,
      windowMs: [
        [0, 5],
        [0, 500],
      ],
      sampleMs: 0.07,
    };
    const error: unknown = await units(entry, 'uA/cm2').catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      violations: [
        { where: 'problem.data[4].recording.sweeps[1]' },
        { where: 'problem.data[4].recording.sweeps[2]' },
        { where: 'problem.data[4].recording.sweeps[1]' },
        { where: 'problem.data[4].recording' },
        { where: 'problem.data[4].recording.sampleMs' },
        { where: 'problem.data[4].recording.windowMs[1]' },
      ],
    });
  });
});
