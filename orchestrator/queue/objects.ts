/** Models and recordings of a sweep in the server's object store, each named by the SHA-256 of its text: a worker needs no shared disk. */
import { jetstream } from '@nats-io/jetstream';
import { Objm, type ObjectStore } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { OBJECTS } from '../../schemas/wire.ts';

/** Puts what is not there. Safe to call again, which is what happens when a server comes back with an empty disk. */
export async function provideObjects(connection: NatsConnection, objects: ReadonlyMap<string, string>): Promise<void> {
  const store: ObjectStore = await new Objm(jetstream(connection)).create(OBJECTS, { storage: 'file' });
  for (const [hash, text] of objects) {
    const present = await store.info(hash);
    if (present === null || present.deleted) await store.putBlob({ name: hash }, new TextEncoder().encode(text));
  }
}
