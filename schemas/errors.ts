/**
 * Errors that a user can meet: a code, the place, the rule, the value got and the way out. The table is the one list of codes;
 * schemas/README.md documents exactly these. Bugs are plain Errors whose message starts with "internal:".
 */

/** Exit codes of the command line. */
export const EXIT = {
  done: 0,
  internal: 1,
  input: 2,
  intolerable: 3,
  regression: 4,
  budget: 5,
  infrastructure: 6,
  interrupted: 130,
} as const;

/** Every code, its exit code and what it means. */
export const ERROR_CODES = {
  SPEC_NOT_READABLE: { exit: EXIT.input, text: 'the spec file is missing or not YAML or JSON' },
  SPEC_INVALID: { exit: EXIT.input, text: 'a key, type or value of the spec breaks the schema' },
  SPEC_DISTRIBUTION: { exit: EXIT.input, text: 'bounds of a distribution make no sense' },
  SPEC_DUPLICATE_DATA: { exit: EXIT.input, text: 'two data entries are the same' },
  SPEC_UNKNOWN_PARAMETER: { exit: EXIT.input, text: 'the model has no parameter of that name' },
  SPEC_DATA: { exit: EXIT.input, text: 'a data entry asks for something that its source does not have' },
  SPEC_UNSUPPORTED: { exit: EXIT.input, text: 'known, but not available in this version' },
  MODEL_NOT_FOUND: { exit: EXIT.input, text: 'no built-in model and no file of that name' },
  MODEL_INVALID: { exit: EXIT.input, text: 'a key, type or value of the model file breaks the schema' },
  MODEL_SYNTAX: { exit: EXIT.input, text: 'an equation cannot be parsed or uses something other than arithmetic and known functions' },
  MODEL_UNKNOWN_NAME: { exit: EXIT.input, text: 'an equation uses a name that is not defined' },
  MODEL_UNIT: { exit: EXIT.input, text: 'units of an equation do not agree' },
  MODEL_CYCLE: { exit: EXIT.input, text: 'definitions depend on each other in a circle' },
  RECORDING_NOT_READABLE: { exit: EXIT.input, text: 'the recording is missing or cannot be read' },
  RECORDING_FORMAT: { exit: EXIT.input, text: 'the file is of no known format' },
  RECORDING_CORRUPT: { exit: EXIT.input, text: 'the file breaks the rules of its format or ends too early' },
  RECORDING_UNSUPPORTED: { exit: EXIT.input, text: 'the file is sound but uses a part of its format that is not supported' },
  RECORDING_CHANNEL: { exit: EXIT.input, text: 'no channel or column of that name or unit' },
  RUN_LOCKED: { exit: EXIT.input, text: 'another process writes this run directory' },
  SWEEP_TAKEN: { exit: EXIT.input, text: 'another orchestrator runs this sweep through the server' },
  RUN_DIFFERS: { exit: EXIT.input, text: 'the run directory belongs to another sweep' },
  RUN_NOT_FOUND: { exit: EXIT.input, text: 'the folder is no run directory' },
  RUN_CORRUPT: { exit: EXIT.input, text: 'a file of the run directory was damaged' },
  BASELINE_INVALID: { exit: EXIT.input, text: 'the baseline is missing, or not a whole file of "loligo baseline"' },
  BASELINE_DIFFERS: { exit: EXIT.input, text: 'the baseline is of another problem than the run' },
  CALIBRATION_INVALID: { exit: EXIT.input, text: 'the calibration is missing, or no summary of a run with enough truths' },
  CALIBRATION_DIFFERS: { exit: EXIT.input, text: 'the calibration was made with another problem, training or kind of data than the run' },
  USAGE: { exit: EXIT.input, text: 'wrong use of the command line' },
  ENGINE_UNAVAILABLE: { exit: EXIT.infrastructure, text: 'the engine asked for does not work on this machine' },
  OUT_OF_MEMORY: { exit: EXIT.infrastructure, text: 'the replicas that train together do not fit into memory' },
  DISK: { exit: EXIT.infrastructure, text: 'the run directory cannot be written' },
  OBJECT_MISSING: { exit: EXIT.infrastructure, text: 'a file known by its content hash is not there or does not match it' },
  NATS_UNREACHABLE: { exit: EXIT.infrastructure, text: 'no NATS server with JetStream answers' },
  NATS_REFUSED: { exit: EXIT.infrastructure, text: 'the NATS server does not know the user, or one side does not trust the other' },
  NODE_UNFIT: { exit: EXIT.infrastructure, text: 'the machine fails replicas that others finish, or its own check' },
  SCHEMA_MESSAGE: { exit: EXIT.internal, text: 'a message breaks its schema' },
  REPLICA_GIVEN_UP: { exit: EXIT.intolerable, text: 'a replica failed on every one of its tries' },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** One broken rule. */
export interface Violation {
  readonly code: ErrorCode;
  /** Path in a file, file and position, or id. */
  readonly where: string;
  /** The rule, as a sentence without the value. */
  readonly rule: string;
  /** The value got, as it is shown to the user. */
  readonly got?: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** An error that a user can meet: one or more violations, reported together. */
export class LoligoError extends Error {
  readonly violations: readonly Violation[];

  constructor(violations: readonly [Violation, ...Violation[]], options?: { cause?: unknown }) {
    super(violations.map(describeViolation).join('\n'), options);
    this.name = 'LoligoError';
    this.violations = violations;
  }

  get code(): ErrorCode {
    return this.first.code;
  }

  get exitCode(): number {
    return ERROR_CODES[this.first.code].exit;
  }

  private get first(): Violation {
    const [first] = this.violations;
    if (first === undefined) throw new Error('internal: LoligoError without a violation');
    return first;
  }
}

/** Throws all violations together; does nothing when there are none. */
export function throwIfAny(violations: readonly Violation[]): void {
  const [first, ...rest] = violations;
  if (first !== undefined) throw new LoligoError([first, ...rest]);
}

/** What a caught value says of itself. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `where: rule; got value. remedy [CODE]` on one line. */
export function describeViolation({ code, where, rule, got, remedy }: Violation): string {
  const value = got === undefined ? '' : `; got ${got}`;
  const help = remedy === undefined ? '' : ` ${remedy}`;
  return `${where}: ${rule}${value}.${help} [${code}]`;
}
