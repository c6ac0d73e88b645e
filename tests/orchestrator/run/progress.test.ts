import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { Pace } from '../../../orchestrator/run/progress.ts';
import type { Progress } from '../../../orchestrator/run/progress.ts';
import { describeProgress, progressLine } from '../../../orchestrator/run/progress-line.ts';
import { resultFixture } from '../../helpers/replica-fixture.ts';

const COUNTS = { converged: 0, stopped: 0, diverged: 0, pruned: 0, failed: 0 };

test('speed and time left are counted from this call alone, and from the goal of this call', () => {
  let ms = 1000;
  const counts = { ...COUNTS, converged: 10 };
  const pace = new Pace({ planned: 100, goal: 50, stored: () => counts, activity: undefined, now: () => ms });
  expect(pace.progress()).toMatchObject({ finished: 10, replicaStepsPerSecond: null, replicasPerSecond: null, secondsLeft: null });
  for (let second = 0; second < 5; second += 1) {
    ms += 1000;
    counts.converged += 2;
    pace.count(resultFixture(0, { steps: 300 }));
    pace.count(resultFixture(1, { steps: 100 }));
  }
  expect(pace.progress()).toMatchObject({ finished: 20, replicaStepsPerSecond: 400, replicasPerSecond: 2, secondsLeft: 15, seconds: 5 });
});

test('replica-steps a second are those of the last half minute', () => {
  let ms = 0;
  let steps = 0;
  const pace = new Pace({ planned: 1, goal: 1, stored: () => COUNTS, activity: () => ({ running: 3, steps }), now: () => ms });
  const rates: (number | null)[] = [];
  for (let second = 0; second < 120; second += 1) {
    ms += 1000;
    steps += second < 60 ? 1000 : 10;
    rates.push(pace.progress().replicaStepsPerSecond);
  }
  expect([rates[0], rates[50], rates[119]]).toEqual([null, 1000, 10]);
});

const PROGRESS: Progress = {
  planned: 200,
  finished: 38,
  running: 16,
  byOutcome: { ...COUNTS, converged: 30, diverged: 8 },
  replicaStepsPerSecond: 12_345,
  replicasPerSecond: 0.7,
  secondsLeft: 231,
  seconds: 54,
};

test('progress in words names what there is and leaves out what there is not', () => {
  expect(describeProgress(PROGRESS)).toBe('38/200 finished (30 converged, 8 diverged), 16 running, 12.3K replica-steps/s, 4 min left');
  expect(
    describeProgress({ ...PROGRESS, finished: 0, byOutcome: COUNTS, running: 0, replicaStepsPerSecond: null, secondsLeft: null }),
  ).toBe('0/200 finished');
});

test('without a terminal there is a plain line at most every ten seconds, and the last state at the end', () => {
  const screen = new PassThrough();
  const line = progressLine(screen, {});
  for (let seconds = 0; seconds <= 25; seconds += 1) line.show({ ...PROGRESS, finished: seconds, seconds });
  line.stop();
  const text = String(screen.read());
  expect(text.split('\n').map((shown) => shown.split('/')[0])).toEqual(['0', '10', '20', '25', '']);
  expect(text).not.toContain('\u001B');
});

test('on a terminal there is a bar without colour, unless the terminal is dumb', () => {
  const drawn = (environment: Record<string, string>): string => {
    const screen = Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 200,
      cursorTo: () => true,
      moveCursor: () => true,
      clearLine: () => true,
    });
    const line = progressLine(screen, environment);
    line.show(PROGRESS);
    line.stop();
    return String(screen.read());
  };
  expect(drawn({ TERM: 'xterm' })).toMatch(/\[####-{16}\] 38\/200 finished/);
  // eslint-disable-next-line no-control-regex -- colours are control characters
  expect(drawn({ TERM: 'xterm' })).not.toMatch(/\u001B\[\d+m/);
  expect(drawn({ TERM: 'dumb' })).toBe(`${describeProgress(PROGRESS)}\n`);
});
