/**
 * Who we are for the server and whom we trust: from the environment, or from files that it names, never from the command line. What is
 * read stands in no message, nor does the path of a secret's file: somebody may have put the secret itself there.
 *
 *   LOLIGO_NATS_USER with LOLIGO_NATS_PASSWORD or LOLIGO_NATS_PASSWORD_FILE     one of these four ways
 *   LOLIGO_NATS_TOKEN or LOLIGO_NATS_TOKEN_FILE
 *   LOLIGO_NATS_NKEY_FILE                                              a user's seed
 *   LOLIGO_NATS_CREDS_FILE                                             a credentials file of nsc
 *   LOLIGO_NATS_CA_FILE                                                TLS: the only authority that is trusted
 *   LOLIGO_NATS_CERT_FILE with LOLIGO_NATS_KEY_FILE                    TLS: who we are
 *
 * Files of a user are read again whenever the connection is made again, so that a secret can be changed while workers run. One that
 * cannot be read then counts as unchanged. TLS files are read once.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import {
  credsAuthenticator,
  nkeyAuthenticator,
  nkeys,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
  type TlsOptions,
} from '@nats-io/transport-node';
import { LoligoError } from './errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Secrets {
  readonly authenticator?: Authenticator;
  readonly tls?: TlsOptions;
  /** Variables that say who we are, for messages. */
  readonly named: readonly string[];
  /** What the user should know of: files that everybody on this machine can read. */
  readonly notes: readonly string[];
}

/** First name: the way itself. */
const WAYS = [
  ['LOLIGO_NATS_USER', 'LOLIGO_NATS_PASSWORD', 'LOLIGO_NATS_PASSWORD_FILE'],
  ['LOLIGO_NATS_TOKEN', 'LOLIGO_NATS_TOKEN_FILE'],
  ['LOLIGO_NATS_NKEY_FILE'],
  ['LOLIGO_NATS_CREDS_FILE'],
] as const;

const SECRET_FILES = [
  'LOLIGO_NATS_PASSWORD_FILE',
  'LOLIGO_NATS_TOKEN_FILE',
  'LOLIGO_NATS_NKEY_FILE',
  'LOLIGO_NATS_CREDS_FILE',
  'LOLIGO_NATS_KEY_FILE',
];

const OTHERS_READ = 0o004;

/** Throws USAGE: a file that cannot be read or is no such file, two ways at once. */
export function readSecrets(environment: Environment): Secrets {
  const ways = WAYS.map((names) => names.filter((name) => isSet(environment, name))).filter((names) => names.length > 0);
  if (ways.length > 1) throw misuse(ways.map(([name]) => name).join(' and '), 'must not be set together: there is one way to log in');
  const tls = tlsOf(environment);
  return {
    ...authenticatorOf(environment),
    ...(tls === undefined ? {} : { tls }),
    named: ways[0] ?? [],
    notes: SECRET_FILES.filter((name) => isOpenToAll(environment[name])).map(
      (name) => `everybody on this machine can read the file that ${name} names: chmod 600`,
    ),
  };
}

function authenticatorOf(environment: Environment): { authenticator?: Authenticator } {
  const read = (name: string, check: (text: string) => unknown): (() => string) => rereading(() => checked(name, environment, check));
  if (isSet(environment, 'LOLIGO_NATS_CREDS_FILE')) {
    // the client's pattern wants the line break at the end
    const credentials = read('LOLIGO_NATS_CREDS_FILE', (text) => credsAuthenticator(bytes(`${text}\n`))('nonce'));
    return { authenticator: credsAuthenticator(() => bytes(`${credentials()}\n`)) };
  }
  if (isSet(environment, 'LOLIGO_NATS_NKEY_FILE')) {
    const seed = read('LOLIGO_NATS_NKEY_FILE', (text) => nkeys.fromSeed(bytes(text)));
    return { authenticator: nkeyAuthenticator(() => bytes(seed())) };
  }
  const token = textOf('LOLIGO_NATS_TOKEN', environment);
  if (token !== undefined) return { authenticator: tokenAuthenticator(token) };
  const password = textOf('LOLIGO_NATS_PASSWORD', environment);
  const user = environment['LOLIGO_NATS_USER'] ?? '';
  if (user === '' && password === undefined) return {};
  if (user === '') throw misuse('LOLIGO_NATS_USER', 'must name the user that the password is for');
  if (password === undefined) throw misuse('LOLIGO_NATS_PASSWORD_FILE', 'must name the file with the password of LOLIGO_NATS_USER');
  return { authenticator: usernamePasswordAuthenticator(user, password) };
}

function tlsOf(environment: Environment): TlsOptions | undefined {
  const [ca, cert] = ['LOLIGO_NATS_CA_FILE', 'LOLIGO_NATS_CERT_FILE'].map((name) =>
    isSet(environment, name) ? checked(name, environment, (text) => new X509Certificate(text)) : undefined,
  );
  const key = isSet(environment, 'LOLIGO_NATS_KEY_FILE') ? checked('LOLIGO_NATS_KEY_FILE', environment, createPrivateKey) : undefined;
  if ((cert === undefined) !== (key === undefined))
    throw misuse(cert === undefined ? 'LOLIGO_NATS_CERT_FILE' : 'LOLIGO_NATS_KEY_FILE', 'must be set: a certificate goes with its key');
  if (ca === undefined && cert === undefined) return undefined;
  return { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
}

/** The variable itself, or the content of the file that NAME_FILE names. */
function textOf(name: string, environment: Environment): (() => string) | undefined {
  const value = environment[name];
  const file = `${name}_FILE`;
  if (value !== undefined && value !== '') {
    if (isSet(environment, file)) throw misuse(`${name} and ${file}`, 'must not be set together');
    return () => value;
  }
  return isSet(environment, file) ? rereading(() => checked(file, environment, () => undefined)) : undefined;
}

/** Read now, and at every call; what cannot be read any more counts as unchanged: an authenticator that throws ends the connection. */
function rereading(read: () => string): () => string {
  let latest = read();
  return () => {
    try {
      latest = read();
    } catch {
      // as above
    }
    return latest;
  };
}

const WHAT: Readonly<Record<string, string>> = {
  LOLIGO_NATS_CREDS_FILE: 'a credentials file of nsc',
  LOLIGO_NATS_NKEY_FILE: "a file with a user's nkey seed",
  LOLIGO_NATS_CA_FILE: 'a file with certificates in PEM',
  LOLIGO_NATS_CERT_FILE: 'a file with a certificate in PEM',
  LOLIGO_NATS_KEY_FILE: 'a file with a private key in PEM, without a passphrase',
};

/** Content of the file that a variable names, without the line break at its end. Throws USAGE. */
function checked(name: string, environment: Environment, check: (text: string) => unknown): string {
  let text: string;
  try {
    text = readFileSync(environment[name] ?? '', 'utf8').trim();
  } catch (error) {
    throw misuse(name, 'must name a readable file', codeOf(error));
  }
  if (text === '') throw misuse(name, 'must name a file that is not empty');
  try {
    check(text);
  } catch {
    // what the parsers say may hold a part of the file
    throw misuse(name, `must name ${WHAT[name] ?? 'a file with text'}`);
  }
  return text;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'an error';
}

function isSet(environment: Environment, name: string): boolean {
  return (environment[name] ?? '') !== '';
}

function isOpenToAll(path: string | undefined): boolean {
  // a container's secrets are its own, whatever their mode says
  if (path === undefined || path === '' || path.startsWith('/run/secrets/')) return false;
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & OTHERS_READ) !== 0;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function misuse(where: string, rule: string, got?: string): LoligoError {
  return new LoligoError([
    { code: 'USAGE', where, rule, ...(got === undefined ? {} : { got }), remedy: 'docs/cluster.md lists the variables.' },
  ]);
}
