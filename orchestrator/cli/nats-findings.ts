/** What `doctor` finds of a NATS server: whether it answers, its version, and whether a sweep could run through it. */
import { jetstreamManager } from '@nats-io/jetstream';
import { messageOf } from '../../schemas/errors.ts';
import { connectServer } from '../../schemas/nats-connection.ts';
import type { Environment } from '../../schemas/nats-secrets.ts';
import { STREAMS } from '../../schemas/wire.ts';

export interface NatsFindings {
  readonly url: string | null;
  readonly reachable: boolean;
  readonly version: string | null;
  readonly jetStream: boolean;
  /** What keeps a sweep from running through it; null: nothing that was found. */
  readonly reason: string | null;
  readonly limits: NatsLimits | null;
}

/** null: none. */
interface NatsLimits {
  readonly messageBytes: number | null;
  readonly storageBytes: number | null;
  readonly storageUsedBytes: number;
  readonly streams: number | null;
  readonly consumers: number | null;
}

const NOT_ASKED: NatsFindings = { url: null, reachable: false, version: null, jetStream: false, reason: null, limits: null };

/** Never fails: what is wrong is a finding. */
export async function examineNats(url: string | undefined, environment: Environment): Promise<NatsFindings> {
  if (url === undefined || url === '') return NOT_ASKED;
  try {
    const { connection } = await connectServer(url, 'orchestrator', environment);
    try {
      const { version = null, max_payload: messageBytes = null } = connection.info ?? {};
      const found = { url, reachable: true, version };
      try {
        const manager = await jetstreamManager(connection, { checkAPI: false });
        const { limits, storage } = await manager.getAccountInfo();
        const told = {
          messageBytes,
          storageBytes: bounded(limits.max_storage),
          storageUsedBytes: storage,
          streams: bounded(limits.max_streams),
          consumers: bounded(limits.max_consumers),
        };
        return { ...found, jetStream: true, reason: lackOf(told), limits: told };
      } catch (error) {
        return { ...found, jetStream: false, reason: `JetStream is off, or not for this user: ${messageOf(error)}`, limits: null };
      }
    } finally {
      await connection.close();
    }
  } catch (error) {
    // a URL that is refused may hold a secret
    const shown = /^[a-z]+:\/\/[^@]*$/.test(url) ? url : null;
    return { ...NOT_ASKED, url: shown, reason: messageOf(error) };
  }
}

/** For people. */
export function describeNats({ url, reachable, version, jetStream, reason, limits }: NatsFindings): string {
  if (url === null && reason === null) return 'NATS: not asked; give --nats URL or set LOLIGO_NATS_URL';
  if (!reachable) return `NATS: not reachable: ${reason}`;
  const bounds = limits === null ? [] : describeLimits(limits);
  const state = jetStream ? `JetStream on${bounds.length === 0 ? '' : ` (${bounds.join(', ')})`}` : '';
  return `NATS: ${url}, nats-server ${version}${[state, reason ?? ''].map((part) => (part === '' ? '' : `, ${part}`)).join('')}`;
}

function describeLimits({ messageBytes, storageBytes, storageUsedBytes, streams, consumers }: NatsLimits): string[] {
  return [
    ...(messageBytes === null ? [] : [`messages up to ${megabytes(messageBytes)}`]),
    `storage ${megabytes(storageUsedBytes)} of ${storageBytes === null ? 'no limit' : megabytes(storageBytes)}`,
    ...(streams === null ? [] : [`${streams} streams`]),
    ...(consumers === null ? [] : [`${consumers} consumers`]),
  ];
}

/** A result with traces must fit into a message; the streams and the object store are one each. */
function lackOf({ messageBytes, streams }: NatsLimits): string | null {
  const largest = Math.max(...STREAMS.map(({ max_msg_size: size = 0 }) => size));
  if (messageBytes !== null && messageBytes < largest) return `results of ${megabytes(largest)} do not fit into a message (max_payload)`;
  if (streams !== null && streams < STREAMS.length + 1) return `${STREAMS.length + 1} streams are needed, the account may have ${streams}`;
  return null;
}

/** The server says -1, or 0, for none. */
function bounded(limit: number): number | null {
  return limit > 0 ? limit : null;
}

function megabytes(bytes: number): string {
  return `${Number((bytes / 1e6).toPrecision(3))} MB`;
}
