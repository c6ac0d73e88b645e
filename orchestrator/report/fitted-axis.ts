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

/** Leading digits of ticks, from dense to sparse. */
const DIGITS = [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]] as const;
/** Share of a small drawing's axis that a number takes, with room beside it. */
const ROOM = 0.16;

/** Ticks of a logarithmic axis whose numbers do not touch: the densest that have room; of many decades every second, third, ... */
export function logTicks(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  const apart = (ticks: readonly number[]): boolean =>
    ticks.every((tick, i) => i === 0 || Math.log10(tick / ticks[i - 1]!) >= ROOM * decades);
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const powers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const within = (every: number, digits: readonly number[]): number[] =>
    powers
      .filter((power) => power % every === 0)
      .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((tick) => tick >= low && tick <= high);
  const dense = DIGITS.map((digits) => within(1, digits)).find(apart);
  for (let every = 2; dense === undefined; every++) {
    const sparse = within(every, [1]);
    if (apart(sparse)) return sparse;
  }
  return dense;
}

/** Pixels for the label beside the axis, and for a character of its numbers. */
const LABEL_ROOM = 28;
const CHARACTER = 7;
const LEAST_MARGIN = 66;
const LINEAR_TICKS = 4;

/** Left of a labelled axis that stands upright, so that its longest number does not run into the label. */
export function leftMargin({ low, high, log }: Pick<Axis, 'log' | 'low' | 'high'>): number {
  const numbers = log ? logTicks(low, high).map(tickText) : [low, high].map((end) => inFull(end, linearDecimals(high - low)));
  return Math.max(LEAST_MARGIN, LABEL_ROOM + CHARACTER * Math.max(0, ...numbers.map((text) => text.length)));
}

/** Of about so many ticks at 1, 2 or 5 times a power of ten. */
function linearDecimals(span: number): number {
  const step = span / LINEAR_TICKS;
  const power = Math.floor(Math.log10(step));
  return Math.min(20, Math.max(0, step / 10 ** power >= Math.sqrt(50) ? -power - 1 : -power));
}

function inFull(value: number, decimals: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** Written out as long as that has room: 100000, then 1e6. */
export function tickText(value: number): string {
  const text = String(value);
  return text.length <= 6 ? text : value.toExponential().replace('+', '');
}

/** Of an axis without a label. Numbers on a logarithmic one are written out: 0.003, where the library would say 3m. */
export function scaleOptions({ log, low, high }: Pick<Axis, 'log' | 'low' | 'high'>): Plot.ScaleOptions {
  const domain = [low, high];
  return log ? { type: 'log', domain, ticks: logTicks(low, high), tickFormat: tickText } : { type: 'linear', domain, ticks: LINEAR_TICKS };
}

/** Of a labelled axis; `own` is what it has beside that. */
export function labelledScale(axis: Pick<Axis, 'log' | 'low' | 'high'>, label: string, own: Plot.ScaleOptions = {}): Plot.ScaleOptions {
  return { ...scaleOptions(axis), label, labelAnchor: 'center', labelArrow: 'none', ...own };
}
