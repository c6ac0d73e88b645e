/** One distribution for each parameter, and every two of them against each other. */
import type { InferredParameter, Lock, ParameterSummary, Summary } from '../../schemas/generated/types.ts';
import { RESAMPLES } from '../statistics/bootstrap.ts';
import { KERNEL_FACTOR } from '../statistics/kernel-density.ts';
import { tiedParameters } from '../aggregate/parameter-summary.ts';
import type { ReplicaTable } from '../aggregate/replica-table.ts';
import { distributionNumbers, drawDistribution, FEWEST as FEWEST_IN_DENSITY } from './distribution.ts';
import type { DrawnDistribution } from './distribution.ts';
import { renderFinish } from './finish-table.ts';
import type { Cell, KeyEntry, FigureList } from './figure.ts';
import { renderIdentifiability } from './identifiability-table.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatInterval, formatNumber, plural, withUnit } from './number-format.ts';
import type { NumbersTable } from './numbers-table.ts';
import { COLOUR } from './palette.ts';
import { pairFigure } from './pair-section.ts';
import { weightFigures } from './physics-weight.ts';
import { replicaKey, split } from './replica-marks.ts';
import { renderRobustness } from './robustness-table.ts';

/** True values that are drawn as lines. */
const MOST_TRUTHS = 6;

export function renderParameters(lock: Lock, summary: Summary, table: ReplicaTable, figures: FigureList): Markup {
  const { infer } = lock.resolved.problem;
  const estimated = table.estimated.some((flag) => flag === 1);
  const shown = [...infer, ...tiedParameters(lock, table)];
  const known = infer.some(({ name }) => truths(summary.parameters[name]!).length > 0);
  return html`<section id="parameters" aria-labelledby="parameters-heading">
    <h2 id="parameters-heading">Inferred parameters</h2>
    ${!estimated && html`<p>No replica has an estimate.</p>`} ${estimated && distributionFigure(shown, summary, table, figures, known)}
    ${estimated && infer.length > 1 && pairFigure(lock, summary, table, (name) => truths(summary.parameters[name]!), truthLineKey(known), figures)}
    ${estimated && lock.resolved.finish !== undefined && renderFinish(infer, summary)} ${renderIdentifiability(lock, summary)}
    ${summary.counts.accepted > 1 && renderRobustness(infer, summary)} ${estimated && weightFigures(lock, table, figures)}
  </section> `;
}

export function truths({ truth, perTruth }: ParameterSummary): number[] {
  return (truth === undefined ? (perTruth ?? []).map((one) => one.truth) : [truth]).slice(0, MOST_TRUTHS);
}

/** An inferred parameter, or one that is tied to others by an equation. */
type Shown = Pick<InferredParameter, 'name' | 'unit' | 'positive'> & { readonly equation?: string };

function distributionFigure(
  parameters: readonly Shown[],
  summary: Summary,
  table: ReplicaTable,
  figures: FigureList,
  known: boolean,
): Markup {
  const accepted = summary.counts.accepted > 0;
  const drawn = parameters.map((parameter) => {
    const distribution = distributionOf(parameter, summary.parameters[parameter.name]!, table);
    return { name: parameter.name, parameter, distribution };
  });
  return figures.add({
    name: 'parameters',
    title: 'Distribution of each inferred parameter.',
    size: 'small',
    key: [
      ...replicaKey(table),
      ...(accepted
        ? ([{ mark: 'interval', colour: COLOUR.ink, text: 'median, its 95 % interval (thick), 95 % of the accepted (thin)' }] as const)
        : []),
      ...(drawn.some(({ distribution }) => distribution.curve.length > 0)
        ? [{ mark: 'line', colour: COLOUR.ink, text: 'density of the accepted' } as const]
        : []),
      ...truthLineKey(known),
    ],
    cells: drawn.map(({ parameter, distribution }) => distributionCell(parameter, distribution, table)),
    numbers: [summaryNumbers(parameters, summary), ...distributionNumbers(drawn)],
    caption: html`A dot for each replica, or a histogram where there are many. The curve is the density of the accepted (in the units of the
    bars; over dots its height is free), by normal kernels on the parameter’s scale (ln for positive ones); their width is Silverman’s rule
    of thumb (1986, eq. 3.31), ${KERNEL_FACTOR} min(s, IQR / 1.34) n<sup>−1/5</sup>; none is drawn of fewer than ${FEWEST_IN_DENSITY}.
    Interval of the median: BCa, from ${RESAMPLES} bootstrap samples, drawn first over data sets, then over configurations, then over seeds.
    The axis is fitted to the accepted replicas; rejected ones that lie far off are counted below.`,
  });
}

function truthLineKey(known: boolean): KeyEntry[] {
  return known ? [{ mark: 'reference', colour: COLOUR.truth, text: 'truth' }] : [];
}

function summaryNumbers(shown: readonly Shown[], { parameters }: Summary): NumbersTable {
  return {
    columns: ['parameter', 'unit', 'replicas', 'median', 'median 95 % from', 'median 95 % to', '2.5 %', '25 %', '75 %', '97.5 %', 'truth'],
    rows: shown.map(({ name, unit }) => {
      const { n, median, ci95, quantiles, truth } = parameters[name]!;
      return [name, unit, n, median, ci95?.[0], ci95?.[1], quantiles['2.5'], quantiles['25'], quantiles['75'], quantiles['97.5'], truth];
    }),
  };
}

function distributionOf(parameter: Shown, summary: ParameterSummary, table: ReplicaTable): DrawnDistribution {
  const { name, unit, positive } = parameter;
  const { n, median, ci95, quantiles } = summary;
  const [low, high] = [quantiles['2.5'], quantiles['97.5']];
  const values = split(table, (table.parameters[name] ?? table.tied[name])!);
  const label = withUnit(name, unit);
  const about = `${plural(n, 'accepted replica')}, ${values.rejected.length} rejected. Median ${formatNumber(median)}, 95 % interval of the median ${formatInterval(ci95)}.`;
  return drawDistribution({
    id: `distribution-${name}`,
    title: `Distribution of ${name}`,
    description: about,
    label,
    positive,
    ...values,
    references: truths(summary).map((value) => ({ value, colour: COLOUR.truth, dashed: false })),
    ...(median === null ? {} : { summary: { median, ci95, replicas95: low === null || high === null ? null : ([low, high] as const) } }),
  });
}

function distributionCell({ name, equation }: Shown, { drawing, beyond }: DrawnDistribution, table: ReplicaTable): Cell {
  return {
    heading: name,
    drawing,
    note: [equation === undefined ? startNote(table.starts[name]!) : `Tied: ${equation}.`, beyond]
      .filter((text) => text !== undefined)
      .join(' '),
  };
}

function startNote(starts: Float64Array): string {
  const finite = starts.filter(Number.isFinite);
  if (finite.length === 0) return '';
  const shown = (value: number): number => Number(value.toPrecision(3));
  const [low, high] = [shown(finite.reduce((a, b) => Math.min(a, b))), shown(finite.reduce((a, b) => Math.max(a, b)))];
  return low === high ? `First guess ${formatNumber(low, 3)}.` : `First guesses from ${formatInterval([low, high], 3)}.`;
}
