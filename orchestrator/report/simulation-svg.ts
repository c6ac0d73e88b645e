/** `loligo simulate --plot` and `loligo inspect --plot`: voltage and stimulus against time, as an SVG file that stands alone. */
import * as Plot from '@observablehq/plot';
import { renderSvgFile } from './drawing.ts';
import type { Drawing, Panel } from './drawing.ts';
import { plural, withUnit } from './number-format.ts';
import { COLOUR } from './palette.ts';
import { line, panel, stimulusPanel, timeRange, withTimeAxis } from './time-course.ts';
import type { Range } from './time-course.ts';

type Numbers = ArrayLike<number>;

export interface SimulationPlot {
  readonly title: string;
  /** ms, ascending; length N */
  readonly tMs: Numbers;
  /** mV, length N */
  readonly voltageMv: Numbers;
  /** in the model's unit, length N */
  readonly current: Numbers;
  readonly currentUnit: string;
  /** by name, length N each; drawn together below V, at most so many in a panel as there are patterns of lines */
  readonly gates?: Readonly<Record<string, Numbers>>;
  /** by name, length N each; each in a panel of its own */
  readonly pools?: Readonly<Record<string, { readonly unit: string; readonly values: Numbers }>>;
}

export interface InspectionPlot {
  readonly title: string;
  readonly currentUnit: string;
  readonly sweeps: readonly InspectedSweep[];
}

export interface InspectedSweep {
  readonly index: number;
  /** time of the first sample; 0 when absent */
  readonly startMs?: number;
  readonly sampleMs: number;
  /** mV, length N */
  readonly voltageMv: Numbers;
  /** length N; absent where there is no stimulus */
  readonly current?: Numbers;
  /** times of spikes */
  readonly spikesMs?: readonly number[];
}

const WIDTH = 860;
/** Sweeps that are drawn over each other. */
const MOST_SWEEPS = 12;
/** Points of all sweeps' lines together, and of one: three for each pixel show every peak and upright edges. */
const MOST_INSPECTED = 18_000;
const POINTS_PER_LINE = 3 * WIDTH;
/** How gates are told apart in a panel, by their place. */
const GATE_LINES = [
  { name: 'solid', dashes: 'none' },
  { name: 'dashed', dashes: '7 3' },
  { name: 'dotted', dashes: '2 3' },
] as const;

export function simulationSvg({ title, tMs, voltageMv, current, currentUnit, gates = {}, pools = {} }: SimulationPlot): string {
  const range = timeRange(tMs);
  const panels = [
    panel(260, range, 'V (mV)', [line(tMs, voltageMv, COLOUR.ensemble)]),
    ...gateGroups(gates).map((group) => gatePanel(tMs, group, range)),
    ...Object.entries(pools).map(([name, { unit, values }]) =>
      panel(120, range, withUnit(name, unit), [line(tMs, values, COLOUR.simulated)], { ticks: 4 }),
    ),
    stimulusPanel({ tMs, current }, currentUnit, range),
  ];
  return svgFile('simulation', title, `V and stimulus over ${range[1] - range[0]} ms.`, withTimeAxis(panels, range));
}

/** As few panels as the patterns of lines allow, of about equal size. */
function gateGroups(gates: Readonly<Record<string, Numbers>>): [string, Numbers][][] {
  const entries = Object.entries(gates);
  const size = Math.ceil(entries.length / Math.ceil(entries.length / GATE_LINES.length));
  return entries.flatMap((_, i) => (i % size === 0 ? [entries.slice(i, i + size)] : []));
}

function gatePanel(tMs: Numbers, gates: readonly [string, Numbers][], range: Range): Panel {
  const styled = gates.map(([name, values], i) => ({ name, values, style: GATE_LINES[i]! }));
  const label = styled.map(({ name, style }) => `${name} ${style.name}`).join(', ');
  const marks = styled.map(({ values, style }) => line(tMs, values, COLOUR.simulated, { strokeDasharray: style.dashes }));
  return panel(190, range, label, marks, { domain: [0, 1] });
}

export function inspectionSvg({ title, currentUnit, sweeps }: InspectionPlot): string {
  const drawn = spread(sweeps).map((sweep) => ({
    ...sweep,
    tMs: Float64Array.from(sweep.voltageMv, (_, i) => (sweep.startMs ?? 0) + i * sweep.sampleMs),
  }));
  const points = Math.min(POINTS_PER_LINE, Math.floor(MOST_INSPECTED / drawn.length));
  const range = timeRange(...drawn.map(({ tMs }) => tMs));
  const shade = (i: number) => ({ strokeWidth: 1, strokeOpacity: drawn.length === 1 ? 1 : 0.35 + (0.65 * i) / (drawn.length - 1) });
  const spikes = drawn.flatMap(({ spikesMs = [] }) => spikesMs);
  const voltage = [
    ...drawn.map(({ tMs, voltageMv }, i) => line(tMs, voltageMv, COLOUR.ensemble, shade(i), points)),
    Plot.tickX(spikes, { x: (t: number) => t, stroke: COLOUR.truth, insetBottom: 252 }),
  ];
  const stimuli = drawn.flatMap(({ tMs, current }, i) => (current === undefined ? [] : [line(tMs, current, COLOUR.ink, shade(i), points)]));
  const stimulus = panel(80, range, withUnit('I', currentUnit), stimuli, { ticks: 3 });
  const left = sweeps.length > drawn.length ? `, ${drawn.length} of ${sweeps.length} sweeps` : '';
  const panels = [panel(280, range, 'V (mV)', voltage), ...(stimuli.length === 0 ? [] : [stimulus])];
  return svgFile(
    'inspection',
    `${title}${left}`,
    `${plural(drawn.length, 'sweep')}, ${plural(spikes.length, 'spike')}.`,
    withTimeAxis(panels, range),
  );
}

/** The first and the last of them, and others evenly between. */
function spread(sweeps: readonly InspectedSweep[]): InspectedSweep[] {
  if (sweeps.length <= MOST_SWEEPS) return [...sweeps];
  return Array.from({ length: MOST_SWEEPS }, (_, i) => sweeps[Math.round((i * (sweeps.length - 1)) / (MOST_SWEEPS - 1))]!);
}

function svgFile(id: string, title: string, description: string, panels: Drawing['panels']): string {
  const heading = {
    height: 30,
    options: {
      marginTop: 0,
      marginBottom: 0,
      axis: null,
      marks: [Plot.text([title], { frameAnchor: 'left', fontSize: 14, fontWeight: 600 })],
    },
  };
  return renderSvgFile({ id, title, description, width: WIDTH, panels: [heading, ...panels] });
}
