/** Numbers and units as people read them: significant digits, a real minus sign, powers of ten only where needed. */

const MINUS = '\u2212';
/** What stands where there is no number. */
export const NOTHING = '\u2013';

/** So many significant digits; `\u2013` for null and NaN. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NOTHING;
  if (!Number.isFinite(value)) return value > 0 ? '\u221e' : `${MINUS}\u221e`;
  if (value === 0) return '0';
  const exponent = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
  if (exponent < -4 || exponent > 6) return scientific(value, digits);
  return signed(value.toFixed(Math.max(0, digits - 1 - exponent)));
}

function scientific(value: number, digits: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential(digits - 1).split('e');
  const raised = Array.from(exponent.replace('+', ''))
    .map((c) => (c === '-' ? '\u207b' : '\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079'[Number(c)]))
    .join('');
  return `${signed(mantissa)} \u00d7 10${raised}`;
}

function signed(text: string): string {
  return text.replace('-', MINUS);
}

/** A count with thin spaces between thousands. */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** A share as per cent: two significant digits, at most one decimal above 10. */
export function formatPercent(share: number | null | undefined, options: { readonly sign?: boolean } = {}): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return NOTHING;
  const percent = 100 * share;
  // as it will be rounded: 0.996 is shown as 1.0
  const size = Number(Math.abs(percent).toPrecision(2));
  const text = signed(percent.toFixed(size >= 10 || size === 0 ? 0 : size >= 1 ? 1 : 2));
  return `${options.sign === true && percent > 0 ? '+' : ''}${text}\u00a0%`;
}

export function formatInterval(range: readonly [number, number] | null, digits = 4): string {
  return range === null ? NOTHING : `${formatNumber(range[0], digits)} to ${formatNumber(range[1], digits)}`;
}

/** `uA/cm2` as \u00b5A/cm\u00b2; the pure number 1 as nothing. */
export function formatUnit(unit: string): string {
  if (unit === '1') return '';
  return unit
    .replace(/\bu(?=[A-Z])/g, '\u00b5')
    .replace(/(?<=[a-zA-Z])2\b/g, '\u00b2')
    .replace(/(?<=[a-zA-Z])3\b/g, '\u00b3');
}

/** A name with its unit, for axes and headers. */
export function withUnit(name: string, unit: string): string {
  const shown = formatUnit(unit);
  return shown === '' ? name : `${name} (${shown})`;
}

/** As it was given, all its digits. */
export function formatExact(value: number): string {
  return signed(String(value));
}

/** A median of counts: a whole number, or one digit after the point. */
export function formatMedianCount(value: number | null): string {
  return value === null ? NOTHING : signed(String(Math.round(10 * value) / 10));
}

/** A duration with the unit that fits it. */
export function formatSeconds(seconds: number): string {
  if (seconds < 120) return `${formatNumber(seconds, 3)} s`;
  if (seconds < 7200) return `${formatNumber(seconds / 60, 3)} min`;
  return `${formatNumber(seconds / 3600, 3)} h`;
}

/** One of a thing, or several: `plural(2, 'replica')` is "2 replicas". */
export function plural(count: number, thing: string, things = `${thing}s`): string {
  return `${formatCount(count)} ${count === 1 ? thing : things}`;
}
