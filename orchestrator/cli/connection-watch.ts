/** What became of the connection to the server: the client library comes back by itself, and somebody should hear of it. */
import type { NatsConnection } from '@nats-io/transport-node';

export interface ConnectionWatch {
  connected(): boolean;
  reconnects(): number;
}

export function watchConnection(connection: NatsConnection, onChange: (change: 'lost' | 'back') => void): ConnectionWatch {
  let connected = true;
  let reconnects = 0;
  void (async () => {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') {
        connected = false;
        onChange('lost');
      } else if (type === 'reconnect') {
        connected = true;
        reconnects += 1;
        onChange('back');
      }
    }
  })();
  return { connected: () => connected && !connection.isClosed(), reconnects: () => reconnects };
}
