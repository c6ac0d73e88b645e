/** What orchestrators and workers say of themselves on the server, for `status` and `cancel`. What cannot be read is passed over: nothing rests on it. */
import { JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { noticeSubject, ROLL, STATE } from '../../schemas/wire.ts';

export interface SweepNotice {
  readonly sweep: string;
  readonly name: string;
  readonly at: number;
  readonly planned: number;
  readonly finished: number;
  readonly byOutcome: Readonly<Record<string, number>>;
  readonly replicasPerSecond: number | null;
  readonly secondsLeft: number | null;
}

export interface WorkerCard {
  readonly worker: string;
  readonly engine: string;
  readonly threads: number;
  readonly running: number;
}

const ROLL_WAIT_MS = 1000;

/** Of the sweeps whose name is, or whose id begins with, `wanted`; the latest first. */
export async function readNotices(connection: NatsConnection, wanted: string): Promise<SweepNotice[]> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const notices: SweepNotice[] = [];
  try {
    const { state } = await manager.streams.info(STATE, { subjects_filter: noticeSubject('*') });
    for (const subject of Object.keys(state.subjects ?? {})) {
      const message = await manager.streams.getMessage(STATE, { last_by_subj: subject });
      const notice: unknown = message?.json();
      if (isNotice(notice) && (notice.name === wanted || notice.sweep.startsWith(wanted))) notices.push(notice);
    }
  } catch (error) {
    // no stream: no sweep was ever here
    if (!(error instanceof JetStreamApiError)) throw error;
  }
  return notices.toSorted((a, b) => b.at - a.at);
}

export async function readCards(connection: NatsConnection): Promise<WorkerCard[]> {
  const cards: WorkerCard[] = [];
  try {
    for await (const answer of await connection.requestMany(ROLL, '', { strategy: 'stall', maxWait: ROLL_WAIT_MS })) {
      const card: unknown = answer.json();
      if (isCard(card)) cards.push(card);
    }
  } catch {
    // nobody answers: there is no worker
  }
  return cards;
}

function isNotice(value: unknown): value is SweepNotice {
  return has(value, { sweep: 'string', name: 'string', at: 'number', planned: 'number', finished: 'number', byOutcome: 'object' });
}

function isCard(value: unknown): value is WorkerCard {
  return has(value, { worker: 'string', engine: 'string', threads: 'number', running: 'number' });
}

function has(value: unknown, types: Readonly<Record<string, string>>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(types).every(([key, type]) => typeof Reflect.get(value, key) === type);
}
