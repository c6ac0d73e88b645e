/** The refusal of a recording: the one shape in which importers say that a file is wrong, where, and what to do. */
import { LoligoError } from '../../schemas/errors.ts';
import type { ErrorCode } from '../../schemas/errors.ts';

export type RecordingCode = Extract<ErrorCode, `RECORDING_${string}`>;

export interface Reason {
  /** Place within the file; the whole file when absent. */
  readonly place?: string;
  /** The rule, as a sentence without the value. */
  readonly rule: string;
  readonly got?: string;
  readonly remedy?: string;
  readonly cause?: unknown;
}

export function refusal(code: RecordingCode, file: string, { place, cause, ...reason }: Reason): LoligoError {
  return new LoligoError([{ code, where: place === undefined ? file : `${file}: ${place}`, ...reason }], { cause });
}
