/** Estimates from spike to spike, where each spike or window is fitted by itself. */
import * as Plot from '@observablehq/plot';
import type { AcrossSpikes, InferredParameter, Lock, Summary } from '../../schemas/generated/types.ts';
import { quantile, sortedFinite } from '../../schemas/sample-quantile.ts';
import type { ReplicaTable } from '../aggregate/replica-table.ts';
import { windowRows } from '../aggregate/window-summary.ts';
import { fitAxis, labelledScale, leftMargin } from './fitted-axis.ts';
import type { Drawing } from './drawing.ts';
import type { FigureList } from './figure.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatNumber, formatPercent, formatUnit, plural, withUnit } from './number-format.ts';
import { COLOUR } from './palette.ts';

export function renderSpikes(lock: Lock, { acrossSpikes }: Summary, table: ReplicaTable, figures: FigureList): Markup | undefined {
  if (acrossSpikes === undefined) return undefined;
  const { data, infer } = lock.resolved.problem;
  const windows = [...windowRows(data, table).values()];
  return html`<section id="spikes" aria-labelledby="spikes-heading">
    <h2 id="spikes-heading">From spike to spike</h2>
    ${figures.add({
      name: 'across-spikes',
      title: `Parameters in each of ${plural(windows.length, 'window')}.`,
      key: [{ mark: 'interval', colour: COLOUR.ensemble, text: 'median and middle half of the accepted replicas on one window' }],
      size: 'small',
      cells: infer.map((parameter) => ({
        heading: parameter.name,
        drawing: windowDrawing(parameter, windowQuartiles(parameter, windows, table)),
        note: inWords(parameter, acrossSpikes[parameter.name]!, windowQuartiles(parameter, windows, table)),
      })),
      numbers: [
        {
          columns: ['parameter', 'unit', 'window', '25 %', 'median', '75 %'],
          rows: infer.flatMap((parameter) =>
            windowQuartiles(parameter, windows, table).map(({ window, low, median, high }) => [
              parameter.name,
              parameter.unit,
              window,
              low,
              median,
              high,
            ]),
          ),
        },
      ],
      caption: html`Windows in the order of the recording, each fitted by itself. CV: standard deviation over mean of the windows’ medians;
      SD: the standard deviation, of what may be negative. ICC: intraclass correlation, the share of the variance that lies between windows;
      near 1 the windows differ, near 0 their differences are those of replicas on one window. Drift: Theil’s slope along the order, p by
      Mann’s test.`,
    })}
  </section> `;
}

/** The zero of a potential is arbitrary, and so would be a share of it. */
function inWords({ positive, unit }: InferredParameter, { cv, icc, drift }: AcrossSpikes, windows: readonly WindowQuartiles[]): string {
  const slope = drift?.perWindow ?? null;
  const inUnit = `${slope !== null && slope > 0 ? '+' : ''}${formatNumber(slope, 2)} ${formatUnit(unit)}`;
  const perWindow = positive ? formatPercent(slope, { sign: true }) : inUnit;
  const spread = positive ? `CV ${formatPercent(cv)}` : `SD ${formatNumber(deviation(windows), 2)} ${formatUnit(unit)}`;
  return [
    `${spread}${icc === null ? '' : `, ICC ${formatNumber(icc, 2)}`}.`,
    ...(drift === null ? [] : [`Drift ${perWindow} a window (p = ${formatNumber(drift.p, 2)}).`]),
  ].join(' ');
}

function deviation(windows: readonly WindowQuartiles[]): number {
  const medians = windows.flatMap(({ median }) => median ?? []);
  const mean = medians.reduce((sum, value) => sum + value, 0) / medians.length;
  return Math.sqrt(medians.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (medians.length - 1));
}

interface WindowQuartiles {
  /** from 1 */
  readonly window: number;
  readonly low: number | null;
  readonly median: number | null;
  readonly high: number | null;
}

function windowQuartiles({ name }: InferredParameter, windows: readonly (readonly number[])[], table: ReplicaTable): WindowQuartiles[] {
  const column = table.parameters[name]!;
  return windows.map((members, i) => {
    const sorted = sortedFinite(members.map((row) => column[row]!));
    return { window: i + 1, low: quantile(sorted, 0.25), median: quantile(sorted, 0.5), high: quantile(sorted, 0.75) };
  });
}

function windowDrawing({ name, unit, positive }: InferredParameter, rows: readonly WindowQuartiles[]): Drawing {
  const ends = rows.flatMap(({ low, high }) => [low, high]).filter((value) => value !== null);
  const fitted = fitAxis(ends, [], [], positive);
  const marks = [
    Plot.link(rows, { y1: 'low', y2: 'high', x1: 'window', x2: 'window', stroke: COLOUR.ensemble, strokeWidth: 2 }),
    Plot.dot(rows, { y: 'median', x: 'window', r: 3, fill: COLOUR.paper, stroke: COLOUR.ensemble, strokeWidth: 1.8 }),
  ];
  const y = labelledScale(fitted, withUnit(name, unit), { grid: true });
  const x: Plot.ScaleOptions = {
    domain: [0.5, rows.length + 0.5],
    label: 'window',
    labelAnchor: 'center',
    labelArrow: 'none',
    ticks: Math.min(6, rows.length),
    tickFormat: 'd',
    tickSize: 4,
  };
  return {
    id: `spikes-${name}`,
    title: `${name} by window`,
    description: `Medians from ${formatNumber(rows[0]?.median)} in the first window to ${formatNumber(rows.at(-1)?.median)} in the last.`,
    width: 300,
    panels: [{ height: 220, options: { marginTop: 8, marginBottom: 42, marginLeft: leftMargin(fitted), x, y, marks } }],
  };
}
