/**
 * What of a cohort on a GPU the host does, in float64, on the fused engine. One replica at a time: the arithmetic of second order takes more
 * memory than all else of a replica.
 */
import type { Cohort, Engine, Member, Reconstruction, Shape, StageControl, StageOutcome } from '../engine.ts';
import { restoreState, savedState, type ReplicaProgress } from '../replica-progress.ts';

type Replica = ReplicaProgress & { readonly member: Member; readonly index: number };

export class HostTraining {
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Each replica by itself on a cohort of one, which takes its state and gives it back. */
  private async each<T>(shape: Shape, replicas: readonly Replica[], use: (cohort: Cohort, replica: Replica) => Promise<T>): Promise<T[]> {
    const results: T[] = [];
    for (const replica of replicas) {
      const cohort = await this.engine.open(shape, [replica.member]);
      try {
        await cohort.load(0, savedState(replica));
        results.push(await use(cohort, replica));
        restoreState(replica, await cohort.save(0));
      } finally {
        await cohort.close();
      }
    }
    return results;
  }

  async secondOrder(
    shape: Shape,
    replicas: readonly Replica[],
    train: (cohort: Cohort, control: StageControl) => Promise<StageOutcome[]>,
    control: StageControl,
  ): Promise<StageOutcome[]> {
    return this.each(shape, replicas, async (cohort, { index }) => (await train(cohort, controlOfOne(control, index)))[0]!);
  }

  async reconstruct(shape: Shape, replicas: readonly Replica[]): Promise<Reconstruction[]> {
    return this.each(shape, replicas, async (cohort) => (await cohort.reconstruct())[0]!);
  }
}

/** The control of replica `index` of a cohort, for a cohort of it alone. */
function controlOfOne(control: StageControl, index: number): StageControl {
  return {
    shouldStop: () => control.shouldStop(),
    progress: (steps) => control.progress(steps),
    checkpoint: (_, save) => control.checkpoint?.(index, save),
    trace: (_, step, values) => control.trace?.(index, step, values),
  };
}
