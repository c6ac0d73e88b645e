/**
 * A TCP proxy between one process and its server, whose link can be slow, cut, cut in mid-message or silent (it accepts and forwards nothing,
 * as behind a firewall that forgot the connection). It knows bytes and no messages.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A chunk is sent in pieces of so many bytes when the link is throttled. */
const PIECE_BYTES = 16 * 1024;

export async function openLink(targetUrl) {
  const { hostname, port } = new URL(targetUrl);
  const pairs = new Set();
  let mode = { kind: 'open' };
  let changed = () => undefined;
  let change = new Promise((resolve) => (changed = resolve));

  const become = (next) => {
    mode = next;
    changed();
    change = new Promise((resolve) => (changed = resolve));
  };

  /** One direction. What the link holds back is sent when it is open again. */
  const pump = async (from, to, pair) => {
    try {
      for await (const chunk of from) {
        while (mode.kind === 'silent' || pair.forgotten) await change;
        if (mode.kind === 'torn') {
          to.write(chunk.subarray(0, Math.ceil(chunk.length / 2)));
          become({ kind: 'open' });
          break;
        }
        await send(chunk, to);
      }
    } catch {
      // one end is gone, and takes the other with it
    }
    pair.end();
  };

  const send = async (chunk, to) => {
    if (mode.kind !== 'slow') return to.write(chunk) || once(to, 'drain');
    await delay(mode.latencyMs);
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      const piece = chunk.subarray(at, at + PIECE_BYTES);
      if (mode.kind === 'slow') await delay((1000 * piece.length) / mode.bytesPerSecond);
      to.write(piece);
    }
  };

  const listener = createServer((client) => {
    if (mode.kind === 'cut') return void client.destroy();
    const server = connect(Number(port), hostname);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    const pair = { end, forgotten: false };
    pairs.add(pair);
    for (const socket of [client, server]) socket.on('error', end).on('close', end).setNoDelay(true);
    void pump(client, server, pair);
    void pump(server, client, pair);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');

  const drop = () => {
    for (const { end } of pairs) end();
  };
  return {
    url: `nats://127.0.0.1:${listener.address().port}`,
    slow: (latencyMs, bytesPerSecond) => become({ kind: 'slow', latencyMs, bytesPerSecond }),
    cut: () => {
      become({ kind: 'cut' });
      drop();
    },
    /** Cuts in the middle of the next chunk that comes along. */
    tear: () => become({ kind: 'torn' }),
    silence: () => become({ kind: 'silent' }),
    /** What is connected stays silent for good and is not told; new connections work. */
    forget: () => {
      for (const pair of pairs) pair.forgotten = true;
    },
    mend: () => become({ kind: 'open' }),
    /** As `mend`; what was connected is lost. */
    mendAnew: () => {
      drop();
      become({ kind: 'open' });
    },
    close: () => {
      become({ kind: 'cut' });
      drop();
      listener.close();
    },
  };
}
