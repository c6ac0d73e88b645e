/** The frame of a page of ours: one file, for light and dark, that asks for nothing from elsewhere. */
import { html, raw } from './markup.ts';
import type { Markup } from './markup.ts';

export interface HtmlPage {
  readonly title: string;
  readonly style: string;
  /** beside title and style */
  readonly head?: Markup;
  readonly body: Markup;
}

export function htmlPage({ title, style, head, body }: HtmlPage): Markup {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} – loligo</title>
        <link rel="icon" href="data:," />
        ${head}
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        ${body}
      </body>
    </html> `;
}
