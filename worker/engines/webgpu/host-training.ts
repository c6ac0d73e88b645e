/**
 * What of a cohort on a GPU the host does, on the fused engine: `native`, or `wasm` where that was not built. Second order in float64, and
 * Adam where there is no device. One replica at a time: the arithmetic of second order takes more memory than all else of a replica.
 */
import type { AdamStage } from '../../../schemas/generated/types.ts';
import type { Cohort, Engine, Evaluation, Member, Reconstruction, Shape, StageControl, StageOutcome } from '../engine.ts';
import { createNativeEngine, createWasmEngine } from '../fused/fused-engine.ts';
import { restoreState, savedState, type ReplicaProgress } from '../replica-progress.ts';

type Replica = ReplicaProgress & { readonly member: Member; readonly index: number; told: number };

export class HostTraining {
  private engine: Promise<Engine> | undefined;

  private open(): Promise<Engine> {
    return (this.engine ??= createNativeEngine().catch(() => createWasmEngine()));
  }

  /** Each replica by itself on a cohort of one, which takes its state and gives it back. */
  private async each<T>(shape: Shape, replicas: readonly Replica[], use: (cohort: Cohort, replica: Replica) => Promise<T>): Promise<T[]> {
    const engine = await this.open();
    const results: T[] = [];
    for (const replica of replicas) {
      const cohort = await engine.open(shape, [replica.member]);
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
    return this.each(shape, replicas, async (cohort, { index }) => (await train(cohort, controlOfOne(control, index, 0)))[0]!);
  }

  /** What was told of a replica already is not told again. `before`: step of each replica of the cohort at which the call began. */
  async adam(
    shape: Shape,
    replicas: readonly Replica[],
    stage: Required<AdamStage>,
    control: StageControl,
    before: readonly number[],
  ): Promise<StageOutcome[]> {
    return this.each(shape, replicas, async (cohort, { index, told, step }) => {
      const [outcome] = await cohort.adam(stage, controlOfOne(control, index, told, Math.max(0, told - step)));
      if (outcome!.kind === 'diverged') return outcome!;
      return { ...outcome!, steps: outcome!.steps + step - before[index]! };
    });
  }

  async evaluate(shape: Shape, replicas: readonly Replica[], physics: number): Promise<Evaluation[]> {
    return this.each(shape, replicas, async (cohort) => (await cohort.evaluate(physics))[0]!);
  }

  async reconstruct(shape: Shape, replicas: readonly Replica[]): Promise<Reconstruction[]> {
    return this.each(shape, replicas, async (cohort) => (await cohort.reconstruct())[0]!);
  }

  async close(): Promise<void> {
    await (await this.engine)?.close();
  }
}

/** The control of replica `index` of a cohort for a cohort of it alone; steps up to `told` and the first `known` of progress are kept back. */
function controlOfOne(control: StageControl, index: number, told: number, known = 0): StageControl {
  let left = known;
  return {
    shouldStop: () => control.shouldStop(),
    progress: (steps) => {
      const kept = Math.min(left, steps);
      left -= kept;
      if (steps > kept) control.progress(steps - kept);
    },
    checkpoint: (_, save) => control.checkpoint?.(index, save),
    ...(control.trace === undefined
      ? {}
      : {
          trace: (_: number, step: number, values: Float64Array): void => {
            if (step > told) control.trace?.(index, step, values);
          },
        }),
  };
}
