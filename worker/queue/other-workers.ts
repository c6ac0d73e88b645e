/** Who else serves, asked of all workers as an orchestrator asks it. */
import type { NatsConnection } from '@nats-io/transport-node';
import { callRoll } from '../../schemas/roll.ts';
import { laneName } from '../../schemas/wire.ts';

/** A worker that is sound by its own judgement. */
export interface OtherWorker {
  readonly worker: string;
  /** Names of lanes that it cannot serve. */
  readonly refuses: ReadonlySet<string>;
}

const LONGEST_MS = 2000;

export async function otherWorkers(connection: NatsConnection, self: string): Promise<OtherWorker[]> {
  const others: OtherWorker[] = [];
  for await (const { worker, health, refuses } of callRoll(connection, LONGEST_MS)) {
    if (worker === self || health !== 'serving') continue;
    others.push({ worker, refuses: new Set(refuses.flatMap(({ sweep, shapes }) => shapes.map((shape) => laneName({ sweep, shape })))) });
  }
  return others;
}
