/** docs/cluster.md's permissions on a real server: with them both sides do their work, and a worker nothing else, nor the orchestrator to others. */
import { readFileSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { packageRoot } from '../../schemas/package-root.ts';
import { STREAMS } from '../../schemas/wire.ts';
import { commandLine } from '../helpers/command-line.ts';
import { natsVersions, startNats, type NatsServer } from '../helpers/nats-server.ts';
import { quickSpec, writeSpec } from '../helpers/quick-sweep.ts';
import { taskFixture } from '../helpers/replica-fixture.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';

const scratch = scratchFolders();
const program = commandLine();
const servers: NatsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.kill()));
});

/** The block of the page, as it stands there. */
function documented(): string {
  const page = readFileSync(join(packageRoot(), 'docs/cluster.md'), 'utf8');
  const block = /```nats\n([\s\S]*?)```/.exec(page)?.[1];
  if (block === undefined) throw new Error('docs/cluster.md has no block ```nats');
  return block.replaceAll('$ORCHESTRATOR_PASSWORD', 'one').replaceAll('$WORKER_PASSWORD', 'two');
}

async function server(binary: string): Promise<string> {
  const started = await startNats(binary, scratch(), documented());
  servers.push(started);
  return started.url;
}

/** Which of the operations, in the server's own protocol ("PUB subject", "SUB subject"), it lets the user do. */
async function permitted(url: string, user: string, password: string, operations: readonly string[]): Promise<string[]> {
  const { hostname, port } = new URL(url);
  const socket = dial(Number(port), hostname);
  const sent = operations.map((operation, sid) => (operation.startsWith('PUB') ? `${operation} 0\r\n\r\n` : `${operation} ${sid + 1}\r\n`));
  socket.write(`CONNECT ${JSON.stringify({ user, pass: password, verbose: false, protocol: 1 })}\r\n${sent.join('')}PING\r\n`);
  let heard = '';
  for await (const bytes of socket) {
    heard += String(bytes);
    if (heard.includes('PONG')) break;
  }
  const refused = new Set(
    [...heard.matchAll(/Permissions Violation for (Publish|Subscription) to "([^"]+)"/g)].map(([, kind, to]) => `${kind} ${to}`),
  );
  return operations.filter((operation) => {
    const [verb, subject] = operation.split(' ');
    return !refused.has(`${verb === 'PUB' ? 'Publish' : 'Subscription'} ${subject}`);
  });
}

const { sweep, shape } = taskFixture(0);
const OURS = [...STREAMS.map(({ name }) => name), 'OBJ_loligo'];
const ALL = [...OURS, 'OTHER', 'OBJ_other', 'KV_other'];

/** The whole of JetStream's interface that changes a stream or a consumer, or moves one: https://docs.nats.io/reference/reference-protocols/nats_api_reference */
const changing = (stream: string): string[] => [
  ...['CREATE', 'UPDATE', 'DELETE', 'PURGE', 'SNAPSHOT', 'RESTORE'].map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
  `$JS.API.STREAM.MSG.DELETE.${stream}`,
  `$JS.API.STREAM.LEADER.STEPDOWN.${stream}`,
  `$JS.API.STREAM.PEER.REMOVE.${stream}`,
  `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.c`,
  `$JS.API.CONSUMER.PAUSE.${stream}.c`,
  `$JS.API.CONSUMER.UNPIN.${stream}.c`,
  `$JS.API.CONSUMER.LEADER.STEPDOWN.${stream}.c`,
];
/** A worker makes consumers on the object store, to read it. */
const consuming = (stream: string): string[] => [
  `$JS.API.CONSUMER.CREATE.${stream}`,
  `$JS.API.CONSUMER.CREATE.${stream}.c`,
  `$JS.API.CONSUMER.CREATE.${stream}.c.loligo.task.>`,
  `$JS.API.CONSUMER.DELETE.${stream}.c`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.c`,
];
const reading = (stream: string): string[] => [
  `$JS.API.STREAM.MSG.GET.${stream}`,
  `$JS.API.DIRECT.GET.${stream}`,
  `$JS.API.DIRECT.GET.${stream}.loligo.result.${sweep}.0`,
  `$JS.API.DIRECT.GET.${stream}.loligo.notice.${sweep}`,
];
const SYSTEM = [
  '$SYS.REQ.SERVER.PING',
  '$SYS.REQ.USER.INFO',
  '$JS.API.ACCOUNT.PURGE.$G',
  '$JS.API.META.LEADER.STEPDOWN',
  '$JS.API.SERVER.REMOVE',
];

/** Tasks are taken, and a checkpoint is thrown away when its replica has an outcome: losing one costs time and nothing else. */
const ALLOWED = new Set(['$JS.API.CONSUMER.MSG.NEXT.LOLIGO_TASKS.c', '$JS.API.STREAM.PURGE.LOLIGO_CHECKPOINTS']);

const FORBIDDEN_TO_WORKERS = [
  ...ALL.flatMap(changing),
  ...ALL.filter((stream) => stream !== 'OBJ_loligo').flatMap(consuming),
  ...ALL.filter((stream) => stream !== 'OBJ_loligo').flatMap(reading),
  '$JS.API.STREAM.LIST',
  '$JS.API.STREAM.NAMES',
  ...SYSTEM,
  `loligo.task.${sweep}.${shape}.0`,
  `loligo.cancel.${sweep}`,
  `loligo.notice.${sweep}`,
  `loligo.dead.${sweep}.0`,
  `loligo.retry.${sweep}.0`,
  '$O.loligo.M.x',
  '$O.loligo.C.x',
  '$JS.ACK.LOLIGO_RESULTS.c.1.1.1.1.1',
  '$JS.ACK._._.LOLIGO_RESULTS.c.1.1.1.1.1.x',
  '_INBOX_orchestrator.x.y',
  '_INBOX.x',
  'other',
].filter((subject) => !ALLOWED.has(subject));
const UNHEARD_BY_WORKERS = [
  '>',
  '_INBOX_orchestrator.>',
  '_INBOX.>',
  'loligo.>',
  'loligo.task.>',
  'loligo.result.>',
  'loligo.tries.>',
  'loligo.notice.>',
  'loligo.checkpoint.>',
  '$JS.>',
  '$JS.API.>',
  '$JS.EVENT.>',
  '$O.>',
  '$SYS.>',
];

describe.each(natsVersions())('the documented permissions on $name', ({ binary }) => {
  test('let both sides do a sweep from task to result, look at it, cancel it, and drain', async () => {
    const url = await server(binary);
    const folder = scratch();
    const spec = writeSpec(folder, quickSpec({ draws: 1, replicas: 2 }));
    const worker = program.start(['worker', '--nats', url, '--engine', 'reference', '--workers', '1', '--checkpoint', '0.01'], {
      environment: { LOLIGO_NATS_USER: 'worker', LOLIGO_NATS_PASSWORD: 'two' },
    });
    const environment = { LOLIGO_NATS_USER: 'orchestrator', LOLIGO_NATS_PASSWORD: 'one' };
    const ended = await program.run(['run', spec, '--out', join(folder, 'run'), '--nats', url], { environment });
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining('report:')]);
    expect((await program.run(['status', 'quick', '--nats', url], { environment })).code).toBe(0);
    expect((await program.run(['cancel', 'quick', '--nats', url], { environment })).code).toBe(0);
    expect((await program.run(['dead', 'list', 'quick', '--nats', url], { environment })).code).toBe(0);
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
    expect(worker.stderr() + ended.stderr).not.toMatch(/permission/i);
  }, 60_000);

  test('let a worker make, change, delete, purge, publish, cancel, read and hear nothing else', async () => {
    const url = await server(binary);
    const operations = [
      ...FORBIDDEN_TO_WORKERS.map((subject) => `PUB ${subject}`),
      ...UNHEARD_BY_WORKERS.map((subject) => `SUB ${subject}`),
    ];
    expect(await permitted(url, 'worker', 'two', operations)).toEqual([]);
    // and the question is one that can be answered with yes
    const needed = [`PUB loligo.result.${sweep}.0`, 'SUB _INBOX_worker.x.*'];
    expect(await permitted(url, 'worker', 'two', needed)).toEqual(needed);
  });

  test('let the orchestrator touch no stream, object or inbox of others', async () => {
    const url = await server(binary);
    const others = ['OTHER', 'OBJ_other', 'KV_other'].flatMap((stream) => [...changing(stream), ...consuming(stream), ...reading(stream)]);
    const operations = [
      ...[...others, ...SYSTEM, '$O.other.M.x', '$KV.other.x', '_INBOX.x', '_INBOX_worker.x', 'other'].map((subject) => `PUB ${subject}`),
      ...['>', '_INBOX.>', '_INBOX_worker.>', '$JS.>', '$O.>', '$SYS.>', 'other'].map((subject) => `SUB ${subject}`),
    ];
    expect(await permitted(url, 'orchestrator', 'one', operations)).toEqual([]);
  });
});
