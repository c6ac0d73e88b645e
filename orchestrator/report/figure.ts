/** A numbered figure: a key of what the marks mean, drawings side by side where there is room, and a caption that says what it shows and how it was computed. */
import { html, raw } from './markup.ts';
import type { Markup } from './markup.ts';

/** One entry of a key; `mark` is a class of the style sheet. */
export interface KeyEntry {
  readonly mark: 'line' | 'dashed' | 'broad' | 'band' | 'dot' | 'hollow' | 'reference' | 'interval';
  readonly colour: string;
  readonly text: string;
}

/** One cell: a heading, its SVG, and a note below. */
export interface Cell {
  readonly heading?: string;
  readonly svg: string;
  /** Drawn instead on narrow screens. */
  readonly narrowSvg?: string;
  readonly note?: string;
}

export interface Figure {
  readonly number: number;
  readonly title: string;
  readonly caption: Markup;
  readonly key: readonly KeyEntry[];
  readonly cells: readonly Cell[];
  /** `small` cells stand three in a row, `one` below another; two in a row when absent. */
  readonly size?: 'small' | 'one';
}

export function renderFigure({ number, title, caption, key, cells, size }: Figure): Markup {
  const columns = cells.length === 1 ? 'one' : (size ?? 'two');
  return html`<figure id="figure-${number}">
    ${
      key.length > 0 &&
      html`<ul class="key">
        ${key.map(({ mark, colour, text }) => html`<li><span class="mark ${mark}" style="--colour:${colour}"></span>${text}</li>`)}
      </ul> `
    }
    <div class="cells ${columns}">${cells.map(renderCell)}</div>
    <figcaption><b>Figure ${number}. ${title}</b> ${caption}</figcaption>
  </figure> `;
}

function renderCell({ heading, svg, narrowSvg, note }: Cell): Markup {
  const drawing =
    narrowSvg === undefined
      ? raw(svg)
      : html`<div class="wide">${raw(svg)}</div>
          <div class="narrow">${raw(narrowSvg)}</div>`;
  return html`<div class="cell">
    ${heading !== undefined && html`<h4>${heading}</h4>`}${drawing}${note !== undefined && html`<p class="note">${note}</p>`}
  </div>`;
}
