import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { canonicalJson, contentId } from '../../schemas/content-id.ts';

describe('canonical JSON', () => {
  // The example of RFC 8785, section 3.2.2 and 3.2.3.
  test('is that of the example in RFC 8785', () => {
    const value: unknown = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    );
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  // The keys of RFC 8785, section 3.2.3.
  test('sorts keys by UTF-16 code units', () => {
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\u{1f600}', '\u0080', '\u00f6'];
    const text = canonicalJson(Object.fromEntries(keys.map((key) => [key, null])));
    expect(text).toBe('{"\\r":null,"1":null,"\u0080":null,"\u00f6":null,"\u20ac":null,"\u{1f600}":null,"\ufb33":null}');
  });

  test('writes -0 as 0', () => {
    expect(canonicalJson([-0, 0])).toBe('[0,0]');
  });

  test.each([NaN, Infinity, undefined, 1n, () => 1, new Date(0), new Map(), Symbol('x')])('refuses %s', (value) => {
    expect(() => canonicalJson({ a: [value] })).toThrow(/^internal: a has no canonical JSON/);
  });
});

test('a content id is the SHA-256 of the canonical JSON and blind to the order of keys', () => {
  const expected = createHash('sha256').update('{"a":1,"b":[2,"x"]}').digest('hex');
  expect(contentId({ b: [2, 'x'], a: 1 })).toBe(expected);
  expect(contentId({ a: 1, b: [2, 'x'] })).toBe(expected);
});
