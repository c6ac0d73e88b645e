/** Many idle workers in one process, each with its own connection and source: what a large cluster asks of the server while it waits. */
import { answerParent, built, usageSince } from './bench-sweep.mjs';

const told = new Promise((resolve) => process.on('message', (message) => message === 'stop' && resolve()));

answerParent(async ({ nats, workers }) => {
  const { connectServer } = await built('schemas/nats-connection.js');
  const { openJetStreamSource } = await built('worker/queue/jetstream.js');
  const servers = [];
  for (let worker = 0; worker < workers; worker += 1) servers.push(await connectServer(nats, 'worker', {}));
  const sources = await Promise.all(servers.map((server) => openJetStreamSource(server, { onTrouble: () => (troubles += 1) })));
  let troubles = 0;
  let pulled = 0;
  const before = process.cpuUsage();
  const { signal } = new AbortController();
  const pulling = sources.map(async (source) => {
    for (let leases = await source.pull(8, signal); leases.length > 0; leases = await source.pull(8, signal)) {
      pulled += leases.length;
      // trained elsewhere: what is taken goes back without a word
      await Promise.all(leases.map((lease) => lease.release({ counted: false })));
    }
  });
  process.send({ finished: 1 });
  const counting = setInterval(() => process.connected && process.send({ finished: 1 + pulled }), 250);
  await told;
  clearInterval(counting);
  await Promise.all(sources.map((source) => source.close()));
  await Promise.all(pulling);
  await Promise.all(servers.map(({ connection }) => connection.close()));
  return { ...usageSince(before), pulled, troubles };
});
