/** Spikes of all replicas laid over each other at their onsets, and how alike replicas draw them. */
import * as Plot from '@observablehq/plot';
import type { SpikeSide, SpikeVariability, Summary } from '../../schemas/generated/types.ts';
import { MEASURED } from '../aggregate/spike-alignment.ts';
import type { AlignedSpikes } from '../aggregate/spike-alignment.ts';
import type { ReportTables } from '../aggregate/aggregate.ts';
import type { Drawing } from './drawing.ts';
import type { FigureList, KeyEntry } from './figure.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatNumber, plural, withUnit } from './number-format.ts';
import type { NumbersTable } from './numbers-table.ts';
import { COLOUR } from './palette.ts';
import { renderTable } from './table.ts';
import { bandCells, bandColumns } from './time-course-numbers.ts';
import { bandMarks, deviationMarks, line, panel, withTimeAxis } from './time-course.ts';
import type { Observation } from './time-course.ts';

type Feature = (typeof MEASURED)[number];

const NAMES: Readonly<Record<Feature, { readonly name: string; readonly unit: string }>> = {
  onsetMs: { name: 'onset, as a time', unit: 'ms' },
  thresholdMv: { name: 'onset, V', unit: 'mV' },
  peakMv: { name: 'peak', unit: 'mV' },
  halfWidthMs: { name: 'width at half height', unit: 'ms' },
  ahpMv: { name: 'after-hyperpolarisation, lowest V', unit: 'mV' },
};

const WIDTH = 420;
const MOST_DOTS = 700;

export function renderSpikeShape(
  { spikeShape }: Summary,
  { spikes }: ReportTables,
  observations: ReadonlyMap<string, Observation>,
  figures: FigureList,
): Markup | undefined {
  if (spikeShape === undefined) return undefined;
  const observed = spikes === undefined ? [] : alignedObservations(spikes, observations);
  return html`<h3>The shape of a spike</h3>
    ${
      spikes !== undefined &&
      figures.add({
        name: 'spike-shape',
        title: `Spikes laid over each other at their onset, ${plural(spikes.courses, 'course')}.`,
        key: keyOf(observed.length > 0),
        cells: [{ drawing: spikeDrawing(spikes, observed) }],
        numbers: [spikeNumbers(spikes), observedNumbers(observed)],
        caption: html`Every spike of every accepted replica that keeps its traces, as its network draws it; time is from its own onset (V
        begins to rise by 10 mV/ms).
        ${several(spikes) ? 'Top: all of them, so that bands hold the spread over spikes and over replicas together. Bottom (ΔV): each minus the networks’ median of the same spike, so that only replicas (and noise draws) are left to differ; what leaves the axis is cut off there.' : 'Bands hold the spread over spikes: no spike has more than one replica.'}
        Bands hold 50 and 95 % of the courses at each time; between the thin lines lie 95 % of them from end to end. Data stand at the
        networks’ median onset, because noise hides their own; forward simulations at their own.`,
      })
    }
    ${shapeTable(spikeShape)}`;
}

/** Whether some spike has several replicas, which can differ. */
function several({ deviation: { network } }: AlignedSpikes): boolean {
  return network.high95.some((high, i) => high > network.low95[i]!);
}

function keyOf(observed: boolean): KeyEntry[] {
  return [
    ...(observed ? [{ mark: 'dot', colour: COLOUR.observed, text: 'data' } as const] : []),
    { mark: 'line', colour: COLOUR.ensemble, text: 'networks, median' },
    { mark: 'band', colour: COLOUR.ensemble, text: '50 and 95 % at each time' },
    { mark: 'thin', colour: COLOUR.ensemble, text: '95 % of whole courses' },
    { mark: 'dashed', colour: COLOUR.simulated, text: 'simulated, median' },
  ];
}

interface AlignedSample {
  readonly tMs: number;
  readonly voltageMv: number;
}

/** Samples of the data that are drawn, around each of their spikes. */
function alignedObservations({ tMs, onsetsMs }: AlignedSpikes, observations: ReadonlyMap<string, Observation>): AlignedSample[] {
  const [from, to] = [tMs[0]!, tMs.at(-1)!];
  const all = [...observations].flatMap(([key, observation]) =>
    (onsetsMs.get(key) ?? []).flatMap((onset) =>
      Array.from(observation.tMs, (t, i) => ({ tMs: t - onset, voltageMv: observation.voltageMv[i]! })).filter(
        (sample) => sample.tMs >= from && sample.tMs <= to,
      ),
    ),
  );
  const step = Math.max(1, all.length / MOST_DOTS);
  return Array.from({ length: Math.min(all.length, MOST_DOTS) }, (_, i) => all[Math.floor(i * step)]!);
}

function spikeDrawing(spikes: AlignedSpikes, observed: readonly AlignedSample[]): Drawing {
  const { tMs, network, simulated, deviation, courses } = spikes;
  const range = [tMs[0]!, tMs.at(-1)!] as const;
  const dots = Plot.dot(observed, { x: 'tMs', y: 'voltageMv', r: 1.2, fill: COLOUR.observed, fillOpacity: 0.6 });
  const simulatedLine = line(tMs, simulated.median, COLOUR.simulated, { strokeDasharray: '5 3' });
  const residual = deviationMarks(tMs, deviation.network, deviation.simulated);
  const panels = [
    panel(220, range, 'V (mV)', [dots, ...bandMarks(tMs, network), simulatedLine], { nice: true }),
    ...(several(spikes)
      ? [panel(120, range, '\u0394V (mV)', residual.marks, { domain: [-residual.limit, residual.limit], ticks: 5 })]
      : []),
  ];
  return {
    id: 'spike-shape',
    title: 'Spikes laid over each other at their onset',
    description: `Median and bands of ${plural(courses, 'course')} from ${formatNumber(range[0], 2)} to ${formatNumber(range[1], 2)} ms around the onset of a spike.`,
    width: WIDTH,
    panels: withTimeAxis(panels, range, 'time from the onset (ms)'),
  };
}

function spikeNumbers({ tMs, network, simulated, deviation }: AlignedSpikes): NumbersTable {
  return {
    columns: [
      'time from onset (ms)',
      ...bandColumns('network V', 'mV'),
      ...bandColumns('simulated V', 'mV'),
      ...bandColumns('network V minus that of the same spike', 'mV'),
      ...bandColumns('simulated V minus network V of the same spike', 'mV'),
    ],
    rows: Array.from(tMs, (t, i) => [
      t,
      ...[network, simulated, deviation.network, deviation.simulated].flatMap((band) => bandCells(band, i)),
    ]),
  };
}

function observedNumbers(observed: readonly AlignedSample[]): NumbersTable {
  return { part: 'data', columns: ['time from onset (ms)', 'V (mV)'], rows: observed.map(({ tMs, voltageMv }) => [tMs, voltageMv]) };
}

function shapeTable({ spikes, replicas, network, simulated }: NonNullable<Summary['spikeShape']>): Markup {
  const cells = (side: SpikeSide, name: Feature): Markup => {
    const { median, spread, acrossSpikes }: SpikeVariability = side[name];
    return html`<td class="number">${formatNumber(median, 4)}</td>
      <td class="number">${formatNumber(spread, 2)}</td>
      <td class="number">${formatNumber(acrossSpikes, 2)}</td>`;
  };
  return renderTable({
    label: 'Spike by spike',
    caption: html`Spike by spike (${plural(spikes, 'spike')} of all data sets, ${plural(replicas, 'accepted replica')}), measured as in
    eFEL. Spread: over replicas and noise draws on the same spike (1.4826 MAD), median over spikes. Across: the same over spikes, of their
    medians; none below three spikes.`,
    rows: html`<thead>
        <tr>
          <th scope="col" rowspan="2">Of a spike</th>
          <th scope="colgroup" colspan="3">Networks</th>
          <th scope="colgroup" colspan="3">Forward simulations</th>
        </tr>
        <tr>
          ${['networks', 'simulations'].map(
            (whose) =>
              html`<th scope="col" class="number" aria-label="median of ${whose}">median</th>
                <th scope="col" class="number" aria-label="spread of ${whose} over replicas">spread</th>
                <th scope="col" class="number" aria-label="spread of ${whose} across spikes">across</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${MEASURED.filter((name) => [network, simulated].some((side) => Object.values(side[name]).some((value) => value !== null))).map(
          (name) =>
            html`<tr>
              <th scope="row">${withUnit(NAMES[name].name, NAMES[name].unit)}</th>
              ${cells(network, name)}${cells(simulated, name)}
            </tr>`,
        )}
      </tbody>`,
    width: 'fit',
  });
}
