import { expect, test } from 'vitest';
import { reconnectPace } from '../../schemas/reconnect-pace.ts';

test('the first try is due at once, the next one after the pause and no more than a fifth of it, whatever the time of day says', () => {
  let ms = 5000;
  const pace = reconnectPace(500, () => ms);
  expect(pace()).toBe(-Infinity);
  const left = pace();
  expect(left).toBeGreaterThanOrEqual(500);
  expect(left).toBeLessThanOrEqual(600);
  ms += left - 1;
  expect(pace()).toBeCloseTo(1);
  ms += 1;
  expect(pace()).toBe(-Infinity);
  expect(pace()).toBeGreaterThanOrEqual(500);
});
