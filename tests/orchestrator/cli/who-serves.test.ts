/** The sentence for a sweep that nobody can train. */
import { expect, test } from 'vitest';
import { lackOf, type WantedWork } from '../../../orchestrator/cli/who-serves.ts';
import { cardOf } from '../../../orchestrator/cli/worker-roll.ts';
import { sha256 } from '../../../schemas/content-id.ts';
import type { LaneRefusal, WorkerCard } from '../../../schemas/generated/types.ts';
import { packageVersion } from '../../../schemas/package-root.ts';

const sweep = sha256('sweep');
const shapes = ['a'.repeat(16), 'b'.repeat(16)];
const wanted: WantedWork = { sweep, engine: 'any', version: packageVersion(), shapes, nats: 'nats://here:4222' };
const REASON = 'engine tfjs does not train network.architecture: modified-mlp';

function card(engine: string, refuses: LaneRefusal[] = [], health = 'serving'): WorkerCard {
  return cardOf(
    { worker: 'host:1', engine: { name: engine, arithmetic: 'none' }, threads: 2 },
    { running: 0, sweeps: {}, health, refuses },
  );
}

test('nothing is said while somebody can train every shape, each worker its own', () => {
  expect(lackOf([card('native')], wanted)).toBe('');
  const refusals = shapes.map((shape) => [{ sweep, shapes: [shape], reason: REASON }]);
  expect(lackOf([card('tfjs', refusals[0]), card('tfjs', refusals[1])], wanted)).toBe('');
  expect(lackOf([card('tfjs', [{ sweep: sha256('another'), shapes, reason: REASON }])], wanted)).toBe('');
});

test('without workers it says how to start one', () => {
  expect(lackOf([], { ...wanted, shapes: [] })).toBe(
    'no worker can train this sweep: 0 connected. Start one, on any machine that reaches the server: loligo worker --nats nats://here:4222',
  );
});

test('with workers it says who they are, what each lacks, and which part of the sweep it is', () => {
  const whole = card('tfjs', [{ sweep, shapes, reason: REASON }]);
  expect(lackOf([whole, whole, whole], wanted)).toContain(`no worker can train this sweep: 3 connected (tfjs), ${REASON}. Start one`);
  expect(lackOf([card('tfjs', [{ sweep, shapes: shapes.slice(1), reason: REASON }])], wanted)).toContain('1 of the 2 shapes of this sweep');
  const native = { ...wanted, engine: 'native' };
  expect(lackOf([card('tfjs'), card('native', [], 'out: it is broken')], native)).toMatch(
    /2 connected \(tfjs, native\), engine native is wanted \(1 worker\), health: out: it is broken \(1 worker\)\. .* --engine native$/,
  );
  const older = { ...card('native'), versions: { loligo: '9.7.1', node: '20' } };
  expect(lackOf([older], wanted)).toMatch(/loligo \d+\.\d+ is wanted, it has 9\.7\.1/);
});
