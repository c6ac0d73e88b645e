/** The page of figures of the study of real cells: for each recording the fit of median misfit, and the conductances spike by spike. */
import * as Plot from '@observablehq/plot';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { renderSvgFile } = await built('orchestrator/report/drawing.js');
const { COLOUR } = await built('orchestrator/report/palette.js');

const WIDTH = 860;
const HEIGHT = 190;
/** Points drawn of each trace. */
const POINTS = 400;

export function drawCells({ date, studied }) {
  return renderSvgFile({
    id: 'real-cells',
    title: 'Real cells: data, network alone and forward simulation',
    description: `The fit of median misfit of each recording (${date}): data grey, forward simulation of the network's own estimate blue and dashed, after the finish green.`,
    width: WIDTH,
    panels: studied.filter(({ shown }) => shown !== null).map(panelOf),
  });
}

function panelOf({ cell, free, shown, finished, accepted, replicas }) {
  const { sampleMs } = shown;
  const trace = (V) => {
    const every = Math.max(1, Math.floor(V.length / POINTS));
    return V.flatMap((value, i) => (i % every === 0 ? [{ t: i * sampleMs, V: value }] : []));
  };
  const line = (V, stroke, dashes) =>
    V === null ? [] : [Plot.line(trace(V), { x: 't', y: 'V', stroke, strokeDasharray: dashes, strokeWidth: 1.6, clip: true })];
  const text = `${cell.name}, ${cell.stimulus}, ${free}: ${finished.rmseMv === null ? 'no forward solution' : `${finished.rmseMv.toPrecision(2)} mV`}, ${accepted} of ${replicas} accepted`;
  const V = shown.observed;
  const options = {
    x: { label: 'ms', labelAnchor: 'right' },
    y: { label: `${text}. V (mV)`, domain: [Math.min(...V) - 8, Math.max(...V) + 12], grid: true },
    marginTop: 28,
    marginBottom: 30,
    marks: [
      ...line(V, COLOUR.observed, 'none'),
      ...line(shown.network, COLOUR.ensemble, '6 3'),
      ...line(shown.finished, COLOUR.simulated, 'none'),
    ],
  };
  return { height: HEIGHT, options };
}
