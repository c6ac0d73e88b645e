/**
 * One line of the outcome log: a result, or the withdrawal of the one before it (`{"index":7,"replica":"...","withdrawn":true}`, by `loligo
 * dead retry`). Keys stand in a fixed order, index, replica and kind of outcome first, so that a million lines are indexed by
 * looking at their heads; a line in another order (written by hand) is parsed in full.
 */
import { LoligoError, messageOf } from '../../schemas/errors.ts';
import type { Result } from '../../schemas/generated/types.ts';
import { OUTCOME_KINDS, type OutcomeKind } from '../../schemas/outcome-kind.ts';
import { parseResult } from '../../schemas/parse.ts';

const OUTCOME = `"outcome":\\{"kind":"(${OUTCOME_KINDS.join('|')})"(?:,"error":\\{"code":"([A-Z_]{1,40})")?`;
const HEAD = new RegExp(`^\\{"index":(0|[1-9]\\d{0,14}),"replica":"([0-9a-f]{64})",(?:${OUTCOME}|"withdrawn":true\\}$)`);
/** Longest head: 15 digits of the index, 40 letters of the code and all else fixed. */
const HEAD_BYTES = 224;
const CLOSING_BRACE = 0x7d;

/** What an index of the log needs of a line. `code` is that of a failure. */
export type LineHead =
  | { readonly kind: OutcomeKind; readonly index: number; readonly replica: string; readonly code: string | undefined }
  | { readonly kind: 'withdrawn'; readonly index: number; readonly replica: string };

/** JSON with the end of the line. */
export function outcomeLine(result: Result): string {
  const { index, replica, outcome, ...rest } = result;
  return `${JSON.stringify({ index, replica, outcome: Object.assign({ kind: outcome.kind }, outcome), ...rest })}\n`;
}

/** Takes back the outcome that the log holds of this replica. */
export function withdrawalLine({ index, replica }: Pick<Result, 'index' | 'replica'>): string {
  return `${JSON.stringify({ index, replica, withdrawn: true })}\n`;
}

/** Head of the line in bytes [from, to) of the block, without its end. Throws RUN_CORRUPT at `where()`. */
export function readHead(block: Buffer, from: number, to: number, where: () => string): LineHead {
  const match = block[to - 1] === CLOSING_BRACE ? HEAD.exec(block.toString('latin1', from, Math.min(to, from + HEAD_BYTES))) : null;
  const [, index, replica, kind, code] = match ?? [];
  if (index === undefined || replica === undefined || (kind === 'failed' && code === undefined))
    return headOf(parseOutcomeLine(block.toString('utf8', from, to), where));
  if (kind === undefined) return { kind: 'withdrawn', index: Number(index), replica };
  // the pattern admits exactly these kinds
  return { kind: kind as OutcomeKind, index: Number(index), replica, code };
}

function headOf({ index, replica, outcome }: Result): LineHead {
  return { kind: outcome.kind, index, replica, code: outcome.kind === 'failed' ? outcome.error.code : undefined };
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
