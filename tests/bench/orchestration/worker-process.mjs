/** A worker of the benchmark: the real source and consumer, and a runner that trains nothing. Ends when it is told to. */
import { answerParent, built, noOpRunner, usageSince } from './bench-sweep.mjs';

const told = new Promise((resolve) => process.on('message', (message) => message === 'stop' && resolve()));

answerParent(async ({ nats, threads, places, cohortMs }) => {
  const { connectServer } = await built('schemas/nats-connection.js');
  const { openJetStreamSource } = await built('worker/queue/jetstream.js');
  const { consume } = await built('worker/queue/consumer.js');
  const server = await connectServer(nats, 'worker', {});
  const source = await openJetStreamSource(server, {});
  const stop = new AbortController();
  let finished = 0;
  const runner = noOpRunner({ threads, cohortMs });
  const counted = {
    ...runner,
    run: async (job) => {
      const end = await runner.run(job);
      finished += end.results.length;
      return end;
    },
  };
  const before = process.cpuUsage();
  const consumer = consume({ source, runner: counted, places, objects: async () => 'object', signal: stop.signal });
  const counting = setInterval(() => process.connected && process.send({ finished }), 250);
  await Promise.race([told, consumer.ended]);
  clearInterval(counting);
  stop.abort();
  await consumer.ended;
  await source.close();
  await server.connection.close();
  if (source.malformed > 0) throw new Error(`internal: ${source.malformed} tasks were malformed`);
  return { ...usageSince(before), finished };
});
