/**
 * `--metrics-port`: /metrics for Prometheus and /healthz for whoever starts containers. Off unless asked for, on the loopback address unless asked
 * for another; it tells counts and no secrets, and takes nothing in.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { messageOf } from '../../schemas/errors.ts';
import { listen } from '../dashboard/listening-server.ts';

export interface MetricsArguments {
  readonly 'metrics-port': number | undefined;
  readonly 'metrics-host': string;
}

export const metricsPortOption = {
  type: 'number',
  requiresArg: true,
  describe: 'serve /metrics and /healthz here, 0 for any free port [default: off]',
} as const;

export const metricsHostOption = {
  type: 'string',
  requiresArg: true,
  default: '127.0.0.1',
  describe: 'address to serve them on',
} as const;

export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  /** Why this process does not do its work at the moment; undefined while it does. */
  readonly fault: () => string | undefined;
}

/** Undefined where nobody asked for it. Throws USAGE for a port that cannot be had. */
export async function openMetrics(
  { 'metrics-port': port, 'metrics-host': host }: MetricsArguments,
  registry: Registry,
  fault: () => string | undefined,
  say: (line: string) => void,
): Promise<MetricsServer | undefined> {
  if (port === undefined) return undefined;
  const server = await serveMetrics({ host, port, registry, fault });
  say(`metrics: ${server.url}/metrics`);
  return server;
}

async function serveMetrics({ host, port, registry, fault }: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer((request, response) => void answer(request, response, { registry, fault }));
  const url = await listen(server, host, port, { port: '--metrics-port', host: '--metrics-host' });
  // a scraper that keeps its connection open must not keep the process
  server.unref();
  return {
    url,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
  { registry, fault }: Pick<MetricsServerOptions, 'registry' | 'fault'>,
): Promise<void> {
  const path = url.split('?', 1)[0];
  const send = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
    response.end(method === 'HEAD' ? undefined : body);
  };
  if (method !== 'GET' && method !== 'HEAD') return send(405, 'only GET\n');
  if (path === '/healthz') {
    const why = fault();
    return why === undefined ? send(200, 'ok\n') : send(503, `${why}\n`);
  }
  if (path !== '/metrics') return send(404, 'there are /metrics and /healthz\n');
  try {
    send(200, await registry.metrics(), registry.contentType);
  } catch (error) {
    send(500, `${messageOf(error)}\n`);
  }
}
