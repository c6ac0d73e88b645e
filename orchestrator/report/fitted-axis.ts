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
  const core = accepted.length > 0 ? accepted : middle(rejected);
  const ofCore = core.length > 0 ? [least(core), greatest(core)] : [];
  const ends = ofCore.length + references.length > 0 ? [...ofCore, ...references] : [1, 2];
  const log = positive && least(ends) > 0 && greatest(ends) / least(ends) > 4;
  const forward = log ? Math.log : (value: number) => value;
  const back = log ? Math.exp : (value: number) => value;
  const [low, high] = [forward(least(ends)), forward(greatest(ends))];
  const span = high - low || Math.abs(high) * 0.1 || 1;
  let [nearLow, nearHigh] = [low, high];
  for (const value of rejected) {
    if (positive && !(value > 0)) continue;
    const at = forward(value);
    if (!(at > low - span && at < high + span)) continue;
    nearLow = Math.min(nearLow, at);
    nearHigh = Math.max(nearHigh, at);
  }
  const [from, to] = [back(nearLow - 0.06 * span), back(nearHigh + 0.06 * span)];
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

/** Numbers on a logarithmic axis are written out: 0.003, where the library would say 3m. */
export function scaleOptions(log: boolean): Plot.ScaleOptions {
  return log ? { type: 'log', tickFormat: '~g' } : { type: 'linear' };
}

/** Of a labelled axis; `own` is what it has beside that. */
export function labelledScale({ log, low, high }: Axis, label: string, own: Plot.ScaleOptions = {}): Plot.ScaleOptions {
  const scale: Plot.ScaleOptions = { ...scaleOptions(log), domain: [low, high] };
  return { ...scale, label, labelAnchor: 'center', labelArrow: 'none', ticks: 4, ...own };
}
