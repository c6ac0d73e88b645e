/**
 * A figure as one SVG file: its key above its drawings, in a grid as on the page. Only attributes and plain colours, no CSS variables, so that
 * programs that set papers read it. Text is broken into lines by counting letters: SVG does not break it.
 */
import { columnsOf } from './figure.ts';
import type { DrawnCell, DrawnFigure, KeyEntry } from './figure.ts';
import { escapeText, textOf } from './markup.ts';
import { COLOUR, inPrintedColours, PRINTED_DRAWING_STYLE } from './palette.ts';

const COLUMNS = { small: 3, two: 2, one: 1 } as const;
const MARGIN = 12;
const GAP = 20;
/** px of a letter, about, at the size of the text. */
const LETTER = 6.3;
const LINE = 16;
const MARK = 24;

interface Block {
  readonly svg: string;
  readonly height: number;
}

export function figureSvg(figure: DrawnFigure): string {
  const columns = Math.min(figure.cells.length, COLUMNS[columnsOf(figure)]);
  const cellWidth = Math.max(...figure.cells.map(({ width }) => width));
  const inner = columns * cellWidth + (columns - 1) * GAP;
  const key = keyBlock(figure.key, inner);
  const cells = cellsBlock(figure.cells, columns, cellWidth);
  const [width, height] = [inner + 2 * MARGIN, key.height + cells.height + 2 * MARGIN];
  const body = `<g transform="translate(${MARGIN},${MARGIN})">${key.svg}<g transform="translate(0,${key.height})">${cells.svg}</g></g>`;
  const about = `<title>${escapeText(figure.title)}</title><desc>${escapeText(textOf(figure.caption))}</desc>`;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`;
  const paper = `<rect width="100%" height="100%" fill="${COLOUR.paper}"/>`;
  return inPrintedColours(
    `<?xml version="1.0" encoding="UTF-8"?>\n${head}<style>${PRINTED_DRAWING_STYLE}</style>${about}${paper}${body}</svg>\n`,
  );
}

function cellsBlock(cells: readonly DrawnCell[], columns: number, cellWidth: number): Block {
  const blocks = cells.map((cell) => cellBlock(cell, cellWidth));
  const parts: string[] = [];
  let top = 0;
  for (let from = 0; from < blocks.length; from += columns) {
    const row = blocks.slice(from, from + columns);
    parts.push(...row.map(({ svg }, i) => `<g transform="translate(${i * (cellWidth + GAP)},${top})">${svg}</g>`));
    top += Math.max(...row.map(({ height }) => height)) + GAP;
  }
  return { svg: parts.join(''), height: top - GAP };
}

function cellBlock({ heading, note, svg, height }: DrawnCell, width: number): Block {
  const above = heading === undefined ? [] : linesOf(heading, width);
  const below = note === undefined ? [] : linesOf(note, width);
  const top = above.length * LINE + (above.length > 0 ? 4 : 0);
  const parts = [
    ...above.map((line, i) => text(line, 0, (i + 0.75) * LINE, 'bold')),
    svg.replace('<svg ', `<svg y="${top}" `),
    ...below.map((line, i) => text(line, 0, top + height + (i + 0.75) * LINE)),
  ];
  return { svg: parts.join(''), height: top + height + below.length * LINE };
}

function keyBlock(key: readonly KeyEntry[], width: number): Block {
  let [x, y] = [0, 0];
  const parts = key.map((entry) => {
    const size = MARK + 8 + entry.text.length * LETTER;
    if (x > 0 && x + size > width) [x, y] = [0, y + LINE + 4];
    const part = `<g transform="translate(${Math.round(x)},${y})">${markOf(entry)}${text(entry.text, MARK + 8, 12)}</g>`;
    x += size + GAP;
    return part;
  });
  return { svg: parts.join(''), height: key.length === 0 ? 0 : y + LINE + 12 };
}

/** As the style sheet of the page draws it, in 24 by 16 px. */
function markOf({ mark, colour }: KeyEntry): string {
  const line = (attributes: string) => `<line x1="0" y1="8" x2="${MARK}" y2="8" stroke="${colour}" ${attributes}/>`;
  const circle = (attributes: string) => `<circle cx="12" cy="8" r="4" ${attributes}/>`;
  switch (mark) {
    case 'line':
      return line('stroke-width="2"');
    case 'tick':
      return `<line x1="12" y1="2" x2="12" y2="14" stroke="${colour}" stroke-width="1.2"/>`;
    case 'thin':
      return `<rect x="0.5" y="3" width="${MARK - 1}" height="10" fill="none" stroke="${colour}" stroke-width="0.8"/>`;
    case 'dashed':
      return line('stroke-width="2" stroke-dasharray="5 3"');
    case 'broad':
      return line('stroke-width="5" stroke-opacity="0.5"');
    case 'band':
      return `<rect x="0" y="2" width="${MARK}" height="12" fill="${colour}" fill-opacity="0.2"/><rect x="0" y="5" width="${MARK}" height="6" fill="${colour}" fill-opacity="0.4"/>`;
    case 'dot':
      return circle(`fill="${colour}"`);
    case 'hollow':
      return circle(`fill="none" stroke="${colour}" stroke-width="1.5"`);
    case 'reference':
      return `<line x1="12" y1="1" x2="12" y2="15" stroke="${colour}" stroke-width="2"/>`;
    case 'interval':
      return line('stroke-width="2"') + circle(`fill="${COLOUR.paper}" stroke="${colour}" stroke-width="2"`);
    default:
      throw new Error(`internal: unknown mark ${String(mark satisfies never)}`);
  }
}

function text(line: string, x: number, y: number, weight: 'normal' | 'bold' = 'normal'): string {
  return `<text x="${x}" y="${y}"${weight === 'bold' ? ' font-weight="600"' : ''}>${escapeText(line)}</text>`;
}

function linesOf(words: string, width: number): string[] {
  const most = Math.floor(width / LETTER);
  const lines: string[] = [];
  for (const word of words.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
