/** The coverages that intervals are given at, by the name that summary.json has for them. */
export const LEVELS = { '50': 0.5, '80': 0.8, '95': 0.95 } as const;
export type Level = keyof typeof LEVELS;

export function byLevel<T>(of: (probability: number, level: Level) => T): Record<Level, T> {
  return { '50': of(LEVELS['50'], '50'), '80': of(LEVELS['80'], '80'), '95': of(LEVELS['95'], '95') };
}
