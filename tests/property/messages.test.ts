/**
 * Messages of strangers, through a real server: garbage, huge numbers, deep nesting, __proto__, megabytes, wrong replicas, broken UTF-8, as
 * tasks and as results, while a sweep runs. Each is put aside and counted, nobody dies of it, and the sweep ends complete.
 */
import { connect } from '@nats-io/transport-node';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { openJetStreamQueue } from '../../orchestrator/queue/jetstream.ts';
import { sha256 } from '../../schemas/content-id.ts';
import { connectServer } from '../../schemas/nats-connection.ts';
import { parseResult, parseTask } from '../../schemas/parse.ts';
import { resultSubject, taskSubject } from '../../schemas/wire.ts';
import { consume } from '../../worker/queue/consumer.ts';
import { openJetStreamSource } from '../../worker/queue/jetstream.ts';
import { inlineRunner } from '../helpers/inline-runner.ts';
import { natsVersions, startNats } from '../helpers/nats-server.ts';
import { estimatedFixture, MODEL_TEXT, resultFixture, taskFixture } from '../helpers/replica-fixture.ts';
import { scratchFolders } from '../helpers/scratch-folder.ts';
import { waitFor } from '../helpers/wait-for.ts';

const scratch = scratchFolders();
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const REPLICAS = 20;
const { sweep, shape } = taskFixture(0);

const NASTY: readonly unknown[] = [
  null,
  -1,
  1e308,
  1e21,
  0.5,
  '',
  'x'.repeat(100_000),
  '\u0000',
  [],
  {},
  Array.from({ length: 20_000 }, () => 0),
  Array.from({ length: 5000 }, () => ({ optimizer: 'adam' })),
  { constructor: { prototype: { polluted: true } } },
];

/** A valid message with one of its values replaced, or one more key. */
function spoilt(valid: object): fc.Arbitrary<string> {
  const keys = fc.constantFrom(...Object.keys(valid), '__proto__', 'constructor', 'toString', 'more');
  return fc.tuple(keys, fc.constantFrom(...NASTY)).map(([key, value]) => {
    const { [key]: _, ...rest } = valid as Record<string, unknown>; // any object has keys
    // as text: an object literal would make __proto__ its prototype
    return `{${JSON.stringify(key)}:${JSON.stringify(value)},${JSON.stringify(rest).slice(1)}`;
  });
}

function payloads(valid: object): fc.Arbitrary<Uint8Array> {
  const text = JSON.stringify(valid);
  const texts = fc.oneof(
    spoilt(valid),
    fc.json(),
    fc.constantFrom('', 'null', '[]', '{"__proto__":{"polluted":true}}', '['.repeat(60_000), '['.repeat(60_000) + ']'.repeat(60_000)),
    fc.nat(text.length - 1).map((length) => text.slice(0, length)),
    fc.constant(JSON.stringify({ ...valid, index: 12_345 })),
    fc.constant(JSON.stringify({ ...valid, sweep: sha256('another') })),
  );
  const broken = fc.nat(text.length - 1).map((at) => {
    const bytes = new TextEncoder().encode(text);
    bytes[at] = 0xff;
    return bytes;
  });
  return fc.oneof({ weight: 5, arbitrary: texts.map((each) => new TextEncoder().encode(each)) }, fc.uint8Array({ maxLength: 300 }), {
    weight: 1,
    arbitrary: broken,
  });
}

/** Whether the message is none: a change may leave a valid one. A worker does not know the end of a sweep, the orchestrator does. */
function isMalformed(bytes: Uint8Array, kind: Attack['kind'], index: number): boolean {
  try {
    const read = (kind === 'task' ? parseTask : parseResult)(JSON.parse(new TextDecoder().decode(bytes)));
    return read.sweep !== sweep || read.index !== index || (kind === 'result' && index >= REPLICAS);
  } catch {
    return true;
  }
}

interface Attack {
  /** Below REPLICAS: of the sweep itself. Each once, and none that is published before: a stream holds one message of a subject. */
  readonly index: number;
  readonly kind: 'task' | 'result';
  readonly bytes: Uint8Array;
}

const attack = (kind: Attack['kind']): fc.Arbitrary<Attack> =>
  fc.integer({ min: 1, max: 3 * REPLICAS }).chain((index) => {
    const payload = kind === 'task' ? payloads(taskFixture(index)) : payloads(estimatedFixture(index, 20));
    return payload.filter((bytes) => isMalformed(bytes, kind, index)).map((bytes) => ({ index, kind, bytes }));
  });

const attacks = fc.uniqueArray(fc.oneof(attack('task'), attack('result')), {
  minLength: 10,
  maxLength: 60,
  selector: ({ index, kind }) => `${kind} ${index}`,
});

describe.each(natsVersions())('messages of strangers on $name', ({ binary }) => {
  test('are put aside and counted, and the sweep ends complete', async () => {
    await fc.assert(
      fc.asyncProperty(attacks, async (sent) => {
        await sweepUnder(binary, sent);
      }),
      { numRuns: 4 },
    );
    expect(Object.prototype).not.toHaveProperty('polluted');
  }, 60_000);
});

async function sweepUnder(binary: string, sent: readonly Attack[]): Promise<void> {
  const nats = await startNats(binary, scratch());
  closing.push(() => nats.kill());
  const [orchestrator, worker] = [await connectServer(nats.url, 'orchestrator', {}), await connectServer(nats.url, 'worker', {})];
  const stranger = await connect({ servers: nats.url });
  closing.push(() => Promise.all([orchestrator.connection.close(), worker.connection.close(), stranger.close()]));
  const stored = new Map<number, string>();
  const queue = await openJetStreamQueue(orchestrator, {
    sweep,
    engine: 'any',
    stored: (index) => stored.has(index),
    taskOf: (index) => (index < REPLICAS ? taskFixture(index) : undefined),
    reconcileMs: 200,
  });
  // the lane, and what comes before the sweep's own messages
  await queue.publish(taskFixture(0));
  for (const { kind, index, bytes } of sent)
    stranger.publish(kind === 'task' ? taskSubject(sweep, shape, index) : resultSubject(sweep, index), bytes);
  await stranger.flush();
  const collecting = (async () => {
    for await (const delivery of queue.results()) {
      stored.set(delivery.result.index, delivery.result.replica);
      delivery.acknowledge();
    }
  })();
  const source = await openJetStreamSource(worker, {});
  const stop = new AbortController();
  const consumer = consume({ source, runner: inlineRunner(1), places: 4, objects: async () => MODEL_TEXT, signal: stop.signal });
  for (let index = 1; index < REPLICAS; index += 1) await queue.publish(taskFixture(index));
  await waitFor(() => stored.size >= REPLICAS && source.malformed + queue.malformed >= sent.length);
  expect([...stored].toSorted(([a], [b]) => a - b)).toEqual(
    Array.from({ length: REPLICAS }, (_, index) => [index, resultFixture(index).replica]),
  );
  expect({ tasks: source.malformed, results: queue.malformed }).toEqual({
    tasks: sent.filter(({ kind }) => kind === 'task').length,
    results: sent.filter(({ kind }) => kind === 'result').length,
  });
  stop.abort();
  await consumer.ended;
  await source.close();
  await queue.close();
  await collecting;
  for (const close of closing.splice(0).toReversed()) await close();
}
