/** How far a sweep is and how fast it goes, as values: the progress line, --json and later the page draw them. */
import type { Result } from '../../schemas/generated/types.ts';
import type { OutcomeCounts } from '../results/outcome-index.ts';

export interface Progress {
  /** Replicas of the sweep. */
  readonly planned: number;
  /** Replicas with an outcome, those of earlier calls included. */
  readonly finished: number;
  readonly running: number;
  readonly byOutcome: OutcomeCounts;
  /** Over the last half minute; null before anything was heard. */
  readonly replicaStepsPerSecond: number | null;
  /** Since the start of this call; null before the first outcome. */
  readonly replicasPerSecond: number | null;
  /** Until this call's last outcome, at that pace. */
  readonly secondsLeft: number | null;
  /** Since the start of this call. */
  readonly seconds: number;
}

/** What workers report without being asked. */
export interface Activity {
  readonly running: number;
  /** Replica-steps done since the workers started. */
  readonly steps: number;
}

interface Sample {
  readonly ms: number;
  readonly steps: number;
}

const RECENT_MS = 30_000;

/** Counts outcomes of this call and keeps the recent past of the step counter. */
export class Pace {
  readonly #planned: number;
  readonly #goal: number;
  readonly #stored: () => OutcomeCounts;
  readonly #activity: (() => Activity) | undefined;
  readonly #now: () => number;
  readonly #startMs: number;
  readonly #recent: Sample[] = [];
  #outcomes = 0;
  #steps = 0;

  constructor(options: {
    planned: number;
    /** Outcomes that this call stops at. */
    goal: number;
    stored: () => OutcomeCounts;
    activity: (() => Activity) | undefined;
    /** ms, monotonic */
    now: () => number;
  }) {
    this.#planned = options.planned;
    this.#goal = options.goal;
    this.#stored = options.stored;
    this.#activity = options.activity;
    this.#now = options.now;
    this.#startMs = options.now();
  }

  count(result: Result): void {
    this.#outcomes += 1;
    this.#steps += result.steps;
  }

  progress(): Progress {
    const ms = this.#now();
    const seconds = (ms - this.#startMs) / 1000;
    const { running, steps } = this.#activity?.() ?? { running: 0, steps: this.#steps };
    const byOutcome = this.#stored();
    const finished = Object.values(byOutcome).reduce((sum, count) => sum + count, 0);
    const replicasPerSecond = this.#outcomes > 0 && seconds > 0 ? this.#outcomes / seconds : null;
    return {
      planned: this.#planned,
      finished,
      running,
      byOutcome,
      replicaStepsPerSecond: this.#stepRate({ ms, steps }),
      replicasPerSecond,
      secondsLeft: replicasPerSecond === null ? null : Math.max(0, this.#goal - finished) / replicasPerSecond,
      seconds,
    };
  }

  #stepRate(sample: Sample): number | null {
    this.#recent.push(sample);
    while (this.#recent.length > 2 && sample.ms - (this.#recent[0]?.ms ?? 0) > RECENT_MS) this.#recent.shift();
    const oldest = this.#recent[0] ?? sample;
    if (sample.steps === 0 || sample.ms <= oldest.ms) return null;
    return ((sample.steps - oldest.steps) * 1000) / (sample.ms - oldest.ms);
  }
}
