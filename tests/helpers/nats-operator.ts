/**
 * What nsc makes: an operator, its system account, an account with JetStream, and users of it as credentials files; and the server's
 * configuration that trusts them. Claims as in https://github.com/nats-io/jwt (version 2).
 */
import { createHash, randomUUID } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

export interface NatsOperator {
  /** To be added to the server's configuration. */
  readonly configuration: string;
  /** Content of a credentials file. */
  credentials(expiresInSeconds?: number): string;
}

const UNLIMITED = { subs: -1, data: -1, payload: -1 };
const JETSTREAM = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
const ACCOUNT_LIMITS = { ...UNLIMITED, conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true };

export function natsOperator(): NatsOperator {
  const [operator, system, account] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createAccount()];
  const accountToken = (pair: KeyPair, name: string, limits: object): string =>
    signed(operator, pair.getPublicKey(), name, { type: 'account', version: 2, limits, default_permissions: { pub: {}, sub: {} } });
  const systemKey = system.getPublicKey();
  const tokens = {
    [systemKey]: accountToken(system, 'SYS', ACCOUNT_LIMITS),
    [account.getPublicKey()]: accountToken(account, 'LOLIGO', { ...ACCOUNT_LIMITS, ...JETSTREAM }),
  };
  const operatorToken = signed(operator, operator.getPublicKey(), 'OPERATOR', { type: 'operator', version: 2, system_account: systemKey });
  return {
    configuration: [
      `operator: ${operatorToken}`,
      `system_account: ${systemKey}`,
      'resolver: MEMORY',
      `resolver_preload: { ${Object.entries(tokens)
        .map(([key, token]) => `${key}: ${token}`)
        .join(', ')} }`,
      '',
    ].join('\n'),
    credentials: (expiresInSeconds) => {
      const user = nkeys.createUser();
      const claims = { type: 'user', version: 2, pub: {}, sub: {}, ...UNLIMITED };
      const token = signed(account, user.getPublicKey(), 'user', claims, expiresInSeconds);
      const seed = new TextDecoder().decode(user.getSeed());
      return [
        `-----BEGIN NATS USER JWT-----\n${token}\n------END NATS USER JWT------\n`,
        `-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
      ].join('\n');
    },
  };
}

function signed(issuer: KeyPair, subject: string, name: string, nats: object, expiresInSeconds?: number): string {
  const now = Math.floor(Date.now() / 1000);
  const jti = createHash('sha256').update(randomUUID()).digest('hex').toUpperCase();
  const claims = { jti, iat: now, iss: issuer.getPublicKey(), name, sub: subject, nats };
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const lasting = expiresInSeconds === undefined ? claims : { ...claims, exp: now + expiresInSeconds };
  const body = `${encoded({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encoded(lasting)}`;
  return `${body}.${Buffer.from(issuer.sign(new TextEncoder().encode(body))).toString('base64url')}`;
}
