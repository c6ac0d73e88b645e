/** A table of the report: it scrolls sideways by itself on a narrow screen, can be reached by keyboard for that, and says what it is. */
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
    <table class="${width}">
      <caption>
        <span>${caption}</span>
      </caption>
      ${rows}
    </table>
  </div>`;
}
