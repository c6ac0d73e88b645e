/** What orchestrators and workers say of themselves on the server, for `status`, `cancel` and `dead`. What cannot be read is passed over: nothing rests on it. */
import { hostname } from 'node:os';
import { JetStreamApiError, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { LoligoError } from '../../schemas/errors.ts';
import type { Lock, SweepNotice, WorkerCard } from '../../schemas/generated/types.ts';
import { parseNotice } from '../../schemas/parse.ts';
import { callRoll, readable } from '../../schemas/roll.ts';
import { noticeSubject, STATE } from '../../schemas/wire.ts';
import type { OutcomeLog } from '../results/outcome-log.ts';
import type { Progress } from '../run/progress.ts';

/** A notice and when the server got it. */
export interface StoredNotice {
  readonly notice: SweepNotice;
  readonly storedAt: number;
}

export interface NoticeOptions {
  readonly lock: Lock;
  readonly state: SweepNotice['state'];
  readonly log: Pick<OutcomeLog, 'failures' | 'dead'>;
  readonly progress: Progress;
  readonly malformed: number;
}

const ROLL_WAIT_MS = 1000;
/** An orchestrator speaks every second; a full disk or a busy machine may hold it up for some. */
export const SILENT_MS = 15_000;

/** This process, as notices name it. */
export function speaker(): string {
  return `${hostname()}:${process.pid}`;
}

export function noticeOf({ lock, state, log, progress, malformed }: NoticeOptions): SweepNotice {
  const { planned, finished, running, byOutcome, replicasPerSecond, secondsLeft } = progress;
  return {
    sweep: lock.sweep,
    name: lock.resolved.name,
    state,
    at: Date.now(),
    by: speaker(),
    engine: lock.engine,
    planned,
    finished,
    running,
    byOutcome,
    failures: log.failures,
    dead: log.dead.size,
    malformed,
    replicasPerSecond,
    secondsLeft,
  };
}

/** Of every sweep of the server, the latest first. */
export async function readNotices(connection: NatsConnection): Promise<StoredNotice[]> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  try {
    const { state } = await manager.streams.info(STATE, { subjects_filter: noticeSubject('*') });
    const read = await Promise.all(Object.keys(state.subjects ?? {}).map((subject) => readNotice(manager, subject)));
    return read.filter((notice) => notice !== undefined).toSorted((a, b) => b.storedAt - a.storedAt);
  } catch (error) {
    // no stream: no sweep was ever here
    if (error instanceof JetStreamApiError) return [];
    throw error;
  }
}

/** The one sweep whose name is, or whose id begins with, `wanted`; of several of that name the latest. Throws USAGE. */
export async function findSweep(connection: NatsConnection, wanted: string): Promise<StoredNotice> {
  const notices = await readNotices(connection);
  const named = notices.find(({ notice }) => notice.name === wanted);
  const [first, second] = notices.filter(({ notice }) => notice.sweep.startsWith(wanted));
  const found = named ?? (second === undefined ? first : undefined);
  if (found !== undefined) return found;
  const known = [...new Set(notices.map(({ notice }) => notice.name))].slice(0, 8);
  const remedy = known.length === 0 ? 'No sweep was run through this server.' : `It knows ${known.join(', ')}.`;
  const got = second === undefined ? wanted : `${wanted}, which several ids begin with`;
  throw new LoligoError([{ code: 'USAGE', where: 'sweep', rule: 'must be one sweep of the server', got, remedy }]);
}

/** In the order of their names; none where nobody answers. */
export async function readCards(connection: NatsConnection): Promise<WorkerCard[]> {
  const cards: WorkerCard[] = [];
  try {
    for await (const card of callRoll(connection, ROLL_WAIT_MS)) cards.push(card);
  } catch {
    // nobody answers: there is no worker
  }
  return cards.toSorted((a, b) => (a.worker < b.worker ? -1 : 1));
}

export async function readNotice(manager: JetStreamManager, subject: string): Promise<StoredNotice | undefined> {
  const message = await manager.streams.getMessage(STATE, { last_by_subj: subject });
  const notice = readable(() => parseNotice(message?.json()));
  return message === null || notice === undefined ? undefined : { notice, storedAt: message.time.getTime() };
}
