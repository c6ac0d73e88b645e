/** The figure of the physics gap: where, and how far, the networks' V leaves the forward simulation with their own parameters. */
import * as Plot from '@observablehq/plot';
import type { Lock, Summary } from '../../schemas/generated/types.ts';
import type { Band } from '../aggregate/band.ts';
import type { ReportTables } from '../aggregate/aggregate.ts';
import type { ShownData } from '../aggregate/shown-data.ts';
import { distributionNumbers, drawDistribution } from './distribution.ts';
import type { Drawing } from './drawing.ts';
import type { FigureList, KeyEntry } from './figure.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatNumber, plural } from './number-format.ts';
import { COLOUR } from './palette.ts';
import { headingOf } from './reconstruction-section.ts';
import { replicaKey, split } from './replica-marks.ts';
import { bandCells, bandColumns } from './time-course-numbers.ts';
import { bandMarks, panel, timeRange, withTimeAxis } from './time-course.ts';

const WIDTH = 300;
/** Small differences have long numbers. */
const MARGIN_LEFT = 72;

/** Nothing where no shown data have both. */
export function physicsGapFigure(
  lock: Lock,
  { predictive }: Summary,
  { shown, replicas, physicsGaps }: ReportTables,
  figures: FigureList,
): Markup | undefined {
  const courses = shown.flatMap((one) => (one.gap === undefined ? [] : [{ label: headingOf(lock, one), shown: one, gap: one.gap }]));
  if (courses.length === 0) return undefined;
  const values = split(replicas, physicsGaps);
  const distribution = drawDistribution({
    id: 'physics-gap-rms',
    title: 'Root mean square of simulated minus network V',
    description: `${plural(values.accepted.length, 'accepted replica')} with traces, ${values.rejected.length} rejected.`,
    label: 'RMS of simulated \u2212 network V (mV)',
    positive: true,
    ...values,
    references: [],
  });
  const median = predictive.physicsGapMv ?? null;
  return figures.add({
    name: 'physics-gap',
    title: 'Simulated V minus network V of the same replica.',
    size: 'small',
    key: [...courseKey(courses.some(({ shown: one }) => one.replicas > 1)), ...replicaKey(replicas)],
    cells: [
      ...courses.map(({ label, shown: one, gap }) => ({ heading: label, drawing: gapDrawing(label, one, gap, noiseOf(lock, one)) })),
      {
        heading: 'By replica, all data sets',
        drawing: distribution.drawing,
        ...(distribution.beyond === undefined ? {} : { note: distribution.beyond }),
      },
    ],
    numbers: [
      {
        columns: ['data', 'time (ms)', ...bandColumns('simulated minus network V', 'mV')],
        rows: courses.flatMap(({ label, shown: one, gap }) => Array.from(one.tMs, (t, i) => [label, t, ...bandCells(gap, i)])),
      },
      ...distributionNumbers([{ name: 'RMS of simulated minus network V (mV)', distribution }]),
    ],
    caption: html`What the networks lack to be solutions of the equations. A network that fits V but not the equations leaves a gap here,
    and its parameters are then not those of its V. Axes reach a tenth of the noise at
    least.${median !== null && ` Median over accepted replicas that keep their traces: ${formatNumber(median, 2)} mV.`}`,
  });
}

function courseKey(several: boolean): KeyEntry[] {
  if (!several) return [{ mark: 'line', colour: COLOUR.ensemble, text: 'of the one replica' }];
  return [
    { mark: 'line', colour: COLOUR.ensemble, text: 'median' },
    { mark: 'band', colour: COLOUR.ensemble, text: '50 and 95 % of the replicas at each time' },
    { mark: 'thin', colour: COLOUR.ensemble, text: '95 % of whole courses' },
  ];
}

function noiseOf({ resolved }: Lock, { data }: ShownData): number {
  return resolved.problem.data[data]!.sigmaMv;
}

/** Share of the noise below which a gap is none: the axis does not blow it up, nor the rounding of stored traces. */
const NEGLIGIBLE = 0.1;

function gapDrawing(label: string, { data, draw, tMs }: ShownData, gap: Band, noiseMv: number): Drawing {
  const range = timeRange(tMs);
  const floor = NEGLIGIBLE * noiseMv;
  const marks = [Plot.ruleY([-floor, 0, floor], { stroke: COLOUR.rule }), ...bandMarks(tMs, gap)];
  const own = panel(140, range, '\u0394V (mV)', marks);
  return {
    id: `physics-gap-${data}-${draw}`,
    title: `Simulated minus network V, ${label}`,
    description: 'Median and bands over replicas against time.',
    width: WIDTH,
    panels: withTimeAxis([{ ...own, options: { ...own.options, marginLeft: MARGIN_LEFT } }], range),
  };
}
