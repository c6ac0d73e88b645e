/**
 * Progress for people, on stderr: a bar that is drawn over on a terminal, else a plain line now and then, so that a log file stays
 * readable. There is no colour in either (NO_COLOR has nothing to turn off, and a "dumb" terminal gets plain lines).
 */
import { SingleBar } from 'cli-progress';
import type { Progress } from './progress.ts';

export interface ProgressLine {
  show(progress: Progress): void;
  /** Leaves the last state on the screen. */
  stop(): void;
}

interface Screen extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
}

const PLAIN_SECONDS = 10;
/** 12345 is 12.3K */
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

export function progressLine(screen: Screen, environment: Readonly<Record<string, string | undefined>>): ProgressLine {
  return screen.isTTY === true && environment['TERM'] !== 'dumb' ? barLine(screen) : plainLine(screen);
}

/** `38/200 finished (30 converged, 8 diverged), 16 running, 12.3K replica-steps/s, 4 min left` */
export function describeProgress(progress: Progress): string {
  const { finished, planned, running, byOutcome, replicaStepsPerSecond, secondsLeft } = progress;
  const kinds = Object.entries(byOutcome).filter(([, count]) => count > 0);
  const outcomes = kinds.length === 0 ? '' : ` (${kinds.map(([kind, count]) => `${count} ${kind}`).join(', ')})`;
  const parts = [`${finished}/${planned} finished${outcomes}`];
  if (running > 0) parts.push(`${running} running`);
  if (replicaStepsPerSecond !== null) parts.push(`${SHORT.format(replicaStepsPerSecond)} replica-steps/s`);
  if (secondsLeft !== null && finished < planned) parts.push(`${describeSeconds(secondsLeft)} left`);
  return parts.join(', ');
}

function barLine(screen: Screen): ProgressLine {
  const bar = new SingleBar({
    stream: screen,
    format: '[{bar}] {text}',
    barsize: 20,
    barCompleteChar: '#',
    barIncompleteChar: '-',
    hideCursor: true,
    gracefulExit: false,
  });
  let started = false;
  return {
    show: (progress) => {
      const text = { text: describeProgress(progress) };
      if (!started) bar.start(progress.planned, progress.finished, text);
      started = true;
      bar.update(progress.finished, text);
    },
    stop: () => bar.stop(),
  };
}

function plainLine(screen: Screen): ProgressLine {
  let lastSeconds = -Infinity;
  let pending: string | undefined;
  const write = (line: string): void => void screen.write(`${line}\n`);
  return {
    show: (progress) => {
      pending = describeProgress(progress);
      if (progress.seconds - lastSeconds < PLAIN_SECONDS) return;
      lastSeconds = progress.seconds;
      write(pending);
      pending = undefined;
    },
    stop: () => {
      if (pending !== undefined) write(pending);
      pending = undefined;
    },
  };
}

export function describeSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
