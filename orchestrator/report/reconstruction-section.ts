/** Figures of V and of the hidden gates for the data that are shown, and the table of how well and how alike they are reconstructed. */
import type { Lock, Summary } from '../../schemas/generated/types.ts';
import { MOST_SHOWN } from '../aggregate/shown-data.ts';
import type { ShownData } from '../aggregate/shown-data.ts';
import type { ReportTables } from '../aggregate/aggregate.ts';
import type { Meanings } from './answer.ts';
import type { Drawing } from './drawing.ts';
import type { Cell, KeyEntry, FigureList } from './figure.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatNumber, plural, withUnit } from './number-format.ts';
import { COLOUR } from './palette.ts';
import { renderSpikeShape } from './spike-shape-section.ts';
import { renderTable } from './table.ts';
import { bandNumbers, observedNumbers } from './time-course-numbers.ts';
import type { NamedCourse } from './time-course-numbers.ts';
import { variabilityDrawing } from './variability-drawing.ts';
import { gateDrawing, voltageDrawing } from './time-course.ts';
import type { Observation, TimeCourse } from './time-course.ts';

const WIDE = 860;
const NARROW = 420;

export function renderReconstruction(
  lock: Lock,
  summary: Summary,
  tables: ReportTables,
  observations: ReadonlyMap<string, Observation>,
  figures: FigureList,
  meanings: Meanings,
): Markup {
  const { shown } = tables;
  if (shown.length === 0) return html``;
  const drawn = shown.filter(({ key, ensemble }) => ensemble !== 'none' || observations.has(key));
  const hasTruth = drawn.some(({ key }) => observations.get(key)?.truth !== undefined);
  const hasGates = drawn.some(({ states }) => Object.keys(states).length > 1);
  const hasCourses = drawn.some(({ ensemble }) => ensemble !== 'none');
  return html`<section id="reconstruction" aria-labelledby="reconstruction-heading">
    <h2 id="reconstruction-heading">Reconstructed time courses</h2>
    ${drawn.length > 0 && voltageFigure(lock, tables, drawn, observations, figures, hasTruth)}
    ${hasGates && gateFigure(lock, summary, drawn, observations, figures, hasTruth, meanings)}
    ${tables.variability.length > 0 && variabilityFigure(lock, summary, tables.variability, observations, figures)}
    ${!hasCourses && html`<p>${whyNoCourses(summary)}, so there are no bands to draw.</p>`} ${reconstructionTable(summary)}
    ${renderSpikeShape(summary, tables, observations, figures)}
  </section> `;
}

/** A replica that diverged or failed has none to keep. */
function whyNoCourses({ counts }: Summary): Markup {
  if (counts.finished === 0) return html`No replica has finished yet`;
  if (counts.converged + counts.stopped === 0) return html`No replica was trained through`;
  return html`No time courses were kept (<code>traces.replicas</code> of the spec)`;
}

function voltageFigure(
  lock: Lock,
  { fittedData }: ReportTables,
  drawn: readonly ShownData[],
  observations: ReadonlyMap<string, Observation>,
  figures: FigureList,
  hasTruth: boolean,
): Markup {
  const which =
    fittedData > drawn.length
      ? `${drawn.length} of ${fittedData} data sets, spread evenly over all (at most ${MOST_SHOWN} are drawn)`
      : fittedData === 1
        ? 'the one data set'
        : fittedData === 2
          ? 'both data sets'
          : `all ${fittedData} data sets`;
  const hasBands = drawn.some(({ states }) => states['V'] !== undefined);
  return figures.add({
    name: 'voltage',
    title: hasBands ? `Data and reconstruction of V, ${which}.` : `Data, ${which}.`,
    key: [
      ...(drawn.some(({ key }) => observations.has(key)) ? [{ mark: 'dot', colour: COLOUR.observed, text: 'data' } as const] : []),
      ...(hasBands ? bandKey(drawn) : []),
      ...(drawn.some(({ simulatedV }) => simulatedV !== undefined) ? [simulatedKey] : []),
      ...truthKey(hasTruth && hasBands),
    ],
    cells: drawn.map((shown) =>
      cell(lock, shown, observations.get(shown.key), `voltage-${shown.data}-${shown.draw}`, drawn.length === 1, voltageDrawing),
    ),
    numbers: [
      ...(hasBands ? [bandNumbers(named(lock, drawn, observations), { V: 'mV' })] : []),
      observedNumbers(named(lock, drawn, observations), lock.resolved.problem.currentUnit),
    ],
    caption: hasBands ? bandCaption(lock, drawn) : html`Top: V as measured. Bottom: the stimulus.`,
  });
}

function bandCaption(lock: Lock, drawn: readonly ShownData[]): Markup {
  const sigma = [...new Set(drawn.map(({ data }) => formatNumber(lock.resolved.problem.data[data]?.sigmaMv, 2)))].join(', ');
  return html`Top: the data, V as the networks give it, and V of forward simulations with the inferred parameters and initial values. Middle
  (ΔV): the same minus the networks’ median, where differences that a spike hides can be seen (cut off at the axis; the noise is taken as
  ${sigma} mV). Bottom: the stimulus. ${bandWords(drawn)} Where the simulation leaves the networks, these break their own equations.`;
}

/** Nothing where every line is that of a single replica. */
function bandWords(drawn: readonly ShownData[]): string {
  if (!hasSeveral(drawn)) return '';
  return `Bands are quantiles over ${whose(drawn)} at each time, not smoothed. Thin lines: the simultaneous band, hull of the 95 % of the replicas whose largest deviation from the median, in units of the 95 % band there, is smallest (Myllym\u00e4ki et al. 2015); of all replicas, where there are fewer than 20.`;
}

function hasSeveral(drawn: readonly ShownData[]): boolean {
  return drawn.some(({ replicas }) => replicas > 1);
}

const simulatedKey: KeyEntry = { mark: 'dashed', colour: COLOUR.simulated, text: 'simulated, median' };

function bandKey(drawn: readonly ShownData[]): KeyEntry[] {
  if (!hasSeveral(drawn)) return [{ mark: 'line', colour: COLOUR.ensemble, text: 'network' }];
  return [
    { mark: 'line', colour: COLOUR.ensemble, text: 'networks, median' },
    { mark: 'band', colour: COLOUR.ensemble, text: '50 and 95 % of the networks at each time' },
    { mark: 'thin', colour: COLOUR.ensemble, text: '95 % of whole courses' },
  ];
}

function named(lock: Lock, drawn: readonly ShownData[], observations: ReadonlyMap<string, Observation>): NamedCourse[] {
  return drawn.map((shown) => ({ label: headingOf(lock, shown), shown, observation: observations.get(shown.key) }));
}

function gateFigure(
  lock: Lock,
  { reconstruction }: Summary,
  drawn: readonly ShownData[],
  observations: ReadonlyMap<string, Observation>,
  figures: FigureList,
  hasTruth: boolean,
  meanings: Meanings,
): Markup {
  const withBands = drawn.filter(({ states }) => Object.keys(states).length > 1);
  const hidden = Object.entries(reconstruction).filter(([state]) => state !== 'V');
  const units = Object.fromEntries(hidden.map(([state, { unit }]) => [state, unit]));
  const meant = hidden.flatMap(([state]) => (meanings[state] === undefined ? [] : [`${state}: ${meanings[state]}`]));
  return figures.add({
    name: 'gates',
    title: 'Hidden gates, for the same data.',
    key: [...bandKey(withBands), ...truthKey(hasTruth)],
    cells: withBands.map((shown) =>
      cell(lock, shown, observations.get(shown.key), `gates-${shown.data}-${shown.draw}`, withBands.length === 1, gateDrawing),
    ),
    numbers: [bandNumbers(named(lock, withBands, observations), units)],
    caption: html`Open fraction of each gate, inferred from V and the stimulus alone${meant.length > 0 && ` (${meant.join(', ')})`}.
    ${bandWords(drawn)}${hasTruth && ' The truth is that of the simulation that made the data.'}`,
  });
}

/** A zoom on what the bands above are too narrow to show. */
function variabilityFigure(
  lock: Lock,
  { reconstruction }: Summary,
  shown: readonly ShownData[],
  observations: ReadonlyMap<string, Observation>,
  figures: FigureList,
): Markup {
  const { data } = lock.resolved.problem;
  const units = Object.fromEntries(Object.entries(reconstruction).map(([state, { unit }]) => [state, unit]));
  const label = (one: ShownData): string => data[one.data]!.label;
  const draws = shown.some((one) => data[one.data]!.draws > 1);
  const hasTruth = shown.some(({ key }) => observations.get(key)?.truth !== undefined);
  return figures.add({
    name: 'variability',
    title: `How far reconstructions differ${draws ? ' over replicas and noise draws' : ' over replicas'}.`,
    key: [...bandKey(shown), ...(shown.some(({ simulatedV }) => simulatedV !== undefined) ? [simulatedKey] : []), ...truthKey(hasTruth)],
    cells: shown.map((one) => ({
      heading: label(one),
      note: `${plural(one.replicas, 'accepted replica')}${draws ? ' on all noise draws' : ''}.`,
      drawing: variabilityDrawing(
        { id: `variability-${one.data}`, title: label(one), width: NARROW, units },
        one,
        observations.get(one.key),
      ),
    })),
    numbers: [
      bandNumbers(
        shown.map((one) => ({ label: label(one), shown: one, observation: undefined })),
        units,
      ),
    ],
    caption: html`Each state as the networks give it (Δ: minus its median) over the
    replicas${draws && '; all noise draws of one stimulus are taken together, as their truth is the same'}. What leaves the axis is cut off
    there; no axis shows less than traces are stored to. ${bandWords(shown)}`,
  });
}

function truthKey(hasTruth: boolean): KeyEntry[] {
  return hasTruth ? [{ mark: 'broad', colour: COLOUR.truth, text: 'truth' }] : [];
}

function whose(drawn: readonly ShownData[]): string {
  if (drawn.every(({ ensemble }) => ensemble === 'accepted')) return 'the accepted replicas';
  if (drawn.every(({ ensemble }) => ensemble !== 'accepted')) return 'rejected replicas, because none was accepted,';
  return 'the accepted replicas (where none was accepted: over the rejected, as noted below the panel)';
}

function cell(
  lock: Lock,
  shown: ShownData,
  observation: Observation | undefined,
  id: string,
  alone: boolean,
  draw: (course: TimeCourse, shown: ShownData, observation: Observation | undefined) => Drawing,
): Cell {
  const { data, currentUnit, pools } = lock.resolved.problem;
  const unit = data[shown.data]!;
  const heading = headingOf(lock, shown);
  const note = noteOf(shown);
  const at = (width: number, suffix: string) => {
    const description = `Time course with bands. ${note}`;
    return draw(
      { id: `${id}${suffix}`, title: heading, description, width, currentUnit, pools, sigmaMv: unit.sigmaMv },
      shown,
      observation,
    );
  };
  return { heading, note, ...(alone ? { drawing: at(WIDE, ''), narrowDrawing: at(NARROW, '-narrow') } : { drawing: at(NARROW, '') }) };
}

export function headingOf({ resolved }: Lock, { data, draw }: ShownData): string {
  const { label, draws } = resolved.problem.data[data]!;
  return draws > 1 ? `${label}, noise draw ${draw + 1}` : label;
}

function noteOf({ ensemble, replicas }: ShownData): string {
  switch (ensemble) {
    case 'accepted':
      return `${plural(replicas, 'accepted replica')}${replicas === 1 ? ': a line, no band' : ''}.`;
    case 'all':
      return `None accepted: ${plural(replicas, 'rejected replica')}.`;
    case 'none':
      return 'No time courses were kept.';
    default:
      throw new Error(`internal: unknown ensemble ${String(ensemble satisfies never)}`);
  }
}

interface StateColumn {
  readonly name: string;
  readonly of: (state: Summary['reconstruction'][string]) => number | null | undefined;
}

const STATE_COLUMNS: readonly StateColumn[] = [
  { name: 'Misfit to data', of: ({ rmse }) => rmse },
  { name: 'Misfit to truth', of: ({ rmseToTruth }) => rmseToTruth },
  { name: 'Band at each time', of: ({ variability }) => variability },
  { name: 'Band of whole courses', of: ({ simultaneous }) => simultaneous },
  { name: 'Band over noise draws', of: ({ overDraws }) => overDraws },
  { name: 'Band, unfiltered', of: ({ unfiltered }) => unfiltered.variability },
];

/** Columns and states of which nothing is known are left out. */
function reconstructionTable({ reconstruction }: Summary): Markup | undefined {
  const known = ([, state]: readonly [string, Summary['reconstruction'][string]], { of }: StateColumn): boolean =>
    typeof of(state) === 'number';
  const entries = Object.entries(reconstruction).filter((entry) => STATE_COLUMNS.some((column) => known(entry, column)));
  const columns = STATE_COLUMNS.filter((column) => entries.some((entry) => known(entry, column)));
  if (columns.length === 0) return undefined;
  return renderTable({
    label: 'Reconstruction',
    caption: html`Reconstruction by state, over accepted replicas. Misfits are root mean squares of the network, medians over replicas.
    ${columns.some(({ name }) => name.startsWith('Band')) && 'Band: width of the ensemble’s 95 % band, median over time, then over data sets; that over noise draws takes all of one stimulus together.'}`,
    rows: html`<thead>
        <tr>
          <th scope="col">State</th>
          ${columns.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${entries.map(
          ([state, own]) =>
            html`<tr>
              <th scope="row" class="name">${withUnit(state, own.unit)}</th>
              ${columns.map(({ of }) => html`<td class="number">${formatNumber(of(own), 3)}</td>`)}
            </tr>`,
        )}
      </tbody>`,
    width: 'fit',
  });
}
