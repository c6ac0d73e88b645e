/** Whether the workers of a server can train a sweep, in words for the one who waits for it: who they are, what they lack, what to do. */
import type { NatsConnection } from '@nats-io/transport-node';
import type { WorkerCard } from '../../schemas/generated/types.ts';
import { laneRefusal, numbersOf } from '../../schemas/wire.ts';
import { plural } from '../report/number-format.ts';
import { readCards } from './sweep-notices.ts';

export interface WantedWork {
  readonly sweep: string;
  /** An engine's name, or `any`. */
  readonly engine: string;
  /** Version of the program. */
  readonly version: string;
  /** Of the tasks published so far. */
  readonly shapes: readonly string[];
  readonly nats: string;
}

/** Between two looks. */
const LOOK_MS = 10_000;
const FIRST_LOOK_MS = 1000;

export interface ServingWatch {
  /** Workers at the last look. */
  cards(): readonly WorkerCard[];
  stop(): void;
}

/** Says so when nobody can train the sweep, or a part of it; once, until that changes. */
export function watchServing(
  connection: NatsConnection,
  { wanted, onNote }: { wanted: () => WantedWork | undefined; onNote: (note: string) => void },
): ServingWatch {
  let cards: WorkerCard[] = [];
  let said = '';
  const look = async (): Promise<void> => {
    if (connection.isClosed()) return;
    cards = await readCards(connection);
    const work = wanted();
    const note = work === undefined ? '' : lackOf(cards, work);
    if (note !== '' && note !== said) onNote(note);
    said = note;
  };
  const first = setTimeout(() => void look(), FIRST_LOOK_MS);
  const clock = setInterval(() => void look(), LOOK_MS);
  return {
    cards: () => cards,
    stop: () => {
      clearTimeout(first);
      clearInterval(clock);
    },
  };
}

/** '' when everything published can be trained, as far as the workers know: one learns what it lacks when it meets it. */
export function lackOf(cards: readonly WorkerCard[], { sweep, engine, version, shapes, nats }: WantedWork): string {
  const reasons = new Map<string, number>();
  const note = (reason: string): void => void reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const unserved = new Set(shapes.length === 0 ? ['any shape'] : shapes);
  for (const card of cards) {
    const whole = wholeRefusal(card, engine, version);
    const own = card.refuses.filter((refusal) => refusal.sweep === sweep);
    const refused = new Set(own.flatMap((refusal) => refusal.shapes));
    for (const reason of whole === null ? own.map((refusal) => refusal.reason) : [whole]) note(reason);
    if (whole === null) for (const shape of unserved) if (!refused.has(shape)) unserved.delete(shape);
  }
  if (unserved.size === 0) return '';
  const part = unserved.size < shapes.length ? `${unserved.size} of the ${shapes.length} shapes of this sweep` : 'this sweep';
  const engines = [...new Set(cards.map((card) => card.engine))].join(', ');
  const why = [...reasons].map(([reason, times]) => (times === cards.length ? `, ${reason}` : `, ${reason} (${plural(times, 'worker')})`));
  const connected = `${cards.length} connected${cards.length === 0 ? '' : ` (${engines})`}${why.join('')}`;
  const asked = engine === 'any' ? '' : ` --engine ${engine}`;
  return `no worker can train ${part}: ${connected}. Start one, on any machine that reaches the server: loligo worker --nats ${nats}${asked}`;
}

/** Why a worker serves nothing of the sweep; null: it serves what it does not refuse. */
function wholeRefusal(card: WorkerCard, engine: string, version: string): string | null {
  if (card.health !== 'serving') return `health: ${card.health}`;
  return laneRefusal({ engine, numbers: numbersOf(version) }, card.engine, card.versions.loligo);
}
