/** Waiting tasks, a first-in-first-out lane per shape. The lane whose head waited longest is served first, so no shape starves. */
import type { Task } from '../../schemas/generated/types.ts';

interface Waiting {
  readonly task: Task;
  readonly turn: number;
}

export class ShapeLanes {
  readonly #lanes = new Map<string, Waiting[]>();
  /** Turns given out at the back grow, those given out at the front shrink. */
  #next = 0;
  #first = 0;

  pushBack(task: Task): void {
    this.#lane(task.shape).push({ task, turn: this.#next++ });
  }

  pushFront(task: Task): void {
    this.#lane(task.shape).unshift({ task, turn: --this.#first });
  }

  /** At most `places` tasks of one shape, oldest first; [] when none waits. */
  take(places: number): Task[] {
    let oldest: Waiting[] | undefined;
    for (const lane of this.#lanes.values()) if (oldest === undefined || turnOf(lane) < turnOf(oldest)) oldest = lane;
    if (oldest === undefined) return [];
    const taken = oldest.splice(0, places).map(({ task }) => task);
    if (oldest.length === 0) this.#lanes.delete(taken[0]?.shape ?? '');
    return taken;
  }

  #lane(shape: string): Waiting[] {
    const lane = this.#lanes.get(shape) ?? [];
    this.#lanes.set(shape, lane);
    return lane;
  }
}

function turnOf(lane: readonly Waiting[]): number {
  return lane[0]?.turn ?? Infinity;
}
