/** A direction of parameter space in words: what goes up and down together. */
import { listed } from '../../schemas/wording.ts';
import type { Unknown } from './unknown.ts';

/** Logarithms that differ by less are called the same. */
const SAME = 0.02;
/** What the others' amounts are told for: 10 %. */
const STEP = Math.log(1.1);

export interface Part {
  readonly unknown: Unknown;
  readonly value: number;
  /** of the logarithm for positive parameters, else in the unit */
  readonly amount: number;
}

/** e.g. "gNa, gK, gL and C up together by the same factor, with EL (-0.28 mV per 10 %)" */
export function directionWords(parts: readonly Part[]): string {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return `${first.unknown.name} alone`;
  const factors = parts.filter(({ unknown }) => unknown.positive);
  const shifts = parts.filter(({ unknown }) => !unknown.positive);
  if (factors.length === 0) return shiftWords(shifts);
  if (isExchange(factors) && shifts.length === 0)
    return `${factors[0]!.unknown.name} up by as much as ${factors[1]!.unknown.name} goes down, their sum the same`;
  const largest = factors.reduce((a, b) => (Math.abs(b.amount) > Math.abs(a.amount) ? b : a));
  const unit = STEP / largest.amount;
  const together = factors.filter(({ amount }) => Math.abs(amount / largest.amount - 1) <= SAME);
  const others = factors
    .filter((part) => !together.includes(part))
    .map(({ unknown, amount }) => `${unknown.name} ${percent(amount * unit)}`);
  const moved = shifts.map(({ unknown, amount }) => `${unknown.name} ${signed(amount * unit)} ${unknown.unit}`);
  const lead = `${listed(
    together.map(({ unknown }) => unknown.name),
    'and',
  )} up${together.length > 1 ? ' together by the same factor' : ''}`;
  const rest = [...others, ...moved];
  return rest.length === 0 ? lead : `${lead}, with ${listed(rest, 'and')} for each 10 %`;
}

/** "VT and shift by opposite amounts" or "VT +1 mV, with EK +0.2 mV" */
function shiftWords(shifts: readonly Part[]): string {
  const [first, ...rest] = shifts;
  if (first === undefined) throw new Error('internal: a direction without parts');
  const moved = rest.map(({ unknown, amount }) => `${unknown.name} ${signed(amount / first.amount)} ${unknown.unit}`);
  return `${first.unknown.name} +1 ${first.unknown.unit}, with ${listed(moved, 'and')}`;
}

/** Two parameters of which only the sum counts. */
function isExchange([a, b, ...more]: readonly Part[]): boolean {
  if (a === undefined || b === undefined || more.length > 0 || a.unknown.unit !== b.unknown.unit) return false;
  return Math.abs((a.value * a.amount) / (b.value * b.amount) + 1) <= SAME;
}

function percent(log: number): string {
  return `${signed(100 * (Math.exp(log) - 1))} %`;
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Number(Math.abs(value).toPrecision(2))}`;
}

/** A standard error in borders, e.g. "gL +-130 % (start +-133 %)" or "EL unbounded (start +-6.8 mV)" */
export function errorWords({ name, positive, unit, startSpread, border }: Unknown, errorInBorders: number): string {
  const shown = (amount: number): string =>
    positive ? `${Number((100 * amount).toPrecision(2))} %` : `${Number(amount.toPrecision(2))} ${unit}`;
  const error = errorInBorders * border;
  const size = error <= (positive ? 10 : 1000) ? `+-${shown(error)}` : 'without bound';
  return `${name} ${size}${startSpread > 0 ? ` (start +-${shown(startSpread)})` : ''}`;
}
