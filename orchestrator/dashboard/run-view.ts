/** A run directory as the dashboard sees it, kept current by reading only what the log has grown by. */
import { commonTruth } from '../aggregate/truth.ts';
import type { Run } from '../results/run-directory.ts';
import { LogFollower } from '../results/log-follower.ts';
import { OutcomeIndex } from '../results/outcome-index.ts';
import { parseOutcomeLine } from '../results/outcome-line.ts';
import type { DashboardParameter } from './dashboard-state.ts';
import { EstimateSample } from './estimate-sample.ts';

export interface RunView {
  /** Reads on. Throws RUN_CORRUPT, DISK. */
  refresh(): Promise<void>;
  readonly outcomes: OutcomeIndex;
  readonly sampled: number;
  parameters(): DashboardParameter[];
}

export function runView({ path, lock }: Run): RunView {
  const { infer, data } = lock.resolved.problem;
  const follower = new LogFollower(path);
  const outcomes = new OutcomeIndex();
  const estimates = new EstimateSample();
  return {
    outcomes,
    refresh: async () => {
      for await (const { head, text, where } of follower.next()) {
        if (head.kind === 'withdrawn') {
          outcomes.withdraw(head.index);
          continue;
        }
        if (!outcomes.finished.add(head.index)) continue;
        outcomes.count(head.kind, head.code, () => parseOutcomeLine(text(), where));
        if (head.kind === 'converged') estimates.offer(() => parseOutcomeLine(text(), where).estimate?.parameters ?? {});
      }
    },
    get sampled() {
      return estimates.stride;
    },
    parameters: () => infer.map(({ name, unit }) => ({ name, unit, truth: commonTruth(data, name), values: estimates.sorted(name) })),
  };
}
