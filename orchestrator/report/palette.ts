/**
 * Colours, by what they stand for. Blue, vermilion and bluish green are those of Okabe and Ito ("Color universal design", 2008), which
 * people with any common colour vision tell apart, darkened on white and lightened on black for contrast. Form carries the same
 * meaning as colour everywhere: lines are solid or dashed, dots filled or hollow.
 */
export const COLOUR = {
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  rule: 'var(--rule)',
  paper: 'var(--paper)',
  ensemble: 'var(--ensemble)',
  truth: 'var(--truth)',
  simulated: 'var(--simulated)',
  observed: 'var(--observed)',
  rejected: 'var(--rejected)',
} as const;

type Colours = Readonly<Record<keyof typeof COLOUR | 'panel' | 'good' | 'care' | 'bad', string>>;

const LIGHT: Colours = {
  paper: '#fffefb',
  panel: '#f5f4ef',
  ink: '#1c2127',
  muted: '#59636e',
  rule: '#d8dad7',
  ensemble: '#0b67a8',
  truth: '#c65400',
  simulated: '#00785a',
  observed: '#6b747d',
  rejected: '#7d858c',
  good: '#00785a',
  care: '#9a5b00',
  bad: '#b3261e',
};

const DARK: Colours = {
  paper: '#14171a',
  panel: '#1d2125',
  ink: '#e4e7e9',
  muted: '#9ca6af',
  rule: '#343a40',
  ensemble: '#5bb5ea',
  truth: '#f3934d',
  simulated: '#41c79c',
  observed: '#8d97a0',
  rejected: '#7f8992',
  good: '#41c79c',
  care: '#e3ad4b',
  bad: '#ff8a80',
};

/** On paper, of a printer or a journal. */
const PRINTED: Colours = { ...LIGHT, paper: '#ffffff', panel: '#ffffff', ink: '#000000', muted: '#444444', rule: '#bbbbbb' };

/** The variables' values, as a style sheet; `root` is the selector they hang on. */
export function paletteStyle(root: string): string {
  return `${root}{color-scheme:light dark;${variables(LIGHT)}}
@media (prefers-color-scheme:dark){${root}{${variables(DARK)}}}
@media print{${root}{color-scheme:light;${variables(PRINTED)}}}`;
}

function variables(colours: Colours): string {
  return Object.entries(colours)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';');
}

/** SVG with the colours of paper written out: programs that set papers know no CSS variables. */
export function inPrintedColours(svg: string): string {
  // every variable is one of COLOUR
  return svg.replaceAll(/var\(--([a-z]+)\)/g, (_, name: keyof Colours) => PRINTED[name]);
}

const LETTERS = `font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;font-size:12px`;

/** How our SVG is set: in the report's style sheet, and inside an SVG that stands alone. */
export const DRAWING_STYLE = `.drawing{display:block;width:100%;height:auto;overflow:visible;color:var(--ink)}.drawing text{${LETTERS};fill:var(--ink);white-space:pre}.drawing [aria-label$="grid"]{stroke:var(--rule);stroke-opacity:1}`;

/** The same in a file of a figure, where drawings keep their size. */
export const PRINTED_DRAWING_STYLE = `text{${LETTERS};fill:var(--ink);white-space:pre}.drawing{overflow:visible;color:var(--ink)}.drawing [aria-label$="grid"]{stroke:var(--rule);stroke-opacity:1}`;
