/**
 * How both sides come to the server. Who we are is told by the environment and files (nats-secrets.ts); the URL has no secret in it, and
 * one that has is refused without being shown. tls:// demands TLS; nats:// takes what the server offers.
 *
 * Once connected, a client tries for ever to come back, also when it is refused: somebody may be changing a secret. What is lost meanwhile
 * is published again (orchestrator/queue/jetstream.ts).
 */
import { isIP } from 'node:net';
import { AuthorizationError, connect, UserAuthenticationExpiredError, type NatsConnection, type TlsOptions } from '@nats-io/transport-node';
import { LoligoError, messageOf, type Violation } from './errors.ts';
import { readSecrets, type Environment, type Secrets } from './nats-secrets.ts';
import { reconnectPace } from './reconnect-pace.ts';

/** A connection and the prefix of its inboxes: a worker's permissions admit its own alone. */
export interface Server {
  readonly connection: NatsConnection;
  readonly inboxPrefix: string;
  /** For messages. */
  readonly url: string;
}

const CONNECT_MS = 5000;
const RECONNECT_MS = 500;
/** Three without an answer, and the connection is made anew: a firewall that forgot it says nothing. The client's own two minutes are many leases. */
const PING_MS = 10_000;
/** Longer than a sound server takes to answer. */
const FLUSH_MS = 2000;

/** Throws USAGE (a secret in the URL, an unreadable file), NATS_UNREACHABLE (nobody answers), NATS_REFUSED (one side does not trust the other). */
export async function connectServer(
  url: string,
  role: 'orchestrator' | 'worker',
  environment: Environment,
  onNote: (note: string) => void = () => undefined,
): Promise<Server> {
  refuseSecretIn(url);
  const inboxPrefix = `_INBOX_${role}`;
  const secrets = readSecrets(environment);
  for (const note of secrets.notes) onNote(note);
  const tls = tlsOf(url, secrets);
  try {
    const connection = await connect({
      servers: url,
      name: `loligo ${role}`,
      inboxPrefix,
      timeout: CONNECT_MS,
      maxReconnectAttempts: -1,
      reconnectDelayHandler: reconnectPace(RECONNECT_MS),
      pingInterval: PING_MS,
      ignoreAuthErrorAbort: true,
      ...(secrets.authenticator === undefined ? {} : { authenticator: secrets.authenticator }),
      ...(tls === undefined ? {} : { tls }),
    });
    return { connection, inboxPrefix, url };
  } catch (error) {
    throw new LoligoError([failure(url, error, secrets)], { cause: error });
  }
}

/** Resolves when the server has got what was sent before, or does not answer: nobody's end waits for a server that is away. */
export async function flushed(connection: NatsConnection): Promise<void> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    limit = setTimeout(resolve, FLUSH_MS);
  });
  await Promise.race([connection.flush().catch(() => undefined), late]);
  clearTimeout(limit);
}

const URL_FORM = /^(nats|tls):\/\/(?:\[([0-9a-fA-F:]+)\]|([^@/\s:]+))(:\d{1,5})?$/;

function refuseSecretIn(url: string): void {
  if (URL_FORM.test(url)) return;
  const remedy =
    'User, password and token come from LOLIGO_NATS_USER, LOLIGO_NATS_PASSWORD_FILE, LOLIGO_NATS_TOKEN_FILE: see docs/cluster.md.';
  // what was given may hold a secret, and is not shown
  throw new LoligoError([
    { code: 'USAGE', where: '--nats', rule: 'must be nats://HOST:PORT or tls://HOST:PORT, without a secret', remedy },
  ]);
}

/**
 * Node takes the name to check from `servername`, which must be no address; the client leaves that empty for an address, and Node would then
 * check the certificate against "localhost". `host` is what Node looks at next.
 */
function tlsOf(url: string, { tls }: Secrets): TlsOptions | undefined {
  const [, scheme, six, name = ''] = URL_FORM.exec(url) ?? [];
  if (scheme !== 'tls' && tls === undefined) return undefined;
  const host = six ?? name;
  // `host` goes through to tls.connect, and is none of TlsOptions
  return isIP(host) === 0 ? { ...tls } : ({ ...tls, host } as TlsOptions);
}

const BAD_CERTIFICATE = /certificate|altname|CERT|self-signed/i;
const TLS_FAULT = /tls|ssl|wrong version number|handshake/i;

function failure(url: string, error: unknown, { named, tls }: Secrets): Violation {
  const chain = causes(error);
  const got = messageOf(chain.at(-1) ?? error);
  const refused = { code: 'NATS_REFUSED', where: url, got } as const;
  if (chain.some((part) => part instanceof AuthorizationError || part instanceof UserAuthenticationExpiredError)) {
    const remedy =
      named.length === 0
        ? 'Set LOLIGO_NATS_USER and LOLIGO_NATS_PASSWORD_FILE, or another of the ways of docs/cluster.md.'
        : `Check ${named.join(' and ')} against the server's configuration.`;
    return { ...refused, rule: 'the server must know the user', remedy };
  }
  const said = chain.map((part) => `${codeOf(part)} ${messageOf(part)}`).join(' ');
  if (BAD_CERTIFICATE.test(said)) {
    const remedy =
      tls?.ca === undefined
        ? 'LOLIGO_NATS_CA_FILE names the authority of the server; LOLIGO_NATS_CERT_FILE and LOLIGO_NATS_KEY_FILE a certificate for us.'
        : 'Check LOLIGO_NATS_CA_FILE and the name in the URL; does the server want LOLIGO_NATS_CERT_FILE and LOLIGO_NATS_KEY_FILE?';
    return { ...refused, rule: 'server and client must accept the certificate of the other', remedy };
  }
  if (TLS_FAULT.test(said)) {
    const remedy = 'Use nats:// without LOLIGO_NATS_CA_FILE on a network that you trust, or give the server a tls block.';
    return { ...refused, rule: 'the server must speak TLS', remedy };
  }
  // a server that misses a certificate of ours hangs up without a word
  const ours = url.startsWith('tls:') && tls?.cert === undefined ? ' Or does it want LOLIGO_NATS_CERT_FILE and LOLIGO_NATS_KEY_FILE?' : '';
  const remedy = `Is nats-server running there, with -js, and is the port right?${ours}`;
  return { code: 'NATS_UNREACHABLE', where: url, rule: 'a NATS server must answer', got, remedy };
}

/** The error and what lies under it, outermost first. */
function causes(error: unknown): unknown[] {
  return error instanceof Error && error.cause !== undefined ? [error, ...causes(error.cause)] : [error];
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
