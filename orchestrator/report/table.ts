/** A table of the report: it scrolls sideways by itself on a narrow screen, can be reached by keyboard for that, says what it is, and is set smaller on paper where it has many columns. */
import { html } from './markup.ts';
import type { Markup } from './markup.ts';

export interface Table {
  /** Name for those who do not see it. */
  readonly label: string;
  readonly caption: Markup;
  /** thead, tbody and tfoot */
  readonly rows: Markup;
  /** As wide as its content, or as the page. */
  readonly width?: 'fit' | 'full';
}

export function renderTable({ label, caption, rows, width = 'full' }: Table): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">
    <table class="${width}${columnsIn(rows) > MOST_ON_PAPER ? ' dense' : ''}">
      <caption>
        <span>${caption}</span>
      </caption>
      ${rows}
    </table>
  </div>`;
}

/** Columns that fit on paper at the usual size. */
const MOST_ON_PAPER = 8;

/** Headers of columns in all rows of headers. */
function columnsIn({ markup }: Markup): number {
  return markup.split('<th scope="col"').length - 1;
}
