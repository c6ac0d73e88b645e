/**
 * Where bytes become types: each function takes what JSON.parse or a message gave and returns it typed, or throws a LoligoError that
 * lists every bad path. Specs and model files, which people write, have their own readers on top of violationsOf().
 */
import { throwIfAny, type ErrorCode } from './errors.ts';
import type { Checkpoint, DeadReplica, Lock, Result, Summary, SweepNotice, Task, TraceObject, WorkerCard } from './generated/types.ts';
import type { SchemaName } from './schema-node.ts';
import { VALIDATORS, violationsOf } from './violations.ts';

/** Throws SCHEMA_MESSAGE. */
export function parseTask(value: unknown): Task {
  check('task', value, 'SCHEMA_MESSAGE');
  return value as Task; // the validator is generated from the same schema as the type
}

/** Throws SCHEMA_MESSAGE. */
export function parseResult(value: unknown): Result {
  check('result', value, 'SCHEMA_MESSAGE');
  return value as Result; // as above
}

/** A stored window of a recording. Throws SCHEMA_MESSAGE. */
export function parseTrace(value: unknown): TraceObject {
  check('trace', value, 'SCHEMA_MESSAGE');
  return value as TraceObject; // as above
}

/** Throws SCHEMA_MESSAGE. */
export function parseCard(value: unknown): WorkerCard {
  check('card', value, 'SCHEMA_MESSAGE');
  return value as WorkerCard; // as above
}

/** Throws SCHEMA_MESSAGE. */
export function parseNotice(value: unknown): SweepNotice {
  check('notice', value, 'SCHEMA_MESSAGE');
  return value as SweepNotice; // as above
}

/** Throws SCHEMA_MESSAGE. */
export function parseDead(value: unknown): DeadReplica {
  check('dead', value, 'SCHEMA_MESSAGE');
  return value as DeadReplica; // as above
}

/** Throws SCHEMA_MESSAGE. */
export function parseCheckpoint(value: unknown): Checkpoint {
  check('checkpoint', value, 'SCHEMA_MESSAGE');
  return value as Checkpoint; // as above
}

/** sweep.lock.json. Throws RUN_CORRUPT. */
export function parseLock(value: unknown): Lock {
  check('lock', value, 'RUN_CORRUPT');
  return value as Lock; // as above
}

/** summary.json. Throws RUN_CORRUPT. */
export function parseSummary(value: unknown): Summary {
  check('summary', value, 'RUN_CORRUPT');
  return value as Summary; // as above
}

/** Errors up to which a value is told in full: wording n of them takes n * n steps, and a message of a stranger may have 100,000. */
const WORDED_ERRORS = 100;
const LISTED_ERRORS = 5;

function check(schema: SchemaName, value: unknown, code: ErrorCode): void {
  const validate = VALIDATORS[schema];
  if (validate(value)) return;
  const errors = validate.errors ?? [];
  if (errors.length > WORDED_ERRORS) {
    const listed = errors.slice(0, LISTED_ERRORS).map(({ instancePath, message }) => `${instancePath || schema} ${message}`);
    throwIfAny([{ code, where: schema, rule: 'must follow its schema', got: `${errors.length} violations: ${listed.join(', ')}, ...` }]);
  }
  throwIfAny(violationsOf(schema, value, { code, root: schema }));
  throw new Error(`internal: an invalid ${schema} without a violation`);
}
