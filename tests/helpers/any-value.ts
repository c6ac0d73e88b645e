/** Matchers for a value of some type, typed as unknown so that nothing unchecked leaks from them. */
import { expect } from 'vitest';

export const ANY_TEXT: unknown = expect.any(String);
export const ANY_NUMBER: unknown = expect.any(Number);
export const ANY_LIST: unknown = expect.any(Array);
