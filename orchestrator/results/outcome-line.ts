/**
 * One line of the outcome log. Keys stand in a fixed order, index, replica and kind of outcome first, so that a million lines are
 * indexed by looking at their heads; a line in another order (written by hand) is parsed in full.
 */
import { LoligoError, messageOf } from '../../schemas/errors.ts';
import type { Result } from '../../schemas/generated/types.ts';
import { OUTCOME_KINDS, type OutcomeKind } from '../../schemas/outcome-kind.ts';
import { parseResult } from '../../schemas/parse.ts';

const HEAD = new RegExp(`^\\{"index":(0|[1-9]\\d{0,14}),"replica":"[0-9a-f]{64}","outcome":\\{"kind":"(${OUTCOME_KINDS.join('|')})"`);
/** Longest head: 15 digits of the index and all else fixed. */
const HEAD_BYTES = 160;
const CLOSING_BRACE = 0x7d;

/** What the index of finished replicas needs of a line. */
export interface LineHead {
  readonly index: number;
  readonly kind: OutcomeKind;
}

/** JSON with the end of the line. */
export function outcomeLine(result: Result): string {
  const { index, replica, outcome, ...rest } = result;
  return `${JSON.stringify({ index, replica, outcome: Object.assign({ kind: outcome.kind }, outcome), ...rest })}\n`;
}

/** Head of the line in bytes [from, to) of the block, without its end. Throws RUN_CORRUPT at `where()`. */
export function readHead(block: Buffer, from: number, to: number, where: () => string): LineHead {
  const match = HEAD.exec(block.toString('latin1', from, Math.min(to, from + HEAD_BYTES)));
  if (match === null || block[to - 1] !== CLOSING_BRACE) return headOf(parseOutcomeLine(block.toString('utf8', from, to), where));
  // the pattern admits exactly these kinds
  return { index: Number(match[1]), kind: match[2] as OutcomeKind };
}

function headOf({ index, outcome }: Result): LineHead {
  return { index, kind: outcome.kind };
}

/** The whole line. Throws RUN_CORRUPT at `where()`. */
export function parseOutcomeLine(line: string, where: () => string): Result {
  try {
    return parseResult(JSON.parse(line));
  } catch (error) {
    throw damaged(where(), error);
  }
}

export function firstLine(text: string): string {
  return text.split('\n', 1).join('');
}

/** RUN_CORRUPT for a line of the log. */
export function damaged(where: string, cause: unknown): LoligoError {
  const got = firstLine(messageOf(cause));
  const remedy = 'Take the line out of the file: its replica is trained again by the next run.';
  return new LoligoError([{ code: 'RUN_CORRUPT', where, rule: 'each line must be one whole result', got, remedy }], { cause });
}
