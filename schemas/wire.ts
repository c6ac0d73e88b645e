/**
 * The whole wire on one page: streams, subjects, consumers, limits, and why they are so. Both sides import it; nothing else names a
 * subject. Works alike on nats-server 2.9 and on a current one (tests/contract/queue runs on both).
 *
 *   LOLIGO_TASKS    loligo.task.<sweep>.<shape>.<index>   one message per outstanding replica; gone when its worker acknowledges it
 *   LOLIGO_RESULTS  loligo.result.<sweep>.<index>         one message per result that the run directory does not hold yet
 *   LOLIGO_STATE    loligo.tries.<sweep>.<index>          how often a replica was tried, written from its second delivery on
 *                   loligo.cancel.<sweep>                 the sweep is not wanted any more; until its next start
 *                   loligo.notice.<sweep>                 what `status` shows
 *                   loligo.dead.<sweep>.<index>           a replica that was given up, for `dead list`
 *                   loligo.retry.<sweep>.<index>          `dead retry`: its outcome is to be withdrawn
 *   LOLIGO_CHECKPOINTS  loligo.checkpoint.<sweep>.<index>.<part>   the state of a replica in training (checkpoint-text.ts)
 *   OBJ_loligo      (object store `loligo`)               models and recordings by SHA-256
 *   core NATS       loligo.work, loligo.roll              "there is work", "who serves?": losing one costs a second
 *
 * One lane, a durable pull consumer, per sweep and shape, so that a worker pulls as many replicas of one shape as its cohort has free places.
 * The index is part of the subject, and a stream holds one message of a subject and refuses a second: publishing an outstanding task
 * changes nothing, whoever does it and however late. It also lets the orchestrator ask for exactly what a stream holds, in one request.
 *
 * A replica that was given up has an outcome in the run directory, which is the truth; its dead message is a copy that the orchestrator
 * makes and takes away. A retry names one outcome (how often the replica was put back before), and waits in its stream until an orchestrator
 * withdraws that outcome: it takes what is left of the replica off the streams, its count of tries included, appends the withdrawal to
 * the outcome log, deletes both messages, and publishes the task anew. Dying between two of these steps repeats them: a retry of an
 * outcome that is withdrawn already does nothing but vanish.
 *
 * Everybody who listens hears a cancel at once; a worker that was cut off looks for it when it comes back, and whenever it renews its leases.
 *
 * There are no message ids: what was purged within the de-duplication window would be refused as a duplicate when it is published again.
 */
import type { ConsumerConfig, StreamConfig } from '@nats-io/jetstream';

/** In the description of every lane; a worker sees only lanes of its own version. */
const WIRE_VERSION = 1;

export const TASKS = 'LOLIGO_TASKS';
export const RESULTS = 'LOLIGO_RESULTS';
export const STATE = 'LOLIGO_STATE';
export const CHECKPOINTS = 'LOLIGO_CHECKPOINTS';
/** Bucket of the object store. */
export const OBJECTS = 'loligo';
/** Core NATS: tasks were published or given back. */
export const WORK = 'loligo.work';
/** Core NATS: every worker answers with its card. */
export const ROLL = 'loligo.roll';

export const taskSubject = (sweep: string, shape: string, index: number | '*'): string => `loligo.task.${sweep}.${shape}.${index}`;
export const tasksOf = (sweep: string): string => `loligo.task.${sweep}.>`;
export const resultSubject = (sweep: string, index: number): string => `loligo.result.${sweep}.${index}`;
export const resultsOf = (sweep: string): string => `loligo.result.${sweep}.*`;
export const triesSubject = (sweep: string, index: number): string => `loligo.tries.${sweep}.${index}`;
export const triesOf = (sweep: string): string => `loligo.tries.${sweep}.*`;
export const cancelSubject = (sweep: string): string => `loligo.cancel.${sweep}`;
export const deadSubject = (sweep: string, index: number | '*'): string => `loligo.dead.${sweep}.${index}`;
export const retrySubject = (sweep: string, index: number | '*'): string => `loligo.retry.${sweep}.${index}`;
export const checkpointSubject = (sweep: string, index: number, part: number): string => `loligo.checkpoint.${sweep}.${index}.${part}`;
export const checkpointsOf = (sweep: string, index?: number): string => `loligo.checkpoint.${sweep}.${index ?? '*'}.*`;
export const noticeSubject = (sweep: string): string => `loligo.notice.${sweep}`;
/** Taken by LOLIGO_TASKS, and never stored: it tells that all that was sent before it has arrived (orchestrator/queue/jetstream.ts). */
export const barrierSubject = (sweep: string): string => `loligo.task.${sweep}.barrier.barrier`;

const TASK = /^loligo\.task\.([0-9a-f]{64})\.([0-9a-f]{16})\.(\d{1,15})$/;
const OF_REPLICA = /^loligo\.(?:result|dead|retry)\.([0-9a-f]{64})\.(\d{1,15})$/;
const CANCEL = /^loligo\.cancel\.([0-9a-f]{64})$/;

/** Index of the replica that a subject names. */
export function indexOf(subject: string): number | undefined {
  const digits = TASK.exec(subject)?.[3] ?? OF_REPLICA.exec(subject)?.[2];
  return digits === undefined ? undefined : Number(digits);
}

/** Sweep that a cancel names. */
export function cancelledOf(subject: string): string | undefined {
  return CANCEL.exec(subject)?.[1];
}

/** Header of a task that was published before: its count of tries is looked up even at its first delivery. */
export const AGAIN_HEADER = 'Loligo-Again';

/** A lease that is not renewed for so long is given to another worker. Ten lost heartbeats of a second would be too few under a full disk. */
export const ACK_WAIT_MS = 30_000;
/** The server keeps what belongs to an abandoned sweep so long. What a sweep still needs is published again. */
const MAX_AGE_MS = 30 * 24 * 3600 * 1000;
/** A task is 1 to 3 kB: its recording travels by hash. */
export const MAX_TASK_BYTES = 256 * 1024;
/** nats-server's default largest message; a result with 500 points of 5 traces is 50 kB. */
export const MAX_RESULT_BYTES = 1024 * 1024 - 4096;
/** A checkpoint of 30,000 weights in Adam, and larger ones in parts; less than nats-server's default largest message. */
export const CHECKPOINT_PART_BYTES = 960 * 1024;
/** Header of a part: how many there are. */
export const PARTS_HEADER = 'Loligo-Parts';
/** A worker that dies between an outcome and the removal of its checkpoint leaves one; the last run of the sweep takes it away, or this does. */
const MAX_CHECKPOINT_AGE_MS = 7 * 24 * 3600 * 1000;
/** A count or a notice. */
const MAX_STATE_BYTES = 16 * 1024;
/** Workers that may wait on one lane at a time; the default of 512 refuses the 513th. */
const MAX_WAITING = 8192;
/** JetStream's smallest de-duplication window; nothing here has a message id. */
const DUPLICATE_WINDOW_MS = 100;

const nanos = (ms: number): number => ms * 1e6;

/**
 * No max_bytes anywhere: the server takes it off the account's storage at once, so that a generous one cannot be opened on a small
 * server, and what is outstanding is bounded by the publisher's window (jetstream.ts).
 */
const common = {
  storage: 'file',
  num_replicas: 1,
  max_age: nanos(MAX_AGE_MS),
  duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  max_msgs_per_subject: 1,
} as const;
/** Refuse the second message of a subject, not the first. */
const firstStays = { discard: 'new', discard_new_per_subject: true } as const;

export const STREAMS: readonly (Partial<StreamConfig> & { name: string })[] = [
  { ...common, ...firstStays, name: TASKS, subjects: ['loligo.task.>'], retention: 'workqueue', max_msg_size: MAX_TASK_BYTES },
  { ...common, ...firstStays, name: RESULTS, subjects: ['loligo.result.>'], retention: 'workqueue', max_msg_size: MAX_RESULT_BYTES },
  {
    ...common,
    name: STATE,
    subjects: ['loligo.tries.>', 'loligo.cancel.*', 'loligo.notice.*', 'loligo.dead.*.*', 'loligo.retry.*.*'],
    retention: 'limits',
    discard: 'old',
    max_msg_size: MAX_STATE_BYTES,
    allow_direct: true,
  },
  {
    ...common,
    name: CHECKPOINTS,
    subjects: ['loligo.checkpoint.*.*.*'],
    retention: 'limits',
    discard: 'old',
    max_age: nanos(MAX_CHECKPOINT_AGE_MS),
    // the payload and its header
    max_msg_size: CHECKPOINT_PART_BYTES + 1024,
    allow_direct: true,
  },
];

/**
 * max_deliver has no bound: a server that stops delivering leaves a replica without an outcome, so the worker counts and gives up.
 * max_ack_pending has none either: the publisher's window bounds it.
 */
const consumer = { ack_policy: 'explicit', deliver_policy: 'all', max_deliver: -1, max_ack_pending: -1, max_waiting: MAX_WAITING } as const;

/** Tasks of one shape of one sweep. */
export interface Lane {
  readonly sweep: string;
  readonly shape: string;
  /** Name of the engine that must train them; `any` leaves it to the worker. */
  readonly engine: string;
  /** numbersOf the orchestrator's version. */
  readonly numbers: string;
}

/** Versions of the program that share this give a replica the same numbers: a patch release changes none. */
export function numbersOf(version: string): string {
  return version.split('.', 2).join('.');
}

/** Why a worker of that engine and version of the program cannot serve a lane at all; null when it can. */
export function laneRefusal({ engine: wanted, numbers }: Pick<Lane, 'engine' | 'numbers'>, engine: string, version: string): string | null {
  if (wanted !== 'any' && wanted !== engine) return `engine ${wanted} is wanted`;
  return numbers === numbersOf(version) ? null : `loligo ${numbers} is wanted, it has ${version}`;
}

export function laneConsumer(lane: Lane, ackWaitMs: number): Partial<ConsumerConfig> & { durable_name: string } {
  return {
    ...consumer,
    durable_name: laneName(lane),
    description: `loligo ${WIRE_VERSION} engine ${lane.engine} numbers ${lane.numbers}`,
    filter_subject: taskSubject(lane.sweep, lane.shape, '*'),
    ack_wait: nanos(ackWaitMs),
  };
}

export function laneName({ sweep, shape }: { sweep: string; shape: string }): string {
  return `${sweep}-${shape}`;
}

const LANE_NAME = /^([0-9a-f]{64})-([0-9a-f]{16})$/;
const LANE_DESCRIPTION = /^loligo (\d+) engine ([a-z0-9-]+) numbers (\d+\.\d+)$/;

/** The lane behind a consumer of LOLIGO_TASKS; undefined for one of another version, or of somebody else. */
export function laneOf(name: string, description: string): Lane | undefined {
  const [, sweep, shape] = LANE_NAME.exec(name) ?? [];
  const [, version, engine, numbers] = LANE_DESCRIPTION.exec(description) ?? [];
  if (sweep === undefined || shape === undefined || engine === undefined || numbers === undefined) return undefined;
  return Number(version) === WIRE_VERSION ? { sweep, shape, engine, numbers } : undefined;
}

/** The one collector of a sweep. Made anew at every start, so that what a dead one was given comes at once and not after its ack wait. */
export function collectorConsumer(sweep: string): Partial<ConsumerConfig> & { durable_name: string } {
  return { ...consumer, durable_name: sweep, filter_subject: resultsOf(sweep), ack_wait: nanos(ACK_WAIT_MS) };
}
