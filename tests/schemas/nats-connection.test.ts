/** How both sides come to a real server: every way to log in and TLS, right and wrong; a wrong one says so, and shows no secret. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { afterEach, describe, expect, test } from 'vitest';
import { LoligoError } from '../../schemas/errors.ts';
import { connectServer, type Server } from '../../schemas/nats-connection.ts';
import type { Environment } from '../../schemas/nats-secrets.ts';
import { natsOperator } from '../helpers/nats-operator.ts';
import { natsVersions, startNats, type NatsServer } from '../helpers/nats-server.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';
import { canSign, tlsAuthority } from '../helpers/tls-authority.ts';
import { waitFor } from '../helpers/wait-for.ts';

const scratch = scratchFolders();
const opened: Server[] = [];
const servers: NatsServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ connection }) => connection.close()));
  await Promise.all(servers.splice(0).map((server) => server.kill()));
});

async function serverWith(binary: string, configuration: string): Promise<NatsServer> {
  const server = await startNats(binary, scratch(), configuration);
  servers.push(server);
  return server;
}

function fileWith(content: string, mode = 0o600): string {
  const file = join(scratch(), 'secret');
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

/** "in", or the message of the error. */
async function login(url: string, environment: Environment): Promise<string> {
  try {
    opened.push(await connectServer(url, 'worker', environment));
    return 'in';
  } catch (error) {
    if (error instanceof LoligoError) return `exit ${error.exitCode}: ${error.message}`;
    throw error;
  }
}

const REFUSED = /^exit 6: (.*)must know the user(.*)\[NATS_REFUSED\]/s;

describe.each(natsVersions())('logging in to $name', ({ binary }) => {
  test('user and password, from the environment or a file; a wrong one is refused with the way out, and shown nowhere', async () => {
    const { url } = await serverWith(binary, 'authorization { user: ann, password: "right one" }\n');
    const user = { LOLIGO_NATS_USER: 'ann' };
    expect(await login(url, { ...user, LOLIGO_NATS_PASSWORD: 'right one' })).toBe('in');
    expect(await login(url, { ...user, LOLIGO_NATS_PASSWORD_FILE: fileWith('right one\n') })).toBe('in');
    const wrong = await login(url, { ...user, LOLIGO_NATS_PASSWORD: 'wrong-Xq7' });
    expect(wrong).toMatch(REFUSED);
    expect(wrong).toContain('Check LOLIGO_NATS_USER and LOLIGO_NATS_PASSWORD');
    expect(wrong).toContain(url);
    expect(wrong).not.toContain('Xq7');
    expect(await login(url, {})).toContain('Set LOLIGO_NATS_USER and LOLIGO_NATS_PASSWORD_FILE');
  });

  test('a token, from the environment or a file', async () => {
    const { url } = await serverWith(binary, 'authorization { token: "s3cr3t-token" }\n');
    expect(await login(url, { LOLIGO_NATS_TOKEN: 's3cr3t-token' })).toBe('in');
    expect(await login(url, { LOLIGO_NATS_TOKEN_FILE: fileWith('s3cr3t-token') })).toBe('in');
    const wrong = await login(url, { LOLIGO_NATS_TOKEN_FILE: fileWith('wrong-Xq7') });
    expect(wrong).toMatch(REFUSED);
    expect(wrong).not.toContain('Xq7');
  });

  test("an nkey: the server knows the public key, the file holds the user's seed", async () => {
    const [known, stranger] = [nkeys.createUser(), nkeys.createUser()];
    const seedOf = (pair: typeof known): string => new TextDecoder().decode(pair.getSeed());
    const { url } = await serverWith(binary, `authorization { users: [ { nkey: ${known.getPublicKey()} } ] }\n`);
    expect(await login(url, { LOLIGO_NATS_NKEY_FILE: fileWith(`${seedOf(known)}\n`) })).toBe('in');
    const wrong = await login(url, { LOLIGO_NATS_NKEY_FILE: fileWith(seedOf(stranger)) });
    expect(wrong).toMatch(REFUSED);
    expect(wrong).not.toContain(seedOf(stranger));
    const half = seedOf(known).slice(0, 30);
    const broken = await login(url, { LOLIGO_NATS_NKEY_FILE: fileWith(half) });
    expect(broken).toMatch(/^exit 2: .*LOLIGO_NATS_NKEY_FILE: must name a file with a user's nkey seed/s);
    expect(broken).not.toContain(half);
  });

  test('a credentials file of an account; one that has expired or is of another operator is refused', async () => {
    const operator = natsOperator();
    const { url } = await serverWith(binary, operator.configuration);
    expect(await login(url, { LOLIGO_NATS_CREDS_FILE: fileWith(operator.credentials()) })).toBe('in');
    expect(await login(url, { LOLIGO_NATS_CREDS_FILE: fileWith(operator.credentials(-10)) })).toMatch(REFUSED);
    expect(await login(url, { LOLIGO_NATS_CREDS_FILE: fileWith(natsOperator().credentials()) })).toMatch(REFUSED);
    const broken = await login(url, { LOLIGO_NATS_CREDS_FILE: fileWith('no credentials') });
    expect(broken).toMatch(/^exit 2: .*LOLIGO_NATS_CREDS_FILE: must name a credentials file of nsc/s);
  });

  test('a password that is changed in its file is taken up when the server asks for the new one', async () => {
    const folder = scratch();
    const server = await startNats(binary, folder, 'authorization { user: ann, password: old }\n');
    servers.push(server);
    const file = fileWith('old');
    const worker = await connectServer(server.url, 'worker', { LOLIGO_NATS_USER: 'ann', LOLIGO_NATS_PASSWORD_FILE: file });
    opened.push(worker);
    const configuration = `listen: ${server.url.slice('nats://'.length)}\nauthorization { user: ann, password: new }\n`;
    await server.kill();
    writeFileSync(join(folder, 'nats.conf'), configuration);
    await server.start();
    // the old one is refused some times, which ends nothing
    const seen: string[] = [];
    void (async () => {
      for await (const { type } of worker.connection.status()) seen.push(type);
    })();
    await waitFor(() => seen.filter((type) => type === 'error').length > 2);
    expect(seen).not.toContain('reconnect');
    writeFileSync(file, 'new');
    await waitFor(() => seen.includes('reconnect'));
  });
});

describe.skipIf(!canSign()).each(natsVersions())('TLS with $name', ({ binary }) => {
  const authority = (): ReturnType<typeof tlsAuthority> => tlsAuthority(scratch());
  const tlsBlock = ({ certFile, keyFile }: { certFile: string; keyFile: string }, more = ''): string =>
    `tls { cert_file: "${certFile}", key_file: "${keyFile}"\n${more} }\n`;
  const over = (url: string, host: string): string => `tls://${host}:${url.split(':').at(-1)}`;

  test('an authority of our own is trusted by its file alone, and the name in the URL must be that of the certificate', async () => {
    const own = authority();
    const { url } = await serverWith(binary, tlsBlock(own.sign('server', 'DNS:localhost')));
    const trusting = { LOLIGO_NATS_CA_FILE: own.caFile };
    expect(await login(over(url, 'localhost'), trusting)).toBe('in');
    const elsewhere = await login(over(url, '127.0.0.1'), trusting);
    expect(elsewhere).toMatch(/^exit 6: .*must accept the certificate of the other.*127\.0\.0\.1.*\[NATS_REFUSED\]/s);
    expect(await login(over(url, 'localhost'), {})).toMatch(/certificate.*LOLIGO_NATS_CA_FILE names the authority.*\[NATS_REFUSED\]/s);
    expect(await login(over(url, 'localhost'), { LOLIGO_NATS_CA_FILE: authority().caFile })).toMatch(/NATS_REFUSED/);
    // without tls:// the server's wish for TLS is followed, and its certificate checked all the same
    expect(await login(url, {})).toMatch(/certificate.*\[NATS_REFUSED\]/s);
  });

  test('a certificate for an address is checked against the address', async () => {
    const own = authority();
    const { url } = await serverWith(binary, tlsBlock(own.sign('server', 'IP:127.0.0.1')));
    const trusting = { LOLIGO_NATS_CA_FILE: own.caFile };
    expect(await login(over(url, '127.0.0.1'), trusting)).toBe('in');
    expect(await login(over(url, 'localhost'), trusting)).toMatch(/NATS_REFUSED/);
  });

  test('a server that wants a certificate of ours gets it; without one nobody comes in', async () => {
    const own = authority();
    const { url } = await serverWith(binary, tlsBlock(own.sign('server', 'DNS:localhost'), `ca_file: "${own.caFile}", verify: true`));
    const trusting = { LOLIGO_NATS_CA_FILE: own.caFile };
    const as = ({ certFile, keyFile }: { certFile: string; keyFile: string }): Environment => ({
      ...trusting,
      LOLIGO_NATS_CERT_FILE: certFile,
      LOLIGO_NATS_KEY_FILE: keyFile,
    });
    const client = own.sign('client', 'DNS:worker');
    expect(await login(over(url, 'localhost'), as(client))).toBe('in');
    expect(await login(over(url, 'localhost'), trusting)).toMatch(/^exit 6: .*LOLIGO_NATS_CERT_FILE/s);
    expect(await login(over(url, 'localhost'), { ...trusting, LOLIGO_NATS_CERT_FILE: client.certFile })).toMatch(
      /^exit 2: .*LOLIGO_NATS_KEY_FILE/s,
    );
  });

  test('tls:// and an authority take no plain connection', async () => {
    const { url } = await serverWith(binary, '');
    expect(await login(over(url, 'localhost'), {})).toMatch(/^exit 6: .*must speak TLS.*\[NATS_REFUSED\]/s);
    expect(await login(url, { LOLIGO_NATS_CA_FILE: authority().caFile })).toMatch(/^exit 6: .*must speak TLS/s);
  });
});

describe('what a user gives', () => {
  test.each([
    'nats://ann:hunter2@127.0.0.1:4222',
    'nats://hunter2@127.0.0.1',
    'hunter2',
    'http://127.0.0.1:4222/hunter2',
    'nats://127.0.0.1:4222?token=hunter2',
    'nats://a,nats://ann:hunter2@b',
  ])('a URL that is no nats://HOST:PORT may hold a secret: it is refused with the way out, and not shown (%s)', async (url) => {
    const refused = await login(url, {});
    expect(refused).toMatch(/^exit 2: --nats: must be nats:\/\/HOST:PORT.*LOLIGO_NATS_PASSWORD_FILE.*\[USAGE\]/s);
    expect(refused).not.toContain('hunter2');
  });

  test('a secret in a place for a file name is not shown', async () => {
    const refused = await login('nats://127.0.0.1:1', { LOLIGO_NATS_USER: 'ann', LOLIGO_NATS_PASSWORD_FILE: 'hunter2' });
    expect(refused).toMatch(/^exit 2: .*LOLIGO_NATS_PASSWORD_FILE: must name a readable file.*ENOENT/s);
    expect(refused).not.toContain('hunter2');
  });

  test.each([
    [{ LOLIGO_NATS_USER: 'ann', LOLIGO_NATS_TOKEN: 'x' }, 'LOLIGO_NATS_USER and LOLIGO_NATS_TOKEN: must not be set together'],
    [{ LOLIGO_NATS_USER: 'ann' }, 'LOLIGO_NATS_PASSWORD_FILE: must name the file'],
    [{ LOLIGO_NATS_PASSWORD: 'x' }, 'LOLIGO_NATS_USER: must name the user'],
    [{ LOLIGO_NATS_TOKEN: 'x', LOLIGO_NATS_TOKEN_FILE: 'y' }, 'LOLIGO_NATS_TOKEN and LOLIGO_NATS_TOKEN_FILE: must not be set together'],
  ])('half a way, or two at once, is refused: %o', async (environment, expected) => {
    expect(await login('nats://127.0.0.1:1', environment)).toContain(`exit 2: ${expected}`);
  });

  test('nobody there is told as such, and empty variables count as unset', async () => {
    const end = await login('nats://127.0.0.1:1', { LOLIGO_NATS_USER: '', LOLIGO_NATS_TOKEN: '', LOLIGO_NATS_CA_FILE: '' });
    expect(end).toMatch(/^exit 6: nats:\/\/127\.0\.0\.1:1: a NATS server must answer.*\[NATS_UNREACHABLE\]/s);
  });

  test('a secret that everybody on the machine can read is worth a note, one that the owner alone can read is not', async () => {
    const notes: string[] = [];
    const attempt = async (mode: number): Promise<void> => {
      const environment = { LOLIGO_NATS_TOKEN_FILE: fileWith('token', mode) };
      await connectServer('nats://127.0.0.1:1', 'worker', environment, (note) => notes.push(note)).catch(() => undefined);
    };
    await attempt(0o600);
    await attempt(0o644);
    expect(notes).toEqual(['everybody on this machine can read the file that LOLIGO_NATS_TOKEN_FILE names: chmod 600']);
  });
});
