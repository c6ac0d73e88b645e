/**
 * SVG by Observable Plot on linkedom, without a browser: one drawing is a stack of panels that share their width. The output is
 * a string of bounded size: coordinates are rounded to a hundredth of a pixel. Everything is drawn from values alone, so that equal
 * values give equal bytes.
 */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { escapeText } from './markup.ts';
import { DRAWING_STYLE, paletteStyle } from './palette.ts';

/** One plot of a stack. */
export interface Panel {
  readonly height: number;
  readonly options: Plot.PlotOptions;
}

export interface Drawing {
  /** Unique in the page; ids of title and description are made from it. */
  readonly id: string;
  /** What it is, for those who do not see it. */
  readonly title: string;
  /** What it shows, with the numbers that matter. */
  readonly description: string;
  readonly width: number;
  readonly panels: readonly Panel[];
}

/** Left margin of every panel, so that axes of stacked panels agree. */
const MARGIN_LEFT = 58;
const MARGIN_RIGHT = 12;

/** A drawing as inline SVG, styled by the page. */
export function renderDrawing(drawing: Drawing): string {
  return compose(drawing, '');
}

/** A drawing as an SVG file that brings its own style. */
export function renderSvgFile(drawing: Drawing): string {
  const style = `<style>${paletteStyle('svg')}\n${DRAWING_STYLE}.drawing{background:var(--paper)}</style>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${compose(drawing, style)}\n`;
}

function compose({ id, title, description, width, panels }: Drawing, style: string): string {
  let top = 0;
  const drawn = panels.map((panel) => {
    const svg = drawPanel(panel, width, top);
    top += panel.height;
    return svg;
  });
  const head = `<title id="${id}-title">${escapeText(title)}</title><desc id="${id}-desc">${escapeText(description)}</desc>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" class="drawing" role="img" aria-labelledby="${id}-title ${id}-desc" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}">${style}${head}${drawn.join('')}</svg>`;
}

/** The little of the DOM that is used: the project loads no DOM types, so Plot's and linkedom's are cut down to this. */
interface Rendered {
  readonly outerHTML: string;
}

/** Plot needs a document to make elements in; it is left empty. */
const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as { readonly document: never };
const plot = Plot.plot as unknown as (options: Plot.PlotOptions) => Rendered;

function drawPanel({ height, options }: Panel, width: number, top: number): string {
  const margins = { marginLeft: MARGIN_LEFT, marginRight: MARGIN_RIGHT };
  const { outerHTML } = plot({ ...margins, className: 'panel', ...options, width, height, document });
  if (!outerHTML.startsWith('<svg')) throw new Error('internal: a panel with a legend or a caption is no plain SVG');
  return nested(outerHTML, top);
}

/** A panel inside its drawing: without Plot's own style and labels, moved down, rounded, hidden from readers that get the description. */
function nested(svg: string, top: number): string {
  return svg
    .replace(/<style>.*?<\/style>/s, '')
    .replace('<svg', `<svg aria-hidden="true" y="${top}" overflow="visible"`)
    .replaceAll(/ (?:c?[xy][12]?|d|transform|width|height|points)="[^"]*"/g, (attribute) => attribute.replaceAll(/\d+\.\d{3,}/g, rounded));
}

function rounded(digits: string): string {
  return String(Math.round(Number(digits) * 100) / 100);
}
