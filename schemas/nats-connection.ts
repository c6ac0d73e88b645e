/**
 * How both sides come to the server. Secrets are read from files or the environment, never from the command line, and stand in no message:
 *
 *   LOLIGO_NATS_USER and LOLIGO_NATS_PASSWORD, LOLIGO_NATS_TOKEN   or a file with it: LOLIGO_NATS_PASSWORD_FILE, LOLIGO_NATS_TOKEN_FILE
 *   LOLIGO_NATS_NKEY_FILE, LOLIGO_NATS_CREDS_FILE                  a seed; a credentials file of nsc
 *   LOLIGO_NATS_CA_FILE, LOLIGO_NATS_CERT_FILE, LOLIGO_NATS_KEY_FILE   TLS: own authority, client certificate
 *
 * Once connected, a client tries for ever to come back: what is lost meanwhile is published again (orchestrator/queue/reconciliation.ts).
 */
import { readFileSync } from 'node:fs';
import {
  connect,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
  type NatsConnection,
  type TlsOptions,
} from '@nats-io/transport-node';
import { LoligoError, messageOf } from './errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A connection and the prefix of its inboxes: a worker's permissions admit its own alone. */
export interface Server {
  readonly connection: NatsConnection;
  readonly inboxPrefix: string;
  /** For messages. */
  readonly url: string;
}

const CONNECT_MS = 5000;
const RECONNECT_MS = 500;

/** Throws USAGE (a secret in the URL, an unreadable file), NATS_UNREACHABLE. */
export async function connectServer(url: string, role: 'orchestrator' | 'worker', environment: Environment): Promise<Server> {
  refuseSecretIn(url);
  const inboxPrefix = `_INBOX_${role}`;
  const authenticator = authenticatorOf(environment);
  const tls = tlsOf(url, environment);
  try {
    const connection = await connect({
      servers: url,
      name: `loligo ${role}`,
      inboxPrefix,
      timeout: CONNECT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      ...(authenticator === undefined ? {} : { authenticator }),
      ...(tls === undefined ? {} : { tls }),
    });
    return { connection, inboxPrefix, url };
  } catch (error) {
    const remedy = 'Is nats-server running there, with -js, and are LOLIGO_NATS_* right?';
    const got = messageOf(error);
    throw new LoligoError([{ code: 'NATS_UNREACHABLE', where: url, rule: 'a NATS server must answer', got, remedy }], { cause: error });
  }
}

function refuseSecretIn(url: string): void {
  if (!/^(nats|tls):\/\/[^@/\s]+$/.test(url)) {
    const remedy = 'User, password and token come from LOLIGO_NATS_USER, LOLIGO_NATS_PASSWORD, LOLIGO_NATS_TOKEN or files.';
    // what was given may hold a secret, and is not shown
    throw new LoligoError([
      { code: 'USAGE', where: '--nats', rule: 'must be nats://HOST:PORT or tls://HOST:PORT without a secret', remedy },
    ]);
  }
}

function authenticatorOf(environment: Environment): Authenticator | undefined {
  const user = environment['LOLIGO_NATS_USER'];
  const token = secret('LOLIGO_NATS_TOKEN', environment);
  const seed = fileOf('LOLIGO_NATS_NKEY_FILE', environment);
  const credentials = fileOf('LOLIGO_NATS_CREDS_FILE', environment);
  if (credentials !== undefined) return credsAuthenticator(credentials);
  if (seed !== undefined) return nkeyAuthenticator(new TextEncoder().encode(seed.toString('utf8').trim()));
  if (token !== undefined) return tokenAuthenticator(token);
  return user === undefined ? undefined : usernamePasswordAuthenticator(user, secret('LOLIGO_NATS_PASSWORD', environment) ?? '');
}

function tlsOf(url: string, environment: Environment): TlsOptions | undefined {
  const ca = fileOf('LOLIGO_NATS_CA_FILE', environment)?.toString('utf8');
  const cert = fileOf('LOLIGO_NATS_CERT_FILE', environment)?.toString('utf8');
  const key = fileOf('LOLIGO_NATS_KEY_FILE', environment)?.toString('utf8');
  if (!url.startsWith('tls:') && ca === undefined && cert === undefined) return undefined;
  return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
}

/** The variable itself, or the content of the file that NAME_FILE names. */
function secret(name: string, environment: Environment): string | undefined {
  return environment[name] ?? fileOf(`${name}_FILE`, environment)?.toString('utf8').trim();
}

function fileOf(name: string, environment: Environment): Buffer | undefined {
  const path = environment[name];
  if (path === undefined || path === '') return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new LoligoError([{ code: 'USAGE', where: name, rule: 'must name a readable file', got: messageOf(error) }], { cause: error });
  }
}
