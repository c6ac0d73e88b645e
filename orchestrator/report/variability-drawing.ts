/** Every state's bands minus its median, each on its own scale: how far replicas differ, where V against time would hide it. */
import type { ShownData } from '../aggregate/shown-data.ts';
import type { Drawing, Panel } from './drawing.ts';
import { formatExact, withUnit } from './number-format.ts';
import { broadLine, deviationMarks, interpolate, panel, timeRange, withTimeAxis } from './time-course.ts';
import type { Observation, Range } from './time-course.ts';

/** Small differences have long numbers. */
const MARGIN_LEFT = 72;

export interface Variability extends Pick<Drawing, 'id' | 'title' | 'width'> {
  /** by state, in the order of the panels */
  readonly units: Readonly<Record<string, string>>;
}

export function variabilityDrawing({ units, ...about }: Variability, shown: ShownData, observation: Observation | undefined): Drawing {
  const range = timeRange(shown.tMs);
  const panels = Object.entries(units).map(([state, unit]) => statePanel(state, unit, shown, observation, range));
  return {
    ...about,
    description: 'Bands of each state over replicas, minus its median, against time.',
    panels: withTimeAxis(panels, range),
  };
}

function statePanel(state: string, unit: string, shown: ShownData, observation: Observation | undefined, range: Range): Panel {
  const simulated = state === 'V' ? shown.simulatedV : undefined;
  const { marks, limit, within } = deviationMarks(shown.tMs, shown.states[state]!, simulated);
  const truth = observation?.truth?.states[state];
  const known = truth === undefined || observation === undefined ? [] : [within(interpolate(observation.tMs, truth, shown.tMs))];
  const all = [...known.map((values) => broadLine(shown.tMs, values)), ...marks];
  const { height, options } = panel(96, range, withUnit(`\u0394${state}`, unit), all, {
    domain: [-limit, limit],
    ticks: 3,
    tickFormat: shortest,
  });
  return { height, options: { ...options, marginLeft: MARGIN_LEFT } };
}

/** A zero without digits after the point leaves room for the name of the axis. */
function shortest(value: number): string {
  return formatExact(Number(value.toPrecision(6)));
}
