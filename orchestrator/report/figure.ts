/**
 * A figure of the report: a key of what the marks mean, drawings side by side where there is room, a caption that says what it shows and how
 * it was computed, and the numbers that are drawn. From this one value come the figure on the page and its files (figure-files.ts).
 */
import { renderDrawing } from './drawing.ts';
import type { Drawing } from './drawing.ts';
import { html, raw } from './markup.ts';
import type { Markup } from './markup.ts';
import type { NumbersTable } from './numbers-table.ts';

/** One entry of a key; `mark` is a class of the style sheet. */
export interface KeyEntry {
  readonly mark: 'line' | 'tick' | 'thin' | 'dashed' | 'broad' | 'band' | 'dot' | 'hollow' | 'reference' | 'interval';
  readonly colour: string;
  readonly text: string;
}

/** One cell: a heading, its drawing, and a note below. */
export interface Cell {
  readonly heading?: string;
  readonly drawing: Drawing;
  /** Shown instead on narrow screens. */
  readonly narrowDrawing?: Drawing;
  readonly note?: string;
}

export interface Figure {
  /** Stable from report to report: what its files are called. */
  readonly name: string;
  readonly title: string;
  readonly caption: Markup;
  readonly key: readonly KeyEntry[];
  readonly cells: readonly Cell[];
  /** What the drawings show: one file each. */
  readonly numbers: readonly NumbersTable[];
  /** `small` cells stand three in a row, `one` below another; two in a row when absent. */
  readonly size?: 'small' | 'one';
}

/** A cell that was drawn. What it was drawn from, the values of a million replicas perhaps, is let go of. */
export interface DrawnCell extends Pick<Cell, 'heading' | 'note'> {
  readonly svg: string;
  /** of the drawing, px */
  readonly width: number;
  readonly height: number;
}

/** A figure that has its place in the report. */
export interface DrawnFigure extends Omit<Figure, 'cells'> {
  readonly number: number;
  readonly cells: readonly DrawnCell[];
  /** Names of its files in the folder of figures, the drawing first. */
  readonly files: readonly string[];
}

/** Takes the figures of a report one after another. */
export interface FigureList {
  /** Numbers the figure and gives its markup. */
  add(figure: Figure): Markup;
  /** What was added, in its order. */
  readonly all: readonly DrawnFigure[];
}

/** Beside report.html. */
export const FIGURE_FOLDER = 'figures';

export function figureList(): FigureList {
  const all: DrawnFigure[] = [];
  return {
    all,
    add: (figure) => {
      if (all.some(({ name }) => name === figure.name)) throw new Error(`internal: two figures are called ${figure.name}`);
      const files = filesOf(figure);
      if (new Set(files).size < files.length) throw new Error(`internal: two tables of ${figure.name} have one name`);
      const drawn = { ...figure, number: all.length + 1, cells: figure.cells.map(drawCell), files };
      all.push(drawn);
      return renderFigure(figure, drawn);
    },
  };
}

function drawCell({ drawing, heading, note }: Cell): DrawnCell {
  const height = drawing.panels.reduce((sum, panel) => sum + panel.height, 0);
  const drawn = { svg: renderDrawing(drawing), width: drawing.width, height };
  return { ...drawn, ...(heading === undefined ? {} : { heading }), ...(note === undefined ? {} : { note }) };
}

/** Names of parameters and axes are parts of figures' names; a dot, a dash, letters and digits are the same on every disk. */
function filesOf({ name, numbers }: Figure): string[] {
  const stem = (part?: string): string => `${name}${part === undefined ? '' : `-${part}`}`.replaceAll(/[^\w.-]+/g, '-');
  return [`${stem()}.svg`, ...numbers.filter(({ rows }) => rows.length > 0).map(({ part }) => `${stem(part)}.csv`)];
}

/** How many of its cells stand in a row. */
export function columnsOf({ cells, size }: Pick<DrawnFigure, 'cells' | 'size'>): 'one' | 'two' | 'small' {
  return cells.length === 1 ? 'one' : (size ?? 'two');
}

function renderFigure(figure: Figure, drawn: DrawnFigure): Markup {
  const { number, title, caption, key, files } = drawn;
  return html`<figure id="figure-${number}">
    ${
      key.length > 0 &&
      html`<ul class="key">
        ${key.map(({ mark, colour, text }) => html`<li><span class="mark ${mark}" style="--colour:${colour}"></span>${text}</li>`)}
      </ul> `
    }
    <div class="cells ${columnsOf(drawn)}">${figure.cells.map((cell, i) => renderCell(cell, drawn.cells[i]!.svg))}</div>
    <figcaption>
      <b>Figure ${number}. ${title}</b> ${caption}
      <span class="files"
        >In the run directory: ${files.map((file, i) => html`${i > 0 && ', '}<a href="${FIGURE_FOLDER}/${file}">${file}</a>`)}</span
      >
    </figcaption>
  </figure> `;
}

function renderCell({ heading, narrowDrawing, note }: Cell, svg: string): Markup {
  const drawing =
    narrowDrawing === undefined
      ? raw(svg)
      : html`<div class="wide">${raw(svg)}</div>
          <div class="narrow">${raw(renderDrawing(narrowDrawing))}</div>`;
  return html`<div class="cell">
    ${heading !== undefined && html`<p class="cell-heading">${heading}</p>`}${drawing}${note !== undefined && note !== '' && html`<p class="note">${note}</p>`}
  </div>`;
}
