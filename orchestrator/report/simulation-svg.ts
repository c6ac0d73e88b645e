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
  /** by name, length N each; drawn together below V */
  readonly gates?: Readonly<Record<string, Numbers>>;
}

export interface InspectionPlot {
  readonly title: string;
  readonly currentUnit: string;
  readonly sweeps: readonly InspectedSweep[];
}

export interface InspectedSweep {
  readonly index: number;
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
/** How gates are told apart, by their place; beyond these, patterns repeat. */
const GATE_LINES = [
  { name: 'solid', dashes: 'none' },
  { name: 'dashed', dashes: '7 3' },
  { name: 'dotted', dashes: '2 3' },
  { name: 'dash-dotted', dashes: '9 3 2 3' },
] as const;

export function simulationSvg({ title, tMs, voltageMv, current, currentUnit, gates = {} }: SimulationPlot): string {
  const range = timeRange(tMs);
  const panels = [
    panel(260, range, 'V (mV)', [line(tMs, voltageMv, COLOUR.ensemble)]),
    ...(Object.keys(gates).length === 0 ? [] : [gatePanel(tMs, gates, range)]),
    stimulusPanel({ tMs, current }, currentUnit, range),
  ];
  return svgFile('simulation', title, `V and stimulus over ${range[1] - range[0]} ms.`, withTimeAxis(panels, range));
}

function gatePanel(tMs: Numbers, gates: Readonly<Record<string, Numbers>>, range: Range): Panel {
  const styled = Object.entries(gates).map(([name, values], i) => ({ name, values, style: GATE_LINES[i % GATE_LINES.length]! }));
  const label = styled.map(({ name, style }) => `${name} ${style.name}`).join(', ');
  const marks = styled.map(({ values, style }) => line(tMs, values, COLOUR.simulated, { strokeDasharray: style.dashes }));
  return panel(190, range, label, marks, { domain: [0, 1] });
}

export function inspectionSvg({ title, currentUnit, sweeps }: InspectionPlot): string {
  const drawn = sweeps
    .slice(0, MOST_SWEEPS)
    .map((sweep) => ({ ...sweep, tMs: Float64Array.from(sweep.voltageMv, (_, i) => i * sweep.sampleMs) }));
  const range = timeRange(...drawn.map(({ tMs }) => tMs));
  const shade = (i: number) => ({ strokeWidth: 1, strokeOpacity: drawn.length === 1 ? 1 : 0.35 + (0.65 * i) / (drawn.length - 1) });
  const spikes = drawn.flatMap(({ spikesMs = [] }) => spikesMs);
  const voltage = [
    ...drawn.map(({ tMs, voltageMv }, i) => line(tMs, voltageMv, COLOUR.ensemble, shade(i))),
    Plot.tickX(spikes, { x: (t: number) => t, stroke: COLOUR.truth, insetBottom: 252 }),
  ];
  const stimuli = drawn.flatMap(({ tMs, current }, i) => (current === undefined ? [] : [line(tMs, current, COLOUR.ink, shade(i))]));
  const stimulus = panel(80, range, withUnit('I', currentUnit), stimuli, { ticks: 3 });
  const left = sweeps.length > drawn.length ? `, the first ${drawn.length} of ${sweeps.length} sweeps` : '';
  const panels = [panel(280, range, 'V (mV)', voltage), ...(stimuli.length === 0 ? [] : [stimulus])];
  return svgFile(
    'inspection',
    `${title}${left}`,
    `${plural(drawn.length, 'sweep')}, ${plural(spikes.length, 'spike')}.`,
    withTimeAxis(panels, range),
  );
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
