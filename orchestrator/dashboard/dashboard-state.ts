/** What the dashboard shows, as a value: how far the sweep is, who trains it, and how its estimates look so far. */

export interface DashboardState {
  readonly name: string;
  readonly sweep: string;
  readonly model: string;
  readonly engine: string;
  readonly state: 'running' | 'finished' | 'limited' | 'interrupted' | 'cancelled';
  /** Whether a process writes the run directory now. */
  readonly alive: boolean;
  readonly planned: number;
  readonly finished: number;
  readonly running: number;
  readonly byOutcome: Readonly<Record<string, number>>;
  /** by error code */
  readonly failures: Readonly<Record<string, number>>;
  readonly replicasPerSecond: number | null;
  readonly secondsLeft: number | null;
  readonly workers: readonly DashboardWorker[];
  readonly parameters: readonly DashboardParameter[];
  /** Of how many accepted replicas one is in the pictures. */
  readonly sampled: number;
  /** Names in the run directory. */
  readonly files: readonly string[];
  readonly report: 'none' | 'there' | 'being made';
  /** Why the last one could not be made. */
  readonly reportFailure?: string;
}

export interface DashboardWorker {
  readonly worker: string;
  readonly engine: string;
  readonly threads: number;
  readonly running: number;
  readonly health: string;
}

export interface DashboardParameter {
  readonly name: string;
  readonly unit: string;
  readonly truth: number | undefined;
  /** Estimates of accepted replicas, ascending. */
  readonly values: Float64Array;
}
