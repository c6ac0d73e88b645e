/** The streams, lanes and collector of schemas/wire.ts on the server: made where they are missing, never changed. */
import { JetStreamApiError, type ConsumerConfig, type JetStreamManager } from '@nats-io/jetstream';
import { ClosedConnectionError, InvalidArgumentError, RequestError, TimeoutError } from '@nats-io/transport-node';
import { LoligoError, messageOf } from '../../schemas/errors.ts';
import { indexOf, laneOf, STATE, STREAMS, TASKS, tasksOf, triesOf } from '../../schemas/wire.ts';

/** JetStream's codes: https://github.com/nats-io/nats-server/blob/main/server/errors.json */
const STREAM_MISSING = 10059;
const CONSUMER_MISSING = 10014;
const WRONG_LAST_SEQUENCE = new Set([10071, 10164]);
/** "Maximum messages per subject exceeded": it is there. */
const ALREADY_THERE = 10077;

export async function ensureStreams(manager: JetStreamManager): Promise<void> {
  const present = new Set<string>();
  for await (const name of manager.streams.names()) present.add(name);
  for (const stream of STREAMS) if (!present.has(stream.name)) await manager.streams.add(stream);
}

/** Throws NATS_UNREACHABLE for a server without JetStream, or without the permission. */
export async function openStreams(manager: JetStreamManager, url: string): Promise<void> {
  try {
    await ensureStreams(manager);
    await widenStreams(manager);
  } catch (error) {
    const rule = 'the server must let this user make streams';
    const remedy = 'Start nats-server with -js, and give the orchestrator the permissions of docs/cluster.md.';
    throw new LoligoError([{ code: 'NATS_UNREACHABLE', where: url, rule, got: messageOf(error), remedy }], { cause: error });
  }
}

/** A stream that an earlier version made may lack subjects of this one. */
async function widenStreams(manager: JetStreamManager): Promise<void> {
  for (const { name, subjects = [] } of STREAMS) {
    const { config } = await manager.streams.info(name);
    const lacking = subjects.filter((subject) => !config.subjects.includes(subject));
    if (lacking.length > 0) await manager.streams.update(name, { subjects: [...config.subjects, ...lacking] });
  }
}

/** An orchestrator that asks for another engine or lease than the last one changes its lanes; what is leased stays leased. */
export async function ensureConsumer(
  manager: JetStreamManager,
  stream: string,
  config: Partial<ConsumerConfig> & { durable_name: string },
): Promise<void> {
  let present: ConsumerConfig | undefined;
  const absent = await missing(async () => ({ config: present } = await manager.consumers.info(stream, config.durable_name)));
  if (absent) await manager.consumers.add(stream, config);
  else if (present?.description !== config.description || present?.ack_wait !== config.ack_wait)
    await manager.consumers.update(stream, config.durable_name, { description: config.description ?? '', ack_wait: config.ack_wait ?? 0 });
}

export async function renewConsumer(
  manager: JetStreamManager,
  stream: string,
  config: Partial<ConsumerConfig> & { durable_name: string },
): Promise<void> {
  await missing(() => manager.consumers.delete(stream, config.durable_name));
  await manager.consumers.add(stream, config);
}

/** What the stream holds under a filter: index of the replica and subject. */
export async function heldIn(manager: JetStreamManager, stream: string, filter: string): Promise<Map<number, string>> {
  const held = new Map<number, string>();
  const { state } = await manager.streams.info(stream, { subjects_filter: filter });
  for (const subject of Object.keys(state.subjects ?? {})) {
    const index = indexOf(subject);
    if (index !== undefined) held.set(index, subject);
  }
  return held;
}

/**
 * Takes messages out one by one. Not by a purge with a filter: on nats-server 2.9.10 that moves the consumers past all that is in the
 * stream, and what was waiting is never delivered (measured; 2.15.2 does it right).
 */
export async function takeOut(manager: JetStreamManager, stream: string, subjects: Iterable<string>): Promise<void> {
  for (const subject of subjects) {
    const message = await manager.streams.getMessage(stream, { last_by_subj: subject });
    if (message !== null) await manager.streams.deleteMessage(stream, message.seq, false).catch(ignoreGone);
  }
}

/** What workers could take of a sweep: its lanes, the tasks in them and the counts of their tries. */
export async function withdrawTasks(manager: JetStreamManager, sweep: string): Promise<void> {
  await missing(async () => {
    for (const name of await lanesOf(manager, sweep)) await missing(() => manager.consumers.delete(TASKS, name));
    await takeOut(manager, TASKS, (await heldIn(manager, TASKS, tasksOf(sweep))).values());
    await manager.streams.purge(STATE, { filter: triesOf(sweep) });
  });
}

async function lanesOf(manager: JetStreamManager, sweep: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, config } of manager.consumers.list(TASKS))
    if (laneOf(name, config.description ?? '')?.sweep === sweep) names.push(name);
  return names;
}

function ignoreGone(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return false;
  throw error;
}

/** True when what the request asks for is not there. Throws every other failure. */
export async function missing(request: () => Promise<unknown>): Promise<boolean> {
  try {
    await request();
    return false;
  } catch (error) {
    if (isMissing(error)) return true;
    throw error;
  }
}

/** Also where somebody deleted it between two requests. */
export function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && [STREAM_MISSING, CONSUMER_MISSING].includes(error.code);
}

/** Why a stream did not take a message, by its answer; undefined: it holds it. Throws every other failure. */
export async function refusalOf(publish: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await publish();
    return undefined;
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    return error.code === ALREADY_THERE ? undefined : error.message;
  }
}

/** What the server says or does not say, and no fault of the program. */
export function isOfServer(error: unknown): boolean {
  // the last for a message that is larger than the server takes
  return [JetStreamApiError, RequestError, TimeoutError, ClosedConnectionError, InvalidArgumentError].some((kind) => error instanceof kind);
}

export function isWrongLastSequence(error: unknown): boolean {
  return error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.has(error.code);
}
