/** What the estimates' spread goes with: a share of the variance for each axis of the sweep. */
import * as Plot from '@observablehq/plot';
import type { InferredParameter, Lock, Summary, VarianceDesign, VarianceShare } from '../../schemas/generated/types.ts';
import { SHARE_RESAMPLES } from '../statistics/share-interval.ts';
import type { Drawing } from './drawing.ts';
import type { FigureList } from './figure.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatPercent, plural } from './number-format.ts';
import { COLOUR } from './palette.ts';
import { renderTable } from './table.ts';

const NAMES: Readonly<Record<string, string>> = { data: 'data set', draw: 'noise draw', residual: 'the rest' };
/** Shares below this are not worth a sentence. */
const WORTH = 0.1;

type Shares = Readonly<Record<string, VarianceShare>>;

export function renderVariance(lock: Lock, { varianceDesign, varianceShares }: Summary, figures: FigureList): Markup | undefined {
  if (varianceDesign === undefined || varianceShares === undefined) return undefined;
  const drawn = lock.resolved.problem.infer.filter(({ name }) => varianceShares[name] !== undefined);
  const levels = Object.entries(varianceDesign.axes).map(([axis, count]) => `${nameOf(axis)} (${count})`);
  return html`<section id="variance" aria-labelledby="variance-heading">
    <h2 id="variance-heading">What the spread goes with</h2>
    ${figures.add({
      name: 'variance',
      title: 'Shares of the variance of each parameter.',
      key: [{ mark: 'interval', colour: COLOUR.ensemble, text: 'share that an axis explains by itself, with its 95 % interval' }],
      size: 'small',
      cells: drawn.map((parameter) => ({
        heading: parameter.name,
        drawing: shareDrawing(parameter, varianceShares[parameter.name]!),
        note: inWords(varianceShares[parameter.name]!),
      })),
      numbers: [
        {
          columns: ['parameter', 'axis', 'share', '95 % from', '95 % to', 'total index'],
          rows: drawn.flatMap(({ name }) =>
            Object.entries(varianceShares[name]!).map(([axis, { share, ci95, total }]) => [name, axis, share, ...ci95, total]),
          ),
        },
      ],
      caption: html`Variance of the estimates (of their logarithms, where positive) over ${plural(varianceDesign.n, 'accepted replica')}, by
      axis of the sweep and its number of levels: ${levels.join(', ')}. ${method(varianceDesign)} The rest is what no axis explains by
      itself: chance of single trainings, and interactions. Intervals are of ${SHARE_RESAMPLES} parametric bootstrap samples; they hold for
      the levels that the sweep has, and say nothing of others.`,
    })}
    ${shareTable(drawn, varianceDesign, varianceShares)}
  </section> `;
}

function method({ estimator }: VarianceDesign): string {
  return estimator === 'anova'
    ? 'Analysis of variance of the balanced factorial: omega squared, and with interactions the total Sobol index.'
    : 'The accepted replicas are no balanced factorial, so components are of random effects, by restricted maximum likelihood.';
}

function nameOf(axis: string): string {
  return NAMES[axis] ?? axis;
}

function inWords(shares: Shares): string {
  const [largest] = Object.entries(shares).toSorted(([, a], [, b]) => b.share - a.share);
  return largest === undefined || largest[1].share < WORTH
    ? ''
    : `Most goes with ${nameOf(largest[0])}: ${formatPercent(largest[1].share)}.`;
}

function shareDrawing({ name }: InferredParameter, shares: Shares): Drawing {
  const rows = Object.entries(shares).map(([axis, { share, ci95 }]) => ({ axis: nameOf(axis), share, low: ci95[0], high: ci95[1] }));
  const marks = [
    Plot.link(rows, { x1: 'low', x2: 'high', y1: 'axis', y2: 'axis', stroke: COLOUR.ensemble, strokeWidth: 2.5 }),
    Plot.dot(rows, { x: 'share', y: 'axis', r: 4, fill: COLOUR.paper, stroke: COLOUR.ensemble, strokeWidth: 2 }),
  ];
  const x: Plot.ScaleOptions = {
    domain: [0, 1],
    label: 'share of the variance',
    labelAnchor: 'center',
    labelArrow: 'none',
    tickFormat: '.0%',
    ticks: 4,
    tickSize: 4,
    grid: true,
  };
  const y: Plot.ScaleOptions = { type: 'point', domain: rows.map(({ axis }) => axis), label: null, tickSize: 0 };
  return {
    id: `variance-${name}`,
    title: `Variance shares of ${name}`,
    description: rows
      .map(({ axis, share, low, high }) => `${axis}: ${formatPercent(share)}, ${formatPercent(low)} to ${formatPercent(high)}.`)
      .join(' '),
    width: 300,
    panels: [{ height: 60 + 22 * rows.length, options: { marginLeft: 104, marginRight: 20, marginTop: 6, marginBottom: 42, x, y, marks } }],
  };
}

function shareTable(
  infer: readonly InferredParameter[],
  { estimator }: VarianceDesign,
  shares: NonNullable<Summary['varianceShares']>,
): Markup {
  const axes = Object.keys(shares[infer[0]?.name ?? ''] ?? {});
  const cell = ({ share, ci95, total }: VarianceShare): Markup =>
    html`<td class="number">
      ${formatPercent(share)}<span class="below">${formatPercent(ci95[0])} to ${formatPercent(ci95[1])}</span
      >${total !== undefined && html`<span class="below">total ${formatPercent(total)}</span>`}
    </td>`;
  return renderTable({
    label: 'Variance shares',
    caption: html`Shares of the variance, below them their 95 %
    intervals${estimator === 'anova' && ' and the total index, with every interaction that the axis takes part in'}.`,
    rows: html`<thead>
        <tr>
          <th scope="col">Parameter</th>
          ${axes.map((axis) => html`<th scope="col" class="number">${nameOf(axis)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${infer.map(
          ({ name }) =>
            html`<tr>
              <th scope="row">${name}</th>
              ${axes.map((axis) => cell(shares[name]![axis]!))}
            </tr>`,
        )}
      </tbody>`,
    width: 'fit',
  });
}
