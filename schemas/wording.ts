/** How messages word what they have in common: lists, and the known word that a mistyped one was probably meant to be. */
import { distance } from 'fastest-levenshtein';

/** "a", "a and b", "a, b or c" */
export function listed(parts: readonly string[], conjunction: 'and' | 'or'): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} ${conjunction} ${parts.at(-1)}`;
}

/** A word of `known` that a mistyped word was probably meant to be: at least half of its letters stay, whatever their case. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known.map((item) => ({ item, likeness: likeness(word, item) })).toSorted((a, b) => b.likeness - a.likeness);
  return best !== undefined && best.likeness >= 0.5 ? best.item : undefined;
}

/** `Did you mean "X"?`, where a known word is near. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const meant = nearest(word, known);
  return meant === undefined ? undefined : `Did you mean "${meant}"?`;
}

/** Share of the letters that need no edit, 0 to 1. */
export function likeness(a: string, b: string): number {
  return 1 - distance(a.toLowerCase(), b.toLowerCase()) / Math.max(a.length, b.length, 1);
}
