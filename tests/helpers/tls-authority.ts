/** Certificates for tests: an authority of its own and what it signs, by openssl, in a folder. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface TlsAuthority {
  readonly caFile: string;
  /** `names` as openssl writes them, e.g. "DNS:localhost" or "IP:127.0.0.1". */
  sign(name: string, names: string): Certificate;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Without openssl the tests of TLS skip; CI has it, and fails where it has not. */
export function canSign(): boolean {
  const there = spawnSync('openssl', ['version']).status === 0;
  if (!there && process.env['CI'] !== 'true') console.warn('skipped: no openssl on this machine');
  return there || process.env['CI'] === 'true';
}

export function tlsAuthority(folder: string): TlsAuthority {
  const [caFile, caKey] = [join(folder, 'ca.pem'), join(folder, 'ca-key.pem')];
  openssl(['req', '-x509', ...NEW_KEY, '-days', '1', '-subj', '/CN=loligo test authority', '-keyout', caKey, '-out', caFile]);
  return {
    caFile,
    sign: (name, names) => {
      const [certFile, keyFile, request, extensions] = ['pem', 'key', 'csr', 'ext'].map((end) => join(folder, `${name}.${end}`)) as [
        string,
        string,
        string,
        string,
      ];
      openssl(['req', ...NEW_KEY, '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', request]);
      writeFileSync(extensions, `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
      openssl(['x509', '-req', '-in', request, '-CA', caFile, '-CAkey', caKey, '-days', '1', '-extfile', extensions, '-out', certFile]);
      return { certFile, keyFile };
    },
  };
}

function openssl(args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
}
