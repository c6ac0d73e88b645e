/** Texts of specs that are right but for one thing, and what a user is told of it. */
import { expect } from 'vitest';
import { parseSpec } from '../../orchestrator/spec/spec-file.ts';
import { LoligoError, type ErrorCode, type Violation } from '../../schemas/errors.ts';

export const HEAD = 'name: test\n';
const DATA = '  data:\n    - synthetic: { stimulus: { step: { amplitude: 10 } }, durationMs: 50 }\n';
export const PROBLEM = `problem:\n  model: hodgkin-huxley\n  infer: [gNa, gK]\n${DATA}`;
export const VALID = HEAD + PROBLEM;

/** A problem with this text in the place of its data entries, of its infer map, or a spec with more top-level lines. */
export const withData = (...entries: string[]): string =>
  `${HEAD}problem:\n  model: hh\n  infer: [gNa]\n  data:\n${entries.map((entry) => `    - ${entry}\n`).join('')}`;
export const withInfer = (infer: string): string => `${HEAD}problem:\n  model: hh\n  infer: ${infer}\n${DATA}`;
export const withMore = (...lines: string[]): string => `${VALID}${lines.join('\n')}\n`;

export interface WrongSpec {
  readonly title: string;
  readonly text: string;
  readonly code?: ErrorCode;
  readonly where: string;
  readonly rule: string | RegExp;
  readonly got?: string;
  readonly remedy?: string | RegExp;
}

export function violationsIn(text: string): readonly Violation[] {
  try {
    parseSpec(text, 'test.yaml');
    return [];
  } catch (error) {
    if (error instanceof LoligoError && error.exitCode === 2) return error.violations;
    throw error;
  }
}

/** One violation, with everything that the case says of it. */
export function expectRefusal({ text, code = 'SPEC_INVALID', where, rule, got, remedy }: WrongSpec): void {
  const expected = {
    code,
    where,
    rule: like(rule),
    ...(got === undefined ? {} : { got }),
    ...(remedy === undefined ? {} : { remedy: like(remedy) }),
  };
  expect(violationsIn(text)).toEqual([expect.objectContaining(expected)]);
}

/** A text, or what a text must match. */
function like(text: string | RegExp): unknown {
  const pattern = typeof text === 'string' ? new RegExp(`^${text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)}$`) : text;
  return expect.stringMatching(pattern);
}
