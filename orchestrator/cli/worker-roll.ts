/** The worker's card: what this process has and is doing, told to whoever asks on the server who serves. */
import { hostname, totalmem } from 'node:os';
import type { NatsConnection } from '@nats-io/transport-node';
import type { LaneRefusal, WorkerCard } from '../../schemas/generated/types.ts';
import { packageVersion } from '../../schemas/package-root.ts';
import { ROLL } from '../../schemas/wire.ts';
import { processorModel } from '../../worker/engines/processor-model.ts';

/** What changes while it serves. */
export interface WorkerState {
  readonly running: number;
  /** Replicas held, by sweep. */
  readonly sweeps: Record<string, number>;
  readonly health: string;
  readonly refuses: LaneRefusal[];
}

export interface WorkerKind {
  /** Name in its results. */
  readonly worker: string;
  readonly engine: { readonly name: string; readonly arithmetic: string };
  readonly threads: number;
}

export function cardOf({ worker, engine, threads }: WorkerKind, state: WorkerState): WorkerCard {
  return {
    worker,
    host: hostname(),
    pid: process.pid,
    engine: engine.name,
    threads,
    memoryMb: Math.round(memoryBytes() / 1e6),
    device: { model: processorModel(), arithmetic: engine.arithmetic },
    versions: { loligo: packageVersion(), node: process.versions.node },
    ...state,
  };
}

export function answerRoll(connection: NatsConnection, kind: WorkerKind, state: () => WorkerState): void {
  connection.subscribe(ROLL, { callback: (_, message) => void message.respond(JSON.stringify(cardOf(kind, state()))) });
}

/** Of the machine, or what its container or batch job was given of it; without a limit the system answers with a huge number. */
export function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
