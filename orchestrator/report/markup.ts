/** HTML by template: whatever is interpolated is escaped, unless it is markup itself. Names and labels of users cannot become tags. */

/** Text that is already HTML. */
export interface Markup {
  readonly markup: string;
}

type Part = string | number | Markup | readonly Markup[] | undefined | false;

/** `html\`<p>${text}</p>\``: text and numbers are escaped, markup and lists of it are not, undefined and false are nothing. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return { markup: strings.map((text, i) => text + (i < parts.length ? render(parts[i]) : '')).join('') };
}

/** Markup made elsewhere: our own SVG and style sheet, never a user's text. */
export function raw(markup: string): Markup {
  return { markup };
}

export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeText(String(part));
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('');
}

const ENTITY = /&#(\d+);/g;

/** The text of markup, in one line. */
export function textOf({ markup }: Markup): string {
  const text = markup.replaceAll(/<[^>]*>/g, '').replaceAll(/\s+/g, ' ');
  return text.replaceAll(ENTITY, (_, code: string) => String.fromCharCode(Number(code))).trim();
}
