/**
 * Where bytes become types: each function takes what JSON.parse or a message gave and returns it typed, or throws a LoligoError that
 * lists every bad path. Specs and model files, which people write, have their own readers on top of violationsOf().
 */
import { throwIfAny, type ErrorCode } from './errors.ts';
import type {
  Baseline,
  Checkpoint,
  DeadReplica,
  Lock,
  Result,
  Summary,
  SweepNotice,
  Task,
  TraceObject,
  WorkerCard,
} from './generated/types.ts';
import type { SchemaName } from './schema-node.ts';
import { VALIDATORS, violationsOf } from './violations.ts';

/** What the values of each schema are. */
interface Parsed {
  task: Task;
  result: Result;
  trace: TraceObject;
  card: WorkerCard;
  notice: SweepNotice;
  dead: DeadReplica;
  checkpoint: Checkpoint;
  lock: Lock;
  summary: Summary;
  baseline: Baseline;
}

// messages, and a stored window of a recording (trace)
export const parseTask = parser('task', 'SCHEMA_MESSAGE');
export const parseResult = parser('result', 'SCHEMA_MESSAGE');
export const parseTrace = parser('trace', 'SCHEMA_MESSAGE');
export const parseCard = parser('card', 'SCHEMA_MESSAGE');
export const parseNotice = parser('notice', 'SCHEMA_MESSAGE');
export const parseDead = parser('dead', 'SCHEMA_MESSAGE');
export const parseCheckpoint = parser('checkpoint', 'SCHEMA_MESSAGE');
// sweep.lock.json and summary.json
export const parseLock = parser('lock', 'RUN_CORRUPT');
export const parseSummary = parser('summary', 'RUN_CORRUPT');
// summary.json of a run that others are calibrated by
export const parseCalibration = parser('summary', 'CALIBRATION_INVALID');
// of `loligo baseline`
export const parseBaseline = parser('baseline', 'BASELINE_INVALID');

/** The function throws `code`. */
function parser<Name extends keyof Parsed>(schema: Name, code: ErrorCode): (value: unknown) => Parsed[Name] {
  return (value) => {
    check(schema, value, code);
    return value as Parsed[Name]; // the validator is generated from the same schema as the type
  };
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
