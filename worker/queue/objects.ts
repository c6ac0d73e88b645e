/** Models and recordings by content hash from the server's object store. What does not match its name is refused; what was read is kept. */
import { setTimeout as delay } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { sha256 } from '../../schemas/content-id.ts';
import { LoligoError, messageOf } from '../../schemas/errors.ts';
import { OBJECTS } from '../../schemas/wire.ts';

/** Characters kept: models, windows, and whole sweeps that are scored, of up to some MB each. */
const MOST_KEPT = 2 ** 27;
const ATTEMPTS = 15;
const RETRY_MS = 1000;

export function objectReader(connection: NatsConnection): (hash: string) => Promise<string> {
  const kept = new Map<string, Promise<string>>();
  const sizes = new Map<string, number>();
  let characters = 0;
  const makeRoom = (hash: string, { length }: string): void => {
    sizes.set(hash, length);
    characters += length;
    for (const [oldest, size] of sizes) {
      if (characters <= MOST_KEPT || oldest === hash) break;
      kept.delete(oldest);
      sizes.delete(oldest);
      characters -= size;
    }
  };
  return (hash) => {
    const present = kept.get(hash);
    if (present !== undefined) return present;
    const reading = read(connection, hash);
    kept.set(hash, reading);
    // a failure is not kept, nor more than there is room for
    reading.then(
      (text) => makeRoom(hash, text),
      () => kept.delete(hash),
    );
    return reading;
  };
}

/** A server that restarts, or whose disk was wiped and that gets everything again, has it in some seconds. */
async function read(connection: NatsConnection, hash: string): Promise<string> {
  let got = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await delay(RETRY_MS);
    try {
      const store = await new Objm(jetstream(connection)).open(OBJECTS);
      const bytes = await store.getBlob(hash);
      if (bytes !== null && sha256(bytes) === hash) return new TextDecoder().decode(bytes);
      got = bytes === null ? 'nothing of that name' : `content with hash ${sha256(bytes)}`;
    } catch (error) {
      got = messageOf(error);
    }
  }
  throw new LoligoError([{ code: 'OBJECT_MISSING', where: hash, rule: 'the object store must hold it', got }]);
}
