/** The report in a real browser: it opens from a file, asks the network for nothing, complains of nothing, and its figures can be seen and read. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aggregate } from '../../orchestrator/aggregate/aggregate.ts';
import { renderReport } from '../../orchestrator/report/report.ts';
import { spikeFeatures } from '../../worker/simulate/spike-features.ts';
import { fixtureLock, fixtureObservations, fixtureReplicas } from '../helpers/ensemble-fixture.ts';
import type { FixtureOptions } from '../helpers/ensemble-fixture.ts';

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--headless',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
const absent = !existsSync(CHROMIUM);

test('Chromium is there where CI runs', () => {
  expect(process.env['CI'] !== undefined && absent, `${CHROMIUM} is not there`).toBe(false);
});

const cases: Record<string, FixtureOptions> = {
  typical: { amplitudes: [8, 12], draws: 3, seeds: 2, widths: [16, 24], accepted: 0.8 },
  degenerate: { accepted: 0, draws: 1, seeds: 6 },
};

// a skip with its reason: there is no /usr/bin/chromium on this machine
describe.skipIf(absent).each(Object.entries(cases))('a %s report in Chromium', (name, options) => {
  let folder: string;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'loligo-browser-'));
    const lock = fixtureLock(options);
    const asked = { spikeMeter: spikeFeatures, groupBy: ['data', 'draw'] };
    const { summary, tables } = aggregate({ lock, planned: 24, replicas: fixtureReplicas(options), ...asked });
    await writeFile(join(folder, `${name}.html`), renderReport({ lock, summary, tables, observations: fixtureObservations(options) }).page);
    url = pathToFileURL(join(folder, `${name}.html`)).href;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });

  async function open(width: number, colorScheme: 'light' | 'dark') {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('data:')) complaints.push(`asks for ${request.url()}`);
    });
    await page.goto(url);
    return { page, complaints, close: () => context.close() };
  }

  test.each([
    [1200, 'light'],
    [1200, 'dark'],
    [375, 'light'],
    [375, 'dark'],
  ] as const)(
    'at %i pixels, %s: nothing is asked for or complained of, every figure is seen, nothing sticks out',
    async (width, scheme) => {
      const { page, complaints, close } = await open(width, scheme);
      expect(complaints).toEqual([]);
      const drawings = await visibleDrawings(page);
      const figures = await page.locator('figure').count();
      expect(figures).toBeGreaterThanOrEqual(5);
      expect(drawings.length).toBeGreaterThanOrEqual(figures);
      for (const { box, marks } of drawings) {
        expect(box.width).toBeGreaterThan(200);
        expect(box.height).toBeGreaterThan(60);
        expect(box.x + box.width).toBeLessThanOrEqual(width);
        expect(marks).toBeGreaterThan(0);
      }
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      await close();
    },
  );

  test.each(['light', 'dark'] as const)('text stands out from the %s paper by 4.5 to 1, marks by 3 to 1', async (scheme) => {
    const { page, close } = await open(1200, scheme);
    const paper = await colourOf(page, 'paper');
    for (const name of ['ink', 'muted', 'good', 'care', 'bad'])
      expect(contrast(await colourOf(page, name), paper), name).toBeGreaterThan(4.5);
    for (const name of ['ensemble', 'truth', 'simulated', 'observed', 'rejected'])
      expect(contrast(await colourOf(page, name), paper), name).toBeGreaterThan(3);
    const background = await page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    expect(contrast(await colourOf(page, 'ink'), parseColour(String(background)))).toBeGreaterThan(7);
    await close();
  });

  test('a screen reader finds headings in order, named figures, tables with headers, and the verdict before all else', async () => {
    const { page, close } = await open(1200, 'light');
    const outline = await announced(page);
    const levels = [...outline.matchAll(/- '?heading "[^"]*(?:\\"[^"]*)*" \[level=(\d)\]/g)].map(([, level]) => Number(level));
    expect(levels[0]).toBe(1);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    const skipped = levels.filter((level, i) => i > 0 && level > levels[i - 1]! + 1);
    expect(skipped).toEqual([]);
    const drawings = await page.locator('svg.drawing:visible').count();
    expect(outline.match(/- '?img "[^"]/g)).toHaveLength(drawings);
    expect(outline.match(/- '?table "[^"]/g)).toHaveLength(await page.locator('table').count());
    expect(outline.match(/- (?:columnheader|rowheader)(?! ")/g) ?? []).toEqual([]);
    expect(outline).toContain('- main:');
    const first = String(await page.evaluate(`document.querySelector('main').innerText.slice(0, 400)`));
    expect(first).toMatch(name === 'degenerate' ? /The fits failed/ : /Identified:|No parameter/);
    await close();
  });

  test('which parameters are identified is seen without scrolling, on the screen of a laptop', async () => {
    const { page, close } = await open(1366, 'light');
    const box = await page.locator('td.standing').last().boundingBox();
    expect(box!.y + box!.height).toBeLessThan(768);
    await close();
  });

  test('numbers along an axis do not touch each other, nor the name of the axis', async () => {
    const { page, close } = await open(1200, 'light');
    const touching: unknown = await page.evaluate(`[...document.querySelectorAll('svg.panel')].flatMap((panel) => {
      const boxes = [...panel.querySelectorAll('g[aria-label$="tick label"] text, g[aria-label$="axis label"] text')]
        .filter((text) => text.textContent !== '' && text.checkVisibility())
        .map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
      const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
      return boxes.flatMap((one, i) => boxes.slice(i + 1).filter((other) => meet(one.box, other.box)).map((other) => one.text + ' | ' + other.text));
    })`);
    expect(touching).toEqual([]);
    expect(await page.locator('g[aria-label$="tick label"] text').count()).toBeGreaterThan(50);
    await close();
  });

  test('on paper nothing sticks out, no figure is torn, and links to files are left out', async () => {
    const { page, close } = await open(700, 'dark');
    await page.emulateMedia({ media: 'print', colorScheme: 'light' });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(700);
    expect(await page.locator('.files:visible').count()).toBe(0);
    const torn = await page.evaluate(
      `[...document.querySelectorAll('.cell, tr, figcaption')].filter((one) => getComputedStyle(one).breakInside !== 'avoid').length`,
    );
    expect(torn).toBe(0);
    // an A4 page inside its margins is 267 mm high, at 96 px an inch
    const heights: unknown = await page.evaluate(
      `[...document.querySelectorAll('.cell')].map((one) => one.getBoundingClientRect().height)`,
    );
    if (!Array.isArray(heights)) throw new Error('no heights');
    expect(Math.max(...heights.map(Number))).toBeLessThan((267 / 25.4) * 96);
    await close();
  });

  test('text of drawings can be read on a phone', async () => {
    const { page, close } = await open(375, 'light');
    // the height of a line of text on the screen, for every text that stands upright
    const heights: unknown = await page.evaluate(`[...document.querySelectorAll('svg text')]
      .filter((text) => text.textContent !== '' && text.checkVisibility() && !(text.getAttribute('transform') ?? '').includes('rotate'))
      .map((text) => text.getBoundingClientRect().height)`);
    if (!Array.isArray(heights)) throw new Error('no heights');
    expect(heights.length).toBeGreaterThan(50);
    expect(Math.min(...heights.map(Number))).toBeGreaterThan(9);
    await close();
  });
});

/** What is announced: role, name, and for headings the level, in the order of the page. */
async function announced(page: Page): Promise<string> {
  return page.locator('body').ariaSnapshot();
}

/** Drawings that are shown at this width, with the number of marks that they hold. */
async function visibleDrawings(page: Page) {
  const shown = await page.locator('svg.drawing:visible').all();
  return Promise.all(
    shown.map(async (drawing) => ({
      box: (await drawing.boundingBox())!,
      marks: await drawing.locator('path, circle, rect, line').count(),
    })),
  );
}

async function colourOf(page: Page, name: string): Promise<Colour> {
  return parseColour(String(await page.evaluate(`getComputedStyle(document.documentElement).getPropertyValue('--${name}')`)));
}

type Colour = readonly [number, number, number];

function parseColour(text: string): Colour {
  const hex = /#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i
    .exec(text)
    ?.slice(1)
    .map((digits) => Number.parseInt(digits, 16));
  const [red, green, blue] = hex ?? (text.match(/\d+/g) ?? []).map(Number);
  if (red === undefined || green === undefined || blue === undefined) throw new Error(`no colour: ${text}`);
  return [red, green, blue];
}

/** Ratio of relative luminances, WCAG 2.2. */
function contrast(a: Colour, b: Colour): number {
  const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

function luminance(colour: Colour): number {
  const [red, green, blue] = colour.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}
