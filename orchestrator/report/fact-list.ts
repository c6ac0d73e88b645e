/** Facts by name, one below the other. */
import { html } from './markup.ts';
import type { Markup } from './markup.ts';

export function factList(facts: readonly (readonly [name: string, value: string])[]): Markup {
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
