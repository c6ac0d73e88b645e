/**
 * Where bytes become types: each function takes what JSON.parse or a message gave and returns it typed, or throws a LoligoError that
 * lists every bad path. Specs and model files, which people write, have their own readers on top of violationsOf().
 */
import { throwIfAny, type ErrorCode } from './errors.ts';
import type { Lock, Result, Summary, Task, TraceObject } from './generated/types.ts';
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

function check(schema: SchemaName, value: unknown, code: ErrorCode): void {
  if (VALIDATORS[schema](value)) return;
  throwIfAny(violationsOf(schema, value, { code, root: schema }));
  throw new Error(`internal: an invalid ${schema} without a violation`);
}
