/** One distribution for each parameter, and every two of them against each other. */
import type { InferredParameter, Lock, ParameterSummary, Summary } from '../../schemas/generated/types.ts';
import { RESAMPLES } from '../statistics/bootstrap.ts';
import { rankCorrelation } from '../statistics/rank-correlation.ts';
import type { ReplicaTable } from '../aggregate/replica-table.ts';
import { drawDistribution } from './distribution.ts';
import { renderDrawing } from './drawing.ts';
import { renderFigure } from './figure.ts';
import { renderFinish } from './finish-table.ts';
import type { Cell, KeyEntry } from './figure.ts';
import { renderIdentifiability } from './identifiability-table.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatInterval, formatNumber, plural, withUnit } from './number-format.ts';
import { COLOUR } from './palette.ts';
import { drawPair } from './pair.ts';
import type { PairAxis } from './pair.ts';
import { weightFigures } from './physics-weight.ts';
import type { FigureNumbers } from './reconstruction-section.ts';
import { replicaKey, split } from './replica-marks.ts';
import { renderRobustness } from './robustness-table.ts';

/** Parameters in the pair plot; their number of panels grows with its square. */
const MOST_PAIRED = 5;
/** True values that are drawn as lines. */
const MOST_TRUTHS = 6;

export function renderParameters(lock: Lock, summary: Summary, table: ReplicaTable, numbers: FigureNumbers): Markup {
  const { infer } = lock.resolved.problem;
  const estimated = table.estimated.some((flag) => flag === 1);
  const known = infer.some(({ name }) => truths(summary.parameters[name]!).length > 0);
  return html`<section id="parameters" aria-labelledby="parameters-heading">
    <h2 id="parameters-heading">Inferred parameters</h2>
    ${!estimated && html`<p>No replica has an estimate.</p>`} ${estimated && distributionFigure(infer, summary, table, numbers, known)}
    ${estimated && infer.length > 1 && pairFigure(infer, summary, table, numbers, known)}
    ${estimated && lock.resolved.finish !== undefined && renderFinish(infer, summary)} ${renderIdentifiability(infer, summary)}
    ${summary.counts.accepted > 1 && renderRobustness(infer, summary)} ${estimated && weightFigures(lock, table, numbers)}
  </section> `;
}

export function truths({ truth, perTruth }: ParameterSummary): number[] {
  return (truth === undefined ? (perTruth ?? []).map((one) => one.truth) : [truth]).slice(0, MOST_TRUTHS);
}

function distributionFigure(
  infer: readonly InferredParameter[],
  summary: Summary,
  table: ReplicaTable,
  numbers: FigureNumbers,
  known: boolean,
): Markup {
  const accepted = summary.counts.accepted > 0;
  return renderFigure({
    number: numbers.next(),
    title: 'Distribution of each inferred parameter.',
    size: 'small',
    key: [
      ...replicaKey(table),
      ...(accepted
        ? ([{ mark: 'interval', colour: COLOUR.ink, text: 'median, its 95 % interval (thick), 95 % of the accepted (thin)' }] as const)
        : []),
      ...truthLineKey(known),
    ],
    cells: infer.map((parameter) => distributionCell(parameter, summary.parameters[parameter.name]!, table)),
    caption: html`A dot for each replica, or a histogram where there are many. Interval of the median: BCa, from ${RESAMPLES} bootstrap
    samples, drawn first over data sets, then over configurations, then over seeds. The axis is fitted to the accepted replicas; rejected
    ones that lie far off are counted below.`,
  });
}

function truthLineKey(known: boolean): KeyEntry[] {
  return known ? [{ mark: 'reference', colour: COLOUR.truth, text: 'truth' }] : [];
}

function distributionCell(parameter: InferredParameter, summary: ParameterSummary, table: ReplicaTable): Cell {
  const { name, unit, positive } = parameter;
  const { n, median, ci95, quantiles } = summary;
  const [low, high] = [quantiles['2.5'], quantiles['97.5']];
  const values = split(table, table.parameters[name]!);
  const label = withUnit(name, unit);
  const about = `${plural(n, 'accepted replica')}, ${values.rejected.length} rejected. Median ${formatNumber(median)}, 95 % interval of the median ${formatInterval(ci95)}.`;
  const { drawing, beyond } = drawDistribution({
    id: `distribution-${name}`,
    title: `Distribution of ${name}`,
    description: about,
    label,
    positive,
    ...values,
    references: truths(summary).map((value) => ({ value, colour: COLOUR.truth, dashed: false })),
    ...(median === null ? {} : { summary: { median, ci95, replicas95: low === null || high === null ? null : ([low, high] as const) } }),
  });
  return {
    heading: name,
    svg: renderDrawing(drawing),
    note: [startNote(table.starts[name]!), beyond].filter((text) => text !== undefined).join(' '),
  };
}

function startNote(starts: Float64Array): string {
  const finite = starts.filter(Number.isFinite);
  if (finite.length === 0) return '';
  const [low, high] = [finite.reduce((a, b) => Math.min(a, b)), finite.reduce((a, b) => Math.max(a, b))];
  return low === high ? `First guess ${formatNumber(low, 3)}.` : `First guesses from ${formatInterval([low, high], 3)}.`;
}

function pairFigure(
  infer: readonly InferredParameter[],
  summary: Summary,
  table: ReplicaTable,
  numbers: FigureNumbers,
  known: boolean,
): Markup {
  const chosen = infer.slice(0, MOST_PAIRED);
  const couples = chosen.flatMap((y, j) => chosen.slice(0, j).map((x) => [x, y] as const));
  return renderFigure({
    number: numbers.next(),
    title: 'Parameters against each other.',
    key: [...replicaKey(table), ...truthLineKey(known)],
    size: 'small',
    cells: couples.map(([x, y]) => pairCell(x, y, summary, table)),
    caption: html`A dot for each replica (at most 500 of each kind are drawn, evenly chosen). Dots along a line say that the data fix a
    combination of the two better than either. ρ is Spearman’s rank correlation over accepted
    replicas.${infer.length > chosen.length && ` Only the first ${MOST_PAIRED} of ${infer.length} parameters are paired.`}`,
  });
}

function pairCell(x: InferredParameter, y: InferredParameter, summary: Summary, table: ReplicaTable): Cell {
  const axisOf = ({ name, unit, positive }: InferredParameter): PairAxis => ({
    label: withUnit(name, unit),
    positive,
    ...split(table, estimatedOnly(table, name)),
    truths: truths(summary.parameters[name]!),
  });
  const axes = { x: axisOf(x), y: axisOf(y) };
  const correlation = rankCorrelation(axes.x.accepted, axes.y.accepted);
  const { drawing, beyond } = drawPair({
    id: `pair-${x.name}-${y.name}`,
    title: `${y.name} against ${x.name}`,
    description: `Rank correlation ${formatNumber(correlation, 2)} over ${plural(axes.x.accepted.length, 'accepted replica')}.`,
    ...axes,
  });
  const rho = correlation === null ? '' : `\u03c1 = ${formatNumber(correlation, 2)}.`;
  return { svg: renderDrawing(drawing), note: `${rho}${beyond === 0 ? '' : ` ${plural(beyond, 'replica')} beyond the axes.`}` };
}

/** A parameter's column, with nothing where any other parameter has no estimate: pairs stay pairs. */
function estimatedOnly(table: ReplicaTable, name: string): Float64Array {
  return table.parameters[name]!.map((value, row) => (table.estimated[row] === 1 ? value : NaN));
}
