/** Where a web server of ours listens: on the port and address that the user names. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { LoligoError, messageOf } from '../../schemas/errors.ts';

/** Options that a user gave it by, for messages. */
export interface PlaceOptions {
  readonly port: string;
  readonly host: string;
}

const HIGHEST_PORT = 65_535;

/** Its URL, without a slash at the end. `port` 0: any free one. Throws USAGE for a port that cannot be had. */
export async function listen(server: Server, host: string, port: number, options: PlaceOptions): Promise<string> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    const remedy = `Choose another ${options.port} or ${options.host}.`;
    throw new LoligoError(
      [{ code: 'USAGE', where: options.port, rule: 'must be a free port', got: `${host}:${port}, ${messageOf(cause)}`, remedy }],
      { cause },
    );
  }
  const address = server.address();
  const open = typeof address === 'object' && address !== null ? address.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${open}`;
}

/** Throws USAGE. */
export function checkPort(port: number | undefined, option: string): void {
  if (port === undefined || (Number.isInteger(port) && port >= 0 && port <= HIGHEST_PORT)) return;
  throw new LoligoError([{ code: 'USAGE', where: option, rule: `must be a whole number from 0 to ${HIGHEST_PORT}`, got: String(port) }]);
}
