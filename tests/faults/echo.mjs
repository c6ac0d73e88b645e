/**
 * A client that listens to tasks, results and acknowledgements, and sends copies of them again: late, twice, out of order, those of an earlier
 * attempt, and some that are none. What it forges is malformed or somebody else's, never a sound result with other numbers: nothing could tell that.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { nowMs } from './monotonic.mjs';

/** Of each sort the first ones are kept, and then the latest. */
const KEPT = 400;
const ASK_MS = 200;
const ANSWER_MS = 10_000;
/** Taken by LOLIGO_STATE, as the notice of a sweep that nobody has. */
const PROBE = 'loligo.notice.probe';
const SORTS = { task: 'loligo.task.>', result: 'loligo.result.>', acknowledgement: '$JS.ACK.>' };

/** `onAnswer` hears how long the server took to answer, again and again. */
export async function openEcho(url, onAnswer) {
  const connection = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 100, reconnectDelayHandler: () => 100 });
  const heard = { task: [], result: [], acknowledgement: [] };
  /** A replica with three malformed results is given up, and rightly so: one forged result for each at most. */
  const forged = new Set();
  for (const [sort, subject] of Object.entries(SORTS))
    connection.subscribe(subject, {
      callback: (error, { subject: to, data, headers }) => {
        if (error !== null || to.endsWith('barrier')) return;
        if (heard[sort].length >= KEPT) heard[sort].splice(Math.floor(KEPT / 2), 1);
        heard[sort].push({ to, data: data.slice(), headers });
      },
    });
  await connection.flush();
  void askAgain(connection, () => connection.flush(), onAnswer);
  // while its disk stands still a server answers pings all the same, and leaves renewals and acknowledgements unread
  void askAgain(connection, () => connection.request(PROBE, '', { timeout: ANSWER_MS }), onAnswer);

  const forge = ({ to, data }, whim) => {
    if (forged.has(to)) return [];
    forged.add(to);
    const half = data.slice(0, Math.floor(data.length / 2));
    const other = new TextEncoder().encode(new TextDecoder().decode(data).replace(/"index":\d+/, '"index":0'));
    const forgeries = [half, other, new Uint8Array(0), new TextEncoder().encode('{"__proto__":{}}'), new Uint8Array([0xff, 0, 0x80])];
    return [{ to, data: forgeries[Math.floor(whim() * forgeries.length)] }];
  };

  return {
    /** Sends `count` copies of each sort and some forgeries, shuffled. Returns how many messages. */
    repeat: async (count, whim) => {
      const some = (list) => Array.from({ length: Math.min(count, list.length) }, () => list[Math.floor(whim() * list.length)]);
      const copies = Object.values(heard).flatMap(some);
      const forgeries = some(heard.result)
        .slice(0, 5)
        .concat(some(heard.task).slice(0, 3))
        .flatMap((message) => forge(message, whim));
      const messages = [...copies, ...copies.slice(0, count), ...forgeries];
      for (let last = messages.length - 1; last > 0; last -= 1) {
        const other = Math.floor(whim() * (last + 1));
        [messages[last], messages[other]] = [messages[other], messages[last]];
      }
      for (const { to, data, headers } of messages) connection.publish(to, data, headers === undefined ? {} : { headers });
      // a server that dies of another fault meanwhile answers nothing
      const sent = connection.flush().catch(() => undefined);
      await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, 2000))]);
      return messages.length;
    },
    close: () => connection.close(),
  };
}

/** Without an answer nothing is known: a question that a dying server took with it tells of no slow one. */
async function askAgain(connection, ask, onAnswer) {
  while (!connection.isClosed()) {
    const from = nowMs();
    await ask().then(
      () => onAnswer({ from, to: nowMs() }),
      () => undefined,
    );
    await delay(ASK_MS, undefined, { ref: false });
  }
}
