import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { aggregate } from '../../../orchestrator/aggregate/aggregate.ts';
import { renderReport } from '../../../orchestrator/report/report.ts';
import type { ReportInput } from '../../../orchestrator/report/report.ts';
import { writeReport } from '../../../orchestrator/report/write-report.ts';
import { fixtureLock, fixtureObservations, fixtureReplicas } from '../../helpers/ensemble-fixture.ts';
import type { FixtureOptions } from '../../helpers/ensemble-fixture.ts';
import { unbalancedTags } from '../../helpers/markup-balance.ts';

function inputOf(options: FixtureOptions, planned: number): ReportInput {
  const lock = fixtureLock(options);
  return { lock, ...aggregate({ lock, planned, replicas: fixtureReplicas(options) }), observations: fixtureObservations(options) };
}

const inputs: Record<string, ReportInput> = {
  typical: inputOf({ amplitudes: [8, 12], draws: 1, seeds: 5, widths: [16, 24], accepted: 0.8 }, 20),
  'with no accepted replica': inputOf({ accepted: 0, draws: 1, seeds: 6 }, 6),
  'of a single replica': inputOf({ accepted: 1, draws: 1, seeds: 1 }, 1),
  'without replicas': inputOf({ draws: 1, seeds: 0 }, 8),
  'without traces': inputOf({ draws: 2, seeds: 3, traces: false }, 6),
  'of recordings': inputOf({ recorded: true, draws: 1, seeds: 4 }, 4),
  'with a finish': inputOf({ draws: 1, seeds: 6, finish: true }, 6),
  'of several truths': inputOf(
    {
      draws: 1,
      seeds: 4,
      amplitudes: [10, 11],
      truths: [
        { gNa: 120, gK: 36, gL: 0.3 },
        { gNa: 80, gK: 30, gL: 0.2 },
      ],
    },
    8,
  ),
};
const reports = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, renderReport(input)]));

describe.each(Object.entries(reports))('a report %s', (_, page) => {
  test('is well-formed: every tag is closed in order, every id is there once, every reference leads somewhere', () => {
    expect(unbalancedTags(page)).toEqual([]);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, list] of page.matchAll(/ aria-labelledby="([^"]+)"/g)) for (const id of list!.split(' ')) expect(ids).toContain(id);
    for (const [, id] of page.matchAll(/ href="#([^"]+)"/g)) expect(ids).toContain(id);
  });

  test('needs nothing from outside and runs no script', () => {
    const outside = page.replaceAll('xmlns="http://www.w3.org/2000/svg"', '');
    expect(outside).not.toMatch(/https?:\/\//);
    expect(outside).not.toMatch(/<script|<iframe|<img|<object|@import|url\(|\son[a-z]+=/i);
  });

  test('has no number that is none', () => {
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  test('names every drawing, describes it, and gives every figure a caption', () => {
    expect(page.match(/<svg xmlns/g)?.length ?? 0).toBe(
      page.match(/<svg xmlns[^>]*role="img"[^>]*><title id="[^"]+">[^<]+<\/title><desc/g)?.length ?? 0,
    );
    expect(page.match(/<figure /g)?.length ?? 0).toBe(page.match(/<figcaption><b>Figure \d+\. /g)?.length ?? 0);
    expect(page.match(/<table/g)?.length).toBe(page.match(/<caption>/g)?.length);
    expect(page).not.toMatch(/<th(?! scope)[ >]/);
  });
});

test("with a finish shows the networks' own estimates beside the finished ones, without one has no such table", () => {
  expect(reports['with a finish']).toContain('aria-label="The networks and the finish"');
  expect(reports['typical']).not.toContain('The networks and the finish');
});

test('equal input gives equal bytes', () => {
  expect(renderReport(inputs['typical']!)).toBe(reports['typical']);
});

test('labels and names of users are text, wherever they stand', () => {
  const page = renderReport(
    inputOf({ amplitudes: [8, 9], draws: 1, seeds: 2, label: '<script>alert("x")</script>&', name: '"><img src=x onerror=alert(1)>' }, 4),
  );
  expect(page).not.toContain('<script');
  expect(page).not.toContain('<img');
  expect(page).toContain('&#60;script&#62;');
  expect(unbalancedTags(page)).toEqual([]);
});

describe('the sentence on trust', () => {
  const verdict = (page: string | undefined) => /<p class="verdict (\w+)">(.*?)<\/p>/s.exec(page ?? '')!;

  test('refuses when no replica was accepted, and says why most were rejected', () => {
    const [, level, text] = verdict(reports['with no accepted replica']);
    expect(level).toBe('none');
    expect(text).toContain('none of 6 finished replicas passed');
    expect(text).toMatch(/most often, \d times/);
  });

  test('does not let agreement of seeds pass for certainty', () => {
    const [, level, text] = verdict(reports['of a single replica']);
    expect(level).toBe('care');
    expect(text).toContain('1 replica cannot show a spread');
    expect(text).toContain('the spread is that of seeds');
  });

  test('says when there is nothing yet', () => {
    expect(verdict(reports['without replicas'])[2]).toContain('no replica has finished');
  });

  test('warns of a median over different truths', () => {
    expect(verdict(reports['of several truths'])[2]).toContain('different true values');
  });

  test('trusts many accepted replicas on many data sets that agree', () => {
    const input = inputOf({ draws: 8, seeds: 4, accepted: 0.95, traces: false }, 32);
    const narrow = structuredClone(input.summary);
    for (const statistics of Object.values(narrow.parameters)) statistics.mad = 0.01 * statistics.median!;
    expect(verdict(renderReport({ ...input, summary: narrow }))[1]).toBe('trust');
    narrow.predictive.chi2 = 1.5;
    expect(verdict(renderReport({ ...input, summary: narrow }))[2]).toContain('more than the noise explains');
  });
});

test('a report without traces draws the data and claims no bands', () => {
  const page = reports['without traces']!;
  expect(page).not.toContain('Bands are quantiles');
  expect(page).toContain('Top: V as measured.');
  expect(page).toContain('No time courses were kept');
});

test('what was left out stands in the table, with its reason in words', () => {
  const page = reports['with no accepted replica']!;
  expect(page).toContain('<code>stopped/chi2</code>');
  expect(page).toContain('misses the data by more than the noise explains');
});

test('a report of thousands of replicas stays below 5 MB', () => {
  const page = renderReport(inputOf({ draws: 20, seeds: 50, widths: [16, 24, 32, 48], traces: false }, 4000));
  expect(page.length).toBeLessThan(5e6);
});

describe('writing', () => {
  let folder: string | undefined;
  afterEach(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true });
    folder = undefined;
  });

  test('puts the report and the summary in place and leaves nothing else', async () => {
    folder = await mkdtemp(join(tmpdir(), 'loligo-report-'));
    const input = inputs['typical']!;
    const written = writeReport(folder, input);
    writeReport(folder, input);
    expect((await readdir(folder)).toSorted()).toEqual(['report.html', 'summary.json']);
    expect(await readFile(written.report, 'utf8')).toBe(reports['typical']);
    expect(JSON.parse(await readFile(written.summary, 'utf8'))).toEqual(input.summary);
  });

  test('a folder that is not there is an error of the disk, with its path', () => {
    const nowhere = join(tmpdir(), 'loligo-no-such-folder');
    expect(() => writeReport(nowhere, inputs['typical']!)).toThrow(
      expect.objectContaining({ code: 'DISK', violations: [expect.objectContaining({ where: join(nowhere, 'report.html') })] }),
    );
  });
});
