/** What is computed from the rates of a benchmark, and how it is printed: medians, ratios of paired slices, columns. Pure. */

export function median(values) {
  if (values.length === 0) throw new Error('internal: the median of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median of a[i] / b[i]: slices of one round ran next to each other, so what slows the machine slows both. */
export function pairedRatio(a, b) {
  if (a.length !== b.length) throw new Error(`internal: ${a.length} slices cannot be paired with ${b.length}`);
  return median(a.map((rate, round) => rate / b[round]));
}

/** The rate in a runner's answer, "RATE" or "RATE LOSS". */
export function answeredRate(line) {
  const rate = Number(line.trim().split(/\s+/)[0]);
  if (line.trim() === '' || !(rate > 0) || !Number.isFinite(rate)) throw new Error(`answered "${line}", which is no rate`);
  return rate;
}

/** "a,b" as a list, without blanks. */
export function listOf(text) {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** What an error says, on one line: runners are read line by line. */
export function oneLine(error) {
  return (error instanceof Error ? error.message : String(error)).split('\n').join('; ');
}

/** Last line with text in it: where a program says why it ended. */
export function lastLine(text) {
  return text.trimEnd().split('\n').at(-1)?.trim() ?? '';
}

/**
 * Floating-point operations of one step in matrix products, a fused multiply-add being two: for the value and the time derivative at each
 * point the layer's product and its weight gradient, and the adjoint of every layer's input but the first's. Elementwise work comes on top.
 */
export function matrixProductFlops({ samples, features, width, depth, outputs = 4 }) {
  const sizes = [2 * features, ...Array.from({ length: depth }, () => width), outputs];
  const weights = sizes.slice(1).map((size, l) => size * sizes[l]);
  const sum = weights.reduce((total, count) => total + count, 0);
  const perRow = 2 * (2 * sum + (sum - weights[0]));
  return 2 * samples * perRow;
}

/** Rows of text as a table with a header; the first column is text, the others are numbers to the right. */
export function tableOf(header, rows) {
  const all = [header, ...rows.map((row) => row.map(String))];
  const widths = header.map((_, c) => Math.max(...all.map((row) => row[c].length)));
  const line = (row) => row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join('  ');
  return [line(all[0]), widths.map((width) => '-'.repeat(width)).join('  '), ...all.slice(1).map(line)].join('\n');
}

/** Three digits: what such timings can bear. */
export function digits(value) {
  if (value === null || value === undefined) return '-';
  return Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

export function percent(share) {
  return share === null || share === undefined ? '-' : `${(100 * share).toFixed(1)} %`;
}
