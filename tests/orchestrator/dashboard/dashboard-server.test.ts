import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openDashboard, type Dashboard } from '../../../orchestrator/dashboard/dashboard-server.ts';
import type { DashboardState } from '../../../orchestrator/dashboard/dashboard-state.ts';
import { scratchFolders } from '../../helpers/scratch-folder.ts';

const scratch = scratchFolders();
const opened: Dashboard[] = [];
afterEach(async () => {
  for (const dashboard of opened.splice(0)) await dashboard.close();
});

const STATE: DashboardState = {
  name: 'night <1>',
  sweep: 'abcdef0123456789',
  model: 'hodgkin-huxley',
  engine: 'native',
  state: 'running',
  alive: true,
  planned: 40,
  finished: 10,
  running: 4,
  byOutcome: { converged: 8, stopped: 2, failed: 0 },
  failures: {},
  replicasPerSecond: 2.5,
  secondsLeft: 12,
  workers: [{ worker: 'host:1', engine: 'native', threads: 2, running: 4, health: 'serving' }],
  parameters: [{ name: 'gNa', unit: 'mS/cm2', truth: 120, values: Float64Array.of(118, 119, 121, 124) }],
  sampled: 1,
  files: ['sweep.lock.json'],
  report: 'none',
};

interface Setting {
  readonly url: string;
  readonly folder: string;
  readonly made: () => number;
  readonly looks: () => number;
  readonly set: (state: Partial<DashboardState>) => void;
}

async function open(): Promise<Setting> {
  const folder = scratch();
  let [state, made, looks] = [STATE, 0, 0];
  const look = async (): Promise<DashboardState> => {
    looks += 1;
    return state;
  };
  const dashboard = await openDashboard({ runDirectory: folder, host: '127.0.0.1', port: 0, look, makeReport: () => (made += 1) });
  opened.push(dashboard);
  return { url: dashboard.url, folder, made: () => made, looks: () => looks, set: (changes) => (state = { ...state, ...changes }) };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Unlike fetch it sends any path and any host. */
function ask(
  url: string,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers: { connection: 'close', ...headers } }, (response) => {
      let body = '';
      response.on('data', (text: Buffer) => (body += text.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('the page shows how far the sweep is, its estimates and its workers, and no name becomes a tag', async () => {
  const { url } = await open();
  const { status, body, headers } = await ask(url, '/');
  expect(status).toBe(200);
  expect(body.replaceAll(/\s+/g, ' ')).toContain('10 of 40 replicas finished (25 %)');
  expect(body).toContain('2.50 replicas a second');
  expect(body).toContain('median 120.0, half of them from 118.8 to 121.8; truth 120.0');
  expect(body).toContain('host:1');
  expect(body).toContain('href="sweep.lock.json"');
  expect(body).not.toContain('href="summary.json"');
  expect(body).not.toContain('<1>');
  expect(headers['content-security-policy']).toContain("default-src 'none'");
});

test('who watches is told each section at first, then what changed alone', async () => {
  const { url, set } = await open();
  const response = await fetch(`${url}events`);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const events = eventsOf(response);
  const first: string[] = [];
  while (first.length < 5) first.push((await nextOf(events)).id);
  expect(first).toEqual(['progress', 'outcomes', 'estimates', 'workers', 'results']);
  set({ finished: 11 });
  const { id, markup } = await nextOf(events);
  expect([id, markup.includes('11 of 40')]).toEqual(['progress', true]);
  await response.body?.cancel().catch(() => undefined);
});

interface Change {
  readonly id: string;
  readonly markup: string;
}

async function nextOf(events: AsyncIterator<Change, void>): Promise<Change> {
  const { value } = await events.next();
  if (value === undefined) throw new Error('the stream ended');
  return value;
}

async function* eventsOf(response: Response): AsyncGenerator<Change, void> {
  let text = '';
  const decoder = new TextDecoder();
  // Node's types leave open what a body is made of
  for await (const chunk of response.body! as ReadableStream<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    const whole = text.split('\n\n');
    text = whole.pop()!;
    for (const event of whole) if (event.startsWith('data: ')) yield JSON.parse(event.slice('data: '.length)) as Change;
  }
}

test('nobody looks, nothing is read; many ask at once, it is read once', async () => {
  const { url, looks } = await open();
  expect(looks()).toBe(0);
  await Promise.all(Array.from({ length: 8 }, () => ask(url, '/')));
  expect(looks()).toBe(1);
});

describe('files of the run directory', () => {
  test('are those that are named, and figures that lie there', async () => {
    const { url, folder } = await open();
    writeFileSync(join(folder, 'summary.json'), '{"a":1}');
    mkdirSync(join(folder, 'figures'));
    writeFileSync(join(folder, 'figures', 'pairs.svg'), '<svg/>');
    expect(await ask(url, '/summary.json')).toMatchObject({ status: 200, body: '{"a":1}' });
    expect(await ask(url, '/summary.json?now')).toMatchObject({ status: 200 });
    expect(await ask(url, '/summary.json', { method: 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '7' },
    });
    expect(await ask(url, '/figures/pairs.svg')).toMatchObject({ status: 200, headers: { 'content-type': 'image/svg+xml' } });
    expect((await ask(url, '/report.html')).status).toBe(404);
  });

  test.each([
    '/secret.txt',
    '/../secret.txt',
    '/figures/../secret.txt',
    '/figures/..%2fsecret.txt',
    '/figures/%2e%2e/secret.txt',
    '//etc/passwd',
    '/figures//etc/passwd',
    '/figures/',
    '/figures/sub/secret.txt',
    'http://other/summary.json',
  ])('and never %s', async (path) => {
    const { url, folder } = await open();
    writeFileSync(join(folder, 'secret.txt'), 'secret');
    mkdirSync(join(folder, 'figures', 'sub'), { recursive: true });
    writeFileSync(join(folder, 'figures', 'sub', 'secret.txt'), 'secret');
    const { status, body } = await ask(url, path);
    expect([status, body.includes('secret')]).toEqual([404, false]);
  });

  test('and no link that leads elsewhere', async () => {
    const { url, folder } = await open();
    symlinkSync('/etc/hostname', join(folder, 'summary.json'));
    expect((await ask(url, '/summary.json')).status).toBe(404);
  });
});

describe('other pages', () => {
  test('cannot ask by a name of their own', async () => {
    const { url } = await open();
    expect((await ask(url, '/', { headers: { host: 'evil.example' } })).status).toBe(403);
    expect((await ask(url, '/', { headers: { host: `localhost:${new URL(url).port}` } })).status).toBe(200);
  });

  test('cannot have the report made', async () => {
    const { url, made } = await open();
    const post = (headers: Record<string, string>) => ask(url, '/report', { method: 'POST', headers });
    expect((await post({ origin: 'http://evil.example' })).status).toBe(403);
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect(made()).toBe(0);
    expect((await post({ origin: url.slice(0, -1) })).status).toBe(303);
    expect(made()).toBe(1);
  });
});

test('a port that is taken is wrong usage', async () => {
  const { url, folder } = await open();
  const again = {
    runDirectory: folder,
    host: '127.0.0.1',
    port: Number(new URL(url).port),
    look: async () => STATE,
    makeReport: () => undefined,
  };
  await expect(openDashboard(again)).rejects.toThrow('[USAGE]');
});
