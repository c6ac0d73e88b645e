/**
 * The dashboard's web server. It serves the page, a stream of its changes, and files of the run directory that are named here: nothing
 * else can be asked for, so no path of a request ever reaches the file system. On the loopback it answers to its own address and localhost
 * alone, so that no other site's page can ask (DNS rebinding), and it takes no post from another page. It has no users and no passwords: on
 * another address it shows the run to everyone who reaches it.
 *
 * It reads the run directory once a second while somebody looks, and not at all otherwise.
 */
import { once } from 'node:events';
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../schemas/errors.ts';
import { FIGURE_FOLDER } from '../report/figure.ts';
import { FILES, PAGE_SCRIPT, renderPage, renderSections } from './dashboard-page.ts';
import type { DashboardState } from './dashboard-state.ts';
import { listen } from './listening-server.ts';

export interface DashboardOptions {
  readonly runDirectory: string;
  readonly host: string;
  /** 0: any free one */
  readonly port: number;
  /** As it is now. Called once at a time. */
  readonly look: () => Promise<DashboardState>;
  /** Begins to make report.html, unless it is being made. */
  readonly makeReport: () => void;
}

export interface Dashboard {
  readonly url: string;
  close(): Promise<void>;
}

const LOOK_MS = 1000;
/** Proxies and browsers give up on a silent stream after a minute or so. */
const ALIVE_MS = 15_000;
/** Each is a tab that somebody has open. */
const MOST_WATCHERS = 64;

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
  svg: 'image/svg+xml',
  csv: 'text/csv; charset=utf-8',
};
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': POLICY,
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** Throws USAGE for a port that cannot be had. */
export async function openDashboard(options: DashboardOptions): Promise<Dashboard> {
  const watchers = watcherList(options.look);
  const server = createServer((request, response) => {
    answer(request, response, { options, watchers }).catch((error: unknown) => fail(response, error));
  });
  const url = await listen(server, options.host, options.port, { port: '--port', host: '--host' });
  return {
    url: `${url}/`,
    close: async () => {
      watchers.close();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Context {
  readonly options: DashboardOptions;
  readonly watchers: Watchers;
}

async function answer(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  const { options, watchers } = context;
  const name = (request.url ?? '').split('?', 1).join('').slice(1);
  if (!isAddressed(request, options.host)) return send(response, 403, 'ask by the address that "loligo serve" printed\n');
  if (request.method === 'POST' && name === 'report') return makeReport(request, response, options);
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'only GET\n');
  if (name === '') {
    const policy = `${POLICY}; script-src 'self'; connect-src 'self'`;
    return send(response, 200, renderPage(await watchers.look()), { 'content-type': TYPES['html']!, 'content-security-policy': policy });
  }
  if (name === 'dashboard.js') return send(response, 200, PAGE_SCRIPT, { 'content-type': 'text/javascript; charset=utf-8' });
  if (name === 'events') return watchers.add(response);
  const path = await filePath(options.runDirectory, name);
  return path === undefined ? send(response, 404, 'not there\n') : sendFile(response, path, request.method === 'HEAD');
}

/** By the address of the socket, the host it was opened on, or localhost. Who opens it to others names it as others do. */
function isAddressed({ headers, socket }: IncomingMessage, host: string): boolean {
  if (!/^(localhost|127\..*|::1)$/.test(host)) return true;
  const asked = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return asked === 'localhost' || asked === host || asked === socket.localAddress?.replace(/^::ffff:/, '');
}

/** Browsers say of a post where it comes from. */
function makeReport({ headers }: IncomingMessage, response: ServerResponse, options: DashboardOptions): void {
  const own = headers.origin === undefined || headers.origin === `http://${headers.host}`;
  if (!own || (headers['sec-fetch-site'] ?? 'same-origin') !== 'same-origin') return send(response, 403, 'not from another page\n');
  options.makeReport();
  response.writeHead(303, { ...HEADERS, location: '/' });
  response.end();
}

/** Of a file that may be asked for: the name is compared with a list, and never made into a path unless it is on it. */
async function filePath(runDirectory: string, name: string): Promise<string | undefined> {
  const known: readonly string[] = ['report.html', ...FILES];
  if (known.includes(name)) return join(runDirectory, name);
  const [folder, file] = name.split('/');
  if (folder !== FIGURE_FOLDER || file === undefined) return undefined;
  const figures = await readdir(join(runDirectory, FIGURE_FOLDER)).catch((): string[] => []);
  return name === `${folder}/${file}` && figures.includes(file) ? join(runDirectory, FIGURE_FOLDER, file) : undefined;
}

async function sendFile(response: ServerResponse, path: string, headOnly: boolean): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
  if (file === undefined) return send(response, 404, 'not there yet: "Make the report" makes it\n');
  try {
    const { size } = await file.stat();
    const type = TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
    response.writeHead(200, { ...HEADERS, 'content-type': type, 'content-length': size });
    // a file in the making takes the place of this one and does not change it
    if (headOnly || size === 0) response.end();
    else await pipeline(file.createReadStream({ autoClose: false, end: size - 1 }), response);
  } finally {
    await file.close();
  }
}

function send(response: ServerResponse, status: number, body: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8', ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** Who went away in the middle of an answer is not told. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) response.destroy();
  else send(response, 500, `${messageOf(error)}\n`);
}

/** The open streams of changes. */
interface Watchers {
  add(response: ServerResponse): void;
  /** The state, at most a second old. */
  look(): Promise<DashboardState>;
  close(): void;
}

function watcherList(lookAnew: () => Promise<DashboardState>): Watchers {
  const watchers = new Set<ServerResponse>();
  let shown: Readonly<Record<string, string>> = {};
  let looking: Promise<DashboardState> | undefined;
  let lookedAt = -Infinity;
  let spokeAt = 0;
  let timer: NodeJS.Timeout | undefined;

  const look = (): Promise<DashboardState> => {
    if (looking === undefined || performance.now() - lookedAt >= LOOK_MS) {
      lookedAt = performance.now();
      // one look at a time; a failed one is not kept
      looking = (looking ?? Promise.resolve()).catch(() => undefined).then(lookAnew);
    }
    return looking;
  };
  const tell = (targets: Iterable<ServerResponse>, text: string): void => {
    // who does not read is not written to: what it missed, its next page has
    for (const one of targets) if (!one.writableNeedDrain) one.write(text);
  };
  const turn = async (): Promise<void> => {
    const sections = Object.entries(renderSections(await look())).map(([id, { markup }]) => [id, markup] as const);
    const changed = sections.filter(([id, markup]) => shown[id] !== markup);
    shown = Object.fromEntries(sections);
    const silent = performance.now() - spokeAt > ALIVE_MS;
    if (changed.length > 0) tell(watchers, changed.map(eventOf).join(''));
    else if (silent) tell(watchers, ':\n\n');
    if (changed.length > 0 || silent) spokeAt = performance.now();
  };
  const schedule = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      // a run directory that cannot be read now, may be in a second
      void turn()
        .catch(() => undefined)
        .finally(() => {
          if (watchers.size > 0) schedule();
        });
    }, LOOK_MS);
  };
  return {
    look,
    add: (response) => {
      if (watchers.size >= MOST_WATCHERS) return send(response, 503, 'too many pages are open\n');
      response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
      response.write('retry: 2000\n\n');
      watchers.add(response);
      response.once('close', () => watchers.delete(response));
      // the page may be older than what others were told
      tell([response], Object.entries(shown).map(eventOf).join(''));
      schedule();
    },
    close: () => {
      clearTimeout(timer);
      for (const one of watchers) one.end();
      watchers.clear();
    },
  };
}

function eventOf([id, markup]: readonly [string, string]): string {
  return `data: ${JSON.stringify({ id, markup })}\n\n`;
}
