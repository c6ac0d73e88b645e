/**
 * The page of figures of the study of real cells. Above, of each recording and its largest free set with accepted fits, the fit of median misfit:
 * recording, network's estimate simulated, and simulated after the finish. Below, how far the conductances of one spike are from those of the next.
 */
import * as Plot from '@observablehq/plot';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { renderSvgFile } = await built('orchestrator/report/drawing.js');
const { COLOUR } = await built('orchestrator/report/palette.js');

const WIDTH = 860;
const HEIGHT = 190;
/** Recordings beside each other. */
const COLUMNS = 3;
/** Points drawn of each trace. */
const POINTS = 250;
const CONDUCTANCES = ['gNa', 'gK', 'gL'];
const LINES = {
  observed: { stroke: COLOUR.observed, width: 4, dashes: 'none', text: 'recording' },
  network: { stroke: COLOUR.ensemble, width: 1.5, dashes: '6 3', text: "the network's estimate, simulated forward" },
  finished: { stroke: COLOUR.simulated, width: 1.5, dashes: 'none', text: 'after the finish, simulated forward' },
};

export function drawCells({ date, studied }) {
  const recordings = [...new Set(studied.map(named))];
  const drawn = recordings.map((recording) => fullest(studied.filter((one) => named(one) === recording)));
  const rows = Array.from({ length: Math.ceil(drawn.length / COLUMNS) }, (_, row) => drawn.slice(COLUMNS * row, COLUMNS * (row + 1)));
  return renderSvgFile({
    id: 'real-cells',
    title: 'Real cells: recording, network alone and after the finish; conductances from spike to spike',
    description: `The fit of median misfit of each recording (${date}), and each spike's conductances over their median.`,
    width: WIDTH,
    panels: [legendPanel(), ...rows.map(tracePanel), spreadPanel(drawn.filter(({ accepted }) => accepted > 0))],
  });
}

function named({ cell }) {
  return `${cell.name}, ${cell.stimulus}`;
}

/** Of a recording the largest free set, of those that have accepted fits where there are any. */
function fullest(studied) {
  const sorted = studied.toSorted((a, b) => a.free.localeCompare(b.free));
  return sorted.findLast(({ accepted }) => accepted > 0) ?? sorted.at(-1);
}

function legendPanel() {
  const entries = Object.values(LINES).map((line, i) => ({ ...line, x: [0, 0.16, 0.58][i] }));
  const marks = entries.flatMap((entry) => [
    Plot.ruleY([0], { x1: entry.x, x2: entry.x + 0.04, stroke: entry.stroke, strokeDasharray: entry.dashes, strokeWidth: entry.width }),
    Plot.text([entry], { x: entry.x + 0.05, y: 0, text: 'text', textAnchor: 'start' }),
  ]);
  return { height: 34, options: { axis: null, x: { domain: [0, 1] }, y: { domain: [-1, 1] }, marks } };
}

function tracePanel(row) {
  const shown = row.flatMap((one, column) => (one.shown === null ? [] : [{ ...one, column }]));
  const traces = (name) => shown.flatMap(({ column, shown: fit }) => trace(fit[name], fit.sampleMs, column));
  const captions = shown.flatMap(({ column, cell, free, finished, accepted, replicas }) => [
    { column, line: 0, text: named({ cell }) },
    { column, line: 1, text: `${free}: ${finished.rmseMv.toPrecision(2)} mV` },
    { column, line: 2, text: `${accepted} of ${replicas} accepted` },
  ]);
  const options = {
    fx: { domain: Array.from({ length: COLUMNS }, (_, column) => column), axis: null },
    x: { label: 'ms', labelAnchor: 'right', domain: [0, 25], ticks: 5 },
    y: { label: 'mV', domain: [-80, 80], grid: true, ticks: 5 },
    marginTop: 22,
    marginBottom: 30,
    marks: [
      ...Object.entries(LINES).map(([name, { stroke, width, dashes }]) =>
        Plot.line(traces(name), { x: 't', y: 'V', fx: 'column', stroke, strokeDasharray: dashes, strokeWidth: width, clip: true }),
      ),
      ...[0, 1, 2].map((line) =>
        Plot.text(
          captions.filter((caption) => caption.line === line),
          { fx: 'column', text: 'text', frameAnchor: 'top-right', dy: 2 + 13 * line },
        ),
      ),
    ],
  };
  return { height: HEIGHT, options };
}

function trace(V, sampleMs, column) {
  if (V === null) return [];
  const every = Math.max(1, Math.floor(V.length / POINTS));
  return V.flatMap((value, i) => (i % every === 0 ? [{ t: i * sampleMs, V: value, column }] : []));
}

function spreadPanel(studied) {
  const points = studied.flatMap((one) =>
    CONDUCTANCES.flatMap((name) => {
      const { median, values } = one.parameters[name];
      return values.map((value) => ({ recording: `${named(one)}, ${one.free}`, name, ratio: value / median }));
    }),
  );
  const recordings = [...new Set(points.map(({ recording }) => recording))];
  const options = {
    fx: { domain: CONDUCTANCES, label: null },
    x: {
      type: 'log',
      domain: [0.2, 5],
      clamp: true,
      label: 'of one spike, over the median of the recording',
      labelAnchor: 'center',
      grid: true,
      ticks: [0.2, 0.5, 1, 2, 5],
      tickFormat: 'g',
    },
    y: { domain: recordings, label: null, tickSize: 0 },
    marginLeft: 210,
    marginBottom: 40,
    marginTop: 36,
    marks: [
      Plot.ruleX([1], { stroke: COLOUR.rule }),
      Plot.dot(points, { x: 'ratio', y: 'recording', fx: 'name', stroke: COLOUR.simulated, r: 3 }),
    ],
  };
  return { height: 90 + 20 * recordings.length, options };
}
