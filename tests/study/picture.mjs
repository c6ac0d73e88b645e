/** The picture of the recovery study: RMS error against noise, a panel for each conductance, a stack for each stimulus and window. */
import * as Plot from '@observablehq/plot';
import { NAMES } from './cases.mjs';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { renderSvgFile } = await built('orchestrator/report/drawing.js');
const { COLOUR } = await built('orchestrator/report/palette.js');

/** Form and colour both tell methods apart. */
const LINES = {
  finished: { colour: COLOUR.ensemble, dashes: 'none', text: 'PINN, finish: shooting', symbol: 'circle' },
  network: { colour: COLOUR.ensemble, dashes: '6 3', text: 'PINN alone', symbol: 'square' },
  likelihood: { colour: COLOUR.simulated, dashes: '2 3', text: 'maximum likelihood from the truth', symbol: 'diamond' },
  starts: { colour: COLOUR.observed, dashes: '9 3 2 3', text: 'best of many starts, fewer draws', symbol: 'triangle' },
  regression: { colour: COLOUR.truth, dashes: 'none', text: 'linear regression', symbol: 'cross' },
};
const WIDTH = 860;
const PANEL_HEIGHT = 210;
/** Errors below this, in %, are drawn at it. */
const FLOOR = 0.01;

export function drawRecovery({ cases, date }) {
  const wide = cases.filter(({ width, methods }) => width === 10 && Object.keys(methods).length > 0);
  const groups = [...new Set(wide.map(({ stimulus, windowMs }) => `${stimulus} current, ${windowMs} ms`))];
  const panels = groups.map((group, g) => panelOf(group, wide, g === groups.length - 1));
  return renderSvgFile({
    id: 'recovery',
    title: 'Error of the conductances against noise',
    description: `Root mean square error over noise draws in per cent, ${date}.`,
    width: WIDTH,
    panels: [legendPanel(), ...panels],
  });
}

function legendPanel() {
  const entries = Object.values(LINES).map((line, i) => ({ ...line, x: (i % 3) / 3, y: i < 3 ? 0 : 1 }));
  const options = {
    axis: null,
    x: { domain: [0, 1] },
    y: { domain: [-0.5, 1.5], reverse: true },
    symbol: { type: 'identity' },
    marks: [
      Plot.rect([0], { x1: 2 / 3, x2: 2 / 3 + 0.04, y1: 0.75, y2: 1.25, fill: COLOUR.rule, fillOpacity: 0.6 }),
      Plot.text([0], { x: 2 / 3 + 0.05, y: 1, text: () => 'below the Cramer-Rao bound', textAnchor: 'start' }),
      ...entries.flatMap((entry) => [
        Plot.ruleY([entry], {
          y: 'y',
          x1: entry.x,
          x2: entry.x + 0.04,
          stroke: entry.colour,
          strokeDasharray: entry.dashes,
          strokeWidth: 2,
        }),
        Plot.dot([entry], { y: 'y', x: entry.x + 0.02, stroke: entry.colour, symbol: entry.symbol, fill: COLOUR.paper }),
        Plot.text([entry], { y: 'y', x: entry.x + 0.05, text: 'text', textAnchor: 'start' }),
      ]),
    ],
  };
  return { height: 56, options };
}

function panelOf(group, cases, isLast) {
  const own = cases.filter(({ stimulus, windowMs }) => `${stimulus} current, ${windowMs} ms` === group);
  const points = own.flatMap(({ noiseMv, methods, bound }) =>
    NAMES.flatMap((name) => [
      ...Object.keys(LINES)
        .filter((method) => (methods[method]?.parameters[name].rms ?? null) !== null)
        .map((method) => ({ method, name, noiseMv, error: Math.max(FLOOR, 100 * methods[method].parameters[name].rms) })),
      ...(bound === undefined || noiseMv === 0 ? [] : [{ method: 'bound', name, noiseMv, error: 100 * bound[name] }]),
    ]),
  );
  // what matters most is drawn last, on top
  const marks = Object.entries(LINES)
    .toReversed()
    .flatMap(([method, { colour, dashes, symbol }]) => {
      const drawn = points.filter((point) => point.method === method);
      return [
        Plot.line(drawn, { x: 'noiseMv', y: 'error', fx: 'name', stroke: colour, strokeDasharray: dashes, strokeWidth: 2 }),
        Plot.dot(drawn, { x: 'noiseMv', y: 'error', fx: 'name', stroke: colour, fill: COLOUR.paper, symbol, r: 3.5 }),
      ];
    });
  const bound = points.filter(({ method }) => method === 'bound');
  const options = {
    x: { label: isLast ? 's.d. of the noise (mV)' : null, domain: [0, 3], ticks: [0, 1, 2, 3], tickFormat: String, labelAnchor: 'center' },
    y: {
      type: 'log',
      label: `${group}: RMS error (%)`,
      domain: [FLOOR, 100],
      ticks: [0.01, 0.1, 1, 10, 100],
      tickFormat: String,
      grid: true,
    },
    fx: { domain: NAMES, label: null, padding: 0.1 },
    symbol: { type: 'identity' },
    marginBottom: 34,
    marginTop: 40,
    // the floor of information is a band: nothing unbiased lies in it
    marks: [Plot.areaY(bound, { x: 'noiseMv', y1: FLOOR, y2: 'error', fx: 'name', fill: COLOUR.rule, fillOpacity: 0.6 }), ...marks],
  };
  return { height: PANEL_HEIGHT, options };
}

/** Through a browser, as the README's pictures are PNG. */
export async function writePng(svg, path) {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage({ viewport: { width: WIDTH, height: 600 }, deviceScaleFactor: 2, colorScheme: 'light' });
    await page.setContent(`<!doctype html><body style="margin:0">${svg.replace(/^<\?xml[^>]*\?>/, '')}</body>`);
    await page.locator('svg.drawing').screenshot({ path });
  } finally {
    await browser.close();
  }
}
