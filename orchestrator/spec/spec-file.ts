/** Reads a spec: text, schema and rules. Whoever gets a Spec from here need not check it again; names of parameters and files are resolved later. */
import { readFileSync, statSync } from 'node:fs';
import { LoligoError, messageOf, throwIfAny } from '../../schemas/errors.ts';
import type { Spec } from '../../schemas/generated/types.ts';
import { violationsOf, type Place } from '../../schemas/violations.ts';
import { ruleViolations } from './rules.ts';
import { parseSpecText } from './spec-text.ts';
import { withoutUnsupported } from './unsupported.ts';

/** 4 MiB: 10,000 data entries are about 2. */
export const MAX_SPEC_BYTES = 4 * 1024 * 1024;

/** Throws a LoligoError with every error of the spec at once: SPEC_NOT_READABLE, SPEC_INVALID, SPEC_DISTRIBUTION, SPEC_DUPLICATE_DATA, SPEC_UNSUPPORTED. */
export function readSpec(file: string): Spec {
  return parseSpec(textOf(file), file);
}

/** As readSpec, of a text; `file` is only named in messages. */
export function parseSpec(text: string, file: string): Spec {
  const { value: written, locate } = parseSpecText(text, file);
  const place: Place = { code: 'SPEC_INVALID', root: 'spec', locate };
  const { value, violations } = withoutUnsupported(written, place);
  throwIfAny([...violations, ...violationsOf('spec', value, place), ...ruleViolations(value, place)]);
  return value as Spec; // valid by the schema that the type is generated from
}

function textOf(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > MAX_SPEC_BYTES) throw unreadable(file, `must be at most ${MAX_SPEC_BYTES} bytes`, String(size));
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof LoligoError) throw error;
    throw unreadable(file, 'must be a readable file of UTF-8 text', reasonOf(error), error);
  }
}

function unreadable(file: string, rule: string, got: string, cause?: unknown): LoligoError {
  return new LoligoError([{ code: 'SPEC_NOT_READABLE', where: file, rule, got }], { cause });
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'no such file';
  return code === 'EISDIR' ? 'a folder' : messageOf(error);
}
