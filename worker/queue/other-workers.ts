/** Who else serves, asked of all workers as an orchestrator asks it. What is no card is passed over. */
import type { NatsConnection } from '@nats-io/transport-node';
import { parseCard } from '../../schemas/parse.ts';
import { laneName, ROLL } from '../../schemas/wire.ts';

/** A worker that is sound by its own judgement. */
export interface OtherWorker {
  readonly worker: string;
  /** Names of lanes that it cannot serve. */
  readonly refuses: ReadonlySet<string>;
}

/** After the last answer. */
const STALL_MS = 300;
const LONGEST_MS = 2000;

export async function otherWorkers(connection: NatsConnection, self: string): Promise<OtherWorker[]> {
  const others: OtherWorker[] = [];
  for await (const answer of await connection.requestMany(ROLL, '', { strategy: 'stall', stall: STALL_MS, maxWait: LONGEST_MS })) {
    const other = read(() => answer.json());
    if (other !== undefined && other.worker !== self) others.push(other);
  }
  return others;
}

function read(body: () => unknown): OtherWorker | undefined {
  try {
    const { worker, health, refuses } = parseCard(body());
    if (health !== 'serving') return undefined;
    return { worker, refuses: new Set(refuses.flatMap(({ sweep, shapes }) => shapes.map((shape) => laneName({ sweep, shape })))) };
  } catch {
    return undefined;
  }
}
