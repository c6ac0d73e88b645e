/**
 * An axis of values that is fitted to the accepted replicas, so that a rejected outlier does not squash them; logarithmic where positive values
 * reach over a factor of four.
 */
import type * as Plot from '@observablehq/plot';

export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  readonly holds: (value: number) => boolean;
}

/** An axis around the accepted values (all, where none is accepted) and the references, as wide again where rejected ones lie. */
export function fitAxis(accepted: readonly number[], rejected: readonly number[], references: readonly number[], positive: boolean): Axis {
  const core = [...(accepted.length > 0 ? accepted : middle(rejected)), ...references];
  const all = core.length > 0 ? core : [1, 2];
  const log = positive && Math.min(...all) > 0 && Math.max(...all) / Math.min(...all) > 4;
  const forward = log ? Math.log : (value: number) => value;
  const back = log ? Math.exp : (value: number) => value;
  const [low, high] = [forward(least(all)), forward(greatest(all))];
  const span = high - low || Math.abs(high) * 0.1 || 1;
  const near = rejected
    .filter((value) => !positive || value > 0)
    .map(forward)
    .filter((value) => value > low - span && value < high + span);
  const ends = [least([low, ...near]) - 0.06 * span, greatest([high, ...near]) + 0.06 * span] as const;
  const [from, to] = [back(ends[0]), back(ends[1])];
  return { low: from, high: to, log, holds: (value) => value >= from && value <= to };
}

/** The middle nine tenths. */
function middle(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const cut = Math.floor(sorted.length / 20);
  return sorted.slice(cut, sorted.length - cut);
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function greatest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}

/** Of a labelled axis; `own` is what it has beside that. */
export function labelledScale({ log, low, high }: Axis, label: string, own: Plot.ScaleOptions = {}): Plot.ScaleOptions {
  const scale: Plot.ScaleOptions = { type: log ? 'log' : 'linear', domain: [low, high] };
  return { ...scale, label, labelAnchor: 'center', labelArrow: 'none', ticks: 4, ...own };
}
