import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { aggregate } from '../../../orchestrator/aggregate/aggregate.ts';
import { renderAnswer } from '../../../orchestrator/report/answer.ts';
import type { Prediction } from '../../../orchestrator/report/held-out-section.ts';
import { standings, standingSentence } from '../../../orchestrator/report/identified.ts';
import { formatPercent } from '../../../orchestrator/report/number-format.ts';
import { renderReport } from '../../../orchestrator/report/report.ts';
import type { ReportInput } from '../../../orchestrator/report/report.ts';
import { writeReport } from '../../../orchestrator/report/write-report.ts';
import { spikeFeatures } from '../../../worker/simulate/spike-features.ts';
import { fixtureLock, fixtureObservations, fixtureReplicas } from '../../helpers/ensemble-fixture.ts';
import type { Summary } from '../../../schemas/generated/types.ts';
import type { FixtureOptions } from '../../helpers/ensemble-fixture.ts';
import { unbalancedTags } from '../../helpers/markup-balance.ts';

function inputOf(options: FixtureOptions, planned: number, groupBy: readonly string[] = []): ReportInput {
  const lock = fixtureLock(options);
  const aggregated = aggregate({ lock, planned, replicas: fixtureReplicas(options), spikeMeter: spikeFeatures, groupBy });
  const predictions = aggregated.tables.stretches.map(({ label }) => predictionFixture(label));
  return { lock, ...aggregated, observations: fixtureObservations(options), predictions };
}

/** 2 s at 20 kHz. */
function predictionFixture(label: string): Prediction {
  const tMs = Float64Array.from({ length: 40_000 }, (_, i) => i * 0.05);
  const wave = (shift: number): Float64Array => tMs.map((t) => -60 + 80 * Math.max(0, Math.sin(t / 5 + shift) - 0.5));
  return {
    label,
    tMs,
    voltageMv: wave(0),
    current: tMs.map((t) => (t > 100 ? 150 : 0)),
    simulatedV: wave(0.2),
    spikesMs: { observed: [100, 200], simulated: [101, 250] },
  };
}

const inputs: Record<string, ReportInput> = {
  typical: inputOf({ amplitudes: [8, 12], draws: 1, seeds: 5, widths: [16, 24], accepted: 0.8 }, 20),
  'with no accepted replica': inputOf({ accepted: 0, draws: 1, seeds: 6 }, 6),
  'of a single replica': inputOf({ accepted: 1, draws: 1, seeds: 1 }, 1),
  'without replicas': inputOf({ draws: 1, seeds: 0 }, 8),
  'without traces': inputOf({ draws: 2, seeds: 3, traces: false }, 6),
  'of recordings': inputOf({ recorded: true, draws: 1, seeds: 4 }, 4),
  'with held-out data': inputOf(
    { recorded: true, draws: 1, amplitudes: [8, 9, 10], seeds: 6, heldOut: 5, accept: { yardstick: 'spikeShape' } },
    18,
  ),
  'of a constructed failure': inputOf({ recorded: true, draws: 1, amplitudes: [8, 9, 10], seeds: 2, silent: true }, 6),
  'of several weights': inputOf({ draws: 1, seeds: 4, currentWeights: [1, 10, 100], traces: false }, 12, ['loss.current', 'draw']),
  'of windows': inputOf({ recorded: true, windows: true, amplitudes: [8, 9, 10], draws: 1, seeds: 6, accepted: 0.9, traces: false }, 18),
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
const reports = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, renderReport(input).page]));

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
    expect(page.match(/<figure /g)?.length ?? 0).toBe(page.match(/<figcaption>\s*<b>Figure \d+\. /g)?.length ?? 0);
    expect(page.match(/<table/g)?.length).toBe(page.match(/<caption>/g)?.length);
    expect(page).not.toMatch(/<th(?! scope)[ >]/);
  });
});

test("with a finish shows the networks' own estimates beside the finished ones, without one has no such table", () => {
  expect(reports['with a finish']).toContain('aria-label="The networks and the finish"');
  expect(reports['typical']).not.toContain('The networks and the finish');
});

test('equal input gives equal bytes', () => {
  expect(renderReport(inputs['typical']!).page).toBe(reports['typical']);
});

test('labels and names of users are text, wherever they stand', () => {
  const { page } = renderReport(
    inputOf({ amplitudes: [8, 9], draws: 1, seeds: 2, label: '<script>alert("x")</script>&', name: '"><img src=x onerror=alert(1)>' }, 4),
  );
  expect(page).not.toContain('<script');
  expect(page).not.toContain('<img');
  expect(page).toContain('&#60;script&#62;');
  expect(unbalancedTags(page)).toEqual([]);
});

const answerOf = ({ lock, summary, tables }: ReportInput): string => renderAnswer(lock, summary, tables.fittedData).markup;

describe('the sentence on trust', () => {
  const verdict = (page: string | undefined) => /<div class="verdict (\w+)">\s*(.*?)<\/div>/s.exec(page ?? '')!;

  test('refuses when no replica was accepted, and says why most were rejected', () => {
    const [, level, text] = verdict(reports['with no accepted replica']);
    expect(level).toBe('none');
    expect(text).toContain('none of 6 finished replicas passed');
    expect(text).toMatch(/most often, \d times/);
  });

  test('calls a fit failed whose simulations do not spike, however alike its estimates', () => {
    const { summary } = inputs['of a constructed failure']!;
    expect(summary.parameters['gNa']!.unfiltered.mad! / summary.parameters['gNa']!.unfiltered.median!).toBeLessThan(0.05);
    expect(summary).toMatchObject({ verdict: 'failed', counts: { converged: 0, accepted: 0 }, reasons: { 'stopped/no-spikes': 6 } });
    expect(summary.parameters['gNa']!.median).toBeNull();
    const [, level, text] = verdict(reports['of a constructed failure']);
    expect(level).toBe('none');
    expect(text).toMatch(/^<p><strong>The fits failed/);
    expect(text!.split('. ')[0]).toContain('the data have spikes and the forward simulation has none');
    expect(text).toContain('estimates agree with each other (gNa within');
  });

  test('objects where held-out spikes are not met', () => {
    const input = inputs['with held-out data']!;
    const poor = structuredClone(input.summary);
    poor.rest!.coincidence = 0.9;
    for (const stretch of poor.heldOut!) stretch.coincidence = 0.3;
    expect(verdict(answerOf({ ...input, summary: poor }))[2]).toContain(
      'on 5 of 6 stretches that were not fitted the simulations do not meet the spikes',
    );
    for (const stretch of poor.heldOut!) stretch.coincidence = 0.9;
    expect(verdict(answerOf({ ...input, summary: poor }))[2]).not.toContain('not fitted the simulations');
  });

  test('does not let agreement of seeds pass for certainty', () => {
    const [, level, text] = verdict(reports['of a single replica']);
    expect(level).toBe('care');
    expect(text).toContain('Whether gNa, gK and gL are identified cannot be said (one replica shows no spread)');
    const several = verdict(answerOf(inputOf({ draws: 1, seeds: 6, accepted: 1 }, 6)));
    expect(several[1]).toBe('care');
    expect(several[2]).toContain('all replicas saw the same data, so the spread is that of seeds');
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
    expect(verdict(answerOf({ ...input, summary: narrow }))[1]).toBe('trust');
    narrow.predictive.chi2 = 1.5;
    expect(verdict(answerOf({ ...input, summary: narrow }))[2]).toContain('more than the noise explains');
  });
});

describe('what speaks against values that are accepted', () => {
  const input = inputOf({ draws: 6, seeds: 4, accepted: 1, traces: false }, 24);
  const said = (change: (summary: Summary) => void): string => {
    const summary = structuredClone(input.summary);
    change(summary);
    return textOf(answerOf({ ...input, summary }));
  };

  test('a setting that decides what comes out of a parameter that is not identified; the data may decide', () => {
    const shares = (axis: string) => (summary: Summary) => {
      summary.parameters['gL']!.mad = 0.3 * summary.parameters['gL']!.median!;
      for (const name of ['gNa', 'gK', 'gL'])
        (summary.varianceShares ??= {})[name] = { [axis]: { share: 0.84, ci95: [0.7, 0.9] }, residual: { share: 0.16, ci95: [0.1, 0.3] } };
    };
    expect(said(shares('network.width'))).toContain('network.width, a setting of the sweep, decides most of the spread of gL (84\u00a0%)');
    expect(said(shares('draw'))).not.toContain('decides most');
  });

  test('a filter that takes many and moves a median', () => {
    const taken = (share: number, shift: number) => (summary: Summary) =>
      (summary.acceptance = { rejectedShare: share, shifts: { gNa: 0.1, gK: shift }, belowNoise: 0, thresholds: [] });
    expect(said(taken(0.3, -0.4))).toContain('the filter took 30\u00a0% of the estimates, which moves the median of gK');
    expect(said(taken(0.3, 0.1))).not.toContain('the filter took');
    expect(said(taken(0.02, -0.4))).not.toContain('the filter took');
  });

  test('nothing identified is said first, and in red', () => {
    const summary = structuredClone(input.summary);
    summary.identifiability = { weakest: '', standardErrors: { gNa: null, gK: null, gL: null }, ensembleOverBound: {} };
    const page = answerOf({ ...input, summary });
    expect(page).toMatch(/<div class="verdict none">\s*<p>\s*<strong>These data do not tell the parameters\.<\/strong>/);
    expect(textOf(page)).toContain('24 of 24 finished replicas passed');
  });

  test('a run over many cells is judged by its intervals', () => {
    const level = (coverage: number) => ({
      coverage,
      ci95: [coverage - 0.04, coverage + 0.04] as [number, number],
      factor: 1,
      calibrated: null,
    });
    const own = (coverage: number) => ({
      n: 60,
      bias: { z: 0, ci95: [-0.1, 0.1] as [number, number] },
      spread: 1,
      truthRange: [60, 240] as [number, number],
      ranks: { counts: [60], cumulative: [], low: [], high: [], p: 0.5 },
      spreadAlone80: 0.1,
      levels: { '50': level(0.5), '80': level(coverage), '95': level(0.95) },
    });
    const of = (coverage: number) => {
      const summary = structuredClone(input.summary);
      summary.calibration = {
        n: 60,
        truths: 60,
        withoutInterval: 0,
        coverage50: 0.5,
        coverage80: coverage,
        coverage95: 0.95,
        parameters: { gNa: own(coverage) },
      };
      return answerOf({ ...input, summary });
    };
    expect(of(0.78)).toMatch(/verdict trust">\s*<p>\s*<strong>The 80 % intervals hold the truth about as often as they promise: in 78/);
    expect(of(0.6)).toMatch(/verdict care">\s*<p>\s*<strong>The 80 % intervals of gNa are too narrow/);
    expect(textOf(of(0.6))).toContain('These are 60 cells with different, known parameters');
  });
});

describe('the table of parameters', () => {
  const input = inputOf({ draws: 6, seeds: 4, accepted: 1, heldOut: 1 }, 24);
  const cellsOf = (page: string, name: string): string => textOf(page.slice(page.indexOf(`class="name">${name}`)).split('</tr>')[0]!);

  test('has the number that decides beside the word, and in bold in its column', () => {
    const summary = structuredClone(input.summary);
    const { median } = summary.parameters['gK']!;
    summary.parameters['gK']!.mad = 0.3 * median!;
    summary.identifiability!.standardErrors['gK'] = 0.07 * median!;
    const page = answerOf({ ...input, summary });
    expect(cellsOf(page, 'gK')).toMatch(/roughly ±30\u00a0% .* ±30\u00a0% ±7\.0\u00a0%/);
    expect(page).toContain('<strong>±30\u00a0%</strong>');
  });

  test('says what a parameter is, where the model does', () => {
    const { lock, summary, tables } = input;
    const page = renderAnswer(lock, summary, tables.fittedData, { gNa: 'largest <sodium> conductance' }).markup;
    expect(page).toContain('<span class="below">largest &#60;sodium&#62; conductance</span>');
  });

  test('has no column that says nothing', () => {
    const page = answerOf(input);
    expect(page).toContain('Truth, error');
    expect(page).not.toContain('over all');
    expect(answerOf(inputs['of recordings']!)).not.toMatch(/Truth|Error|Standard error/);
    expect(answerOf(inputs['typical']!)).toContain('over all 19 that have one');
  });
});

describe('what is not in a report says why', () => {
  const absencesOf = (page: string): string => textOf(page.split('Not in this report')[1]!.split('</dl>')[0]!);

  test.each([
    ['typical', 'Calibration fewer than 20 data sets'],
    ['of a single replica', 'Variance shares no axis of the sweep has several values'],
    ['without traces', 'The shape of a spike no replica kept its time courses (traces.replicas of the spec)'],
    ['typical', 'From spike to spike the data are no windows'],
    ['typical', 'Held-out data nothing was held out'],
  ])('report %s: %s', (name, words) => {
    expect(absencesOf(reports[name]!)).toContain(words);
  });

  test('time courses that are stored too coarsely for a spike', () => {
    const input = inputOf({ draws: 1, seeds: 4 }, 4);
    const coarse = input.tables.shown.map((one) => ({ ...one, tMs: one.tMs.map((t) => 2 * t) }));
    const { spikeShape: _, ...summary } = input.summary;
    const page = renderReport({ ...input, summary, tables: { ...input.tables, shown: coarse } }).page;
    expect(absencesOf(page)).toContain('time courses are stored every 0.40 ms, too coarse for a spike, which wants 0.25 ms');
    expect(absencesOf(renderReport(input).page)).not.toContain('too coarse');
  });

  test('the Fisher information of fits to several stretches jointly', () => {
    const input = inputOf({ draws: 2, seeds: 4, traces: false }, 8);
    const lock = structuredClone(input.lock);
    for (const unit of lock.resolved.problem.data) unit.segments = [0, 250];
    const said = textOf(renderReport({ ...input, lock }).page);
    expect(said).toContain('not shown: it is not computed of fits to several stretches jointly');
    expect(said).toContain('What the Fisher information says is not known: no replica kept its time courses');
  });
});

test('bands are explained only where several replicas make one', () => {
  const said = textOf(reports['of a single replica']!);
  expect(said).not.toMatch(/Bands are quantiles|50 and 95 % of the networks/);
  expect(textOf(reports['typical']!)).toContain('Bands are quantiles');
});

test('values of an axis stand in its figure where they are short, else numbers that the table has too', () => {
  const widths = reports['typical']!.split('By network.width')[1]!;
  expect(widths).toMatch(/<desc[^>]*>network\.width 16: median /);
  expect(widths).not.toContain('Numbered as the rows');
  const [data = ''] = reports['typical']!.slice(reports['typical']!.indexOf('<h3>By data')).split('<h3>By network.width');
  expect(textOf(data)).toContain('Medians over accepted replicas by data (synthetic, …)');
  expect(data).toContain('<th scope="row">12 uA/cm2</th>');
  const { lock, summary, tables, ...rest } = inputs['typical']!;
  const axes = tables.axes.map((one) => ({
    ...one,
    rows: one.rows.map((row, i) => ({ ...row, label: `${'x'.repeat(i)}-a-long-name-of-one-word` })),
  }));
  const long = renderReport({ ...rest, lock, summary, tables: { ...tables, axes } }).page;
  expect(textOf(long).match(/Numbered as the rows of the table below/g)).toHaveLength(2);
});

test('the resolved spec is JSON, short parts of it on one line', () => {
  const spec = /<pre[^>]*>(.*?)<\/pre>/s.exec(reports['typical']!)![1]!.replaceAll('&#34;', '"').replaceAll('&#39;', "'");
  expect(JSON.parse(spec)).toEqual(JSON.parse(JSON.stringify(inputs['typical']!.lock.resolved)));
  expect(spec).toContain('"range": [1, 1000]');
});

test('a report without traces draws the data and claims no bands', () => {
  const page = reports['without traces']!;
  expect(page).not.toContain('Bands are quantiles');
  expect(page).toContain('Top: V as measured.');
  expect(page).toContain('No time courses were kept');
});

describe('what was not fitted', () => {
  const page = reports['with held-out data']!;

  test('has a row for each stretch, and a drawing of data and simulation for some', () => {
    for (const label of ['rest of the fitted sweeps', 'sweep 20', 'sweep 24']) expect(page).toContain(`<th scope="row">${label}</th>`);
    expect(page.match(/Prediction of data that were not fitted/g)).toHaveLength(1);
    expect(page.match(/<title id="prediction-\d-title">/g)).toHaveLength(3);
  });

  test('does not swell the report', () => {
    expect(page.length).toBeLessThan(1.2e6);
  });

  test('is no section where there is none', () => {
    expect(reports['of recordings']).not.toContain('id="held-out"');
  });
});

test('features of spikes stand beside each other, of data and simulation', () => {
  const page = reports['with held-out data']!;
  const table = page.slice(page.indexOf('aria-label="Features of spikes"')).split('</table>')[0]!;
  expect(table).toContain('amplitude, from threshold to peak (mV)');
  expect(table).not.toContain('after-hyperpolarisation');
});

test('the yardstick is named wherever misfits are counted in it', () => {
  const page = reports['with held-out data']!;
  expect(page).toContain('1 is the spread of the cell’s own spikes, 0.60 mV');
  expect(page).toContain('counted in the spread of the cell’s own spike shapes');
  expect(reports['of recordings']).toContain('1 is what noise alone gives');
});

test('parameters of a cell are called effective, given what was held fixed; those of synthetic data have a truth', () => {
  const given = /These are effective parameters: they hold given the kinetics of\s+hodgkin-huxley and the values held fixed \(C = 1, /;
  expect(reports['of recordings']).toMatch(given);
  expect(reports['typical']).not.toContain('effective parameters');
});

test('bounds stand beside the spread, with the least certain combination in words', () => {
  const page = reports['with held-out data']!;
  expect(page).toContain('Least certain: gNa +0.8 %, gK +0.2 % and gL +4 % together cannot be told from the noise.');
  expect(reports['of recordings']).not.toContain('Least certain');
});

test('parameters and forward misfit are drawn against a weight of the loss that the sweep varies', () => {
  expect(reports['of several weights']!.match(/<title id="weight-loss-current-(gNa|gK|gL|rmse)-title">/g)).toHaveLength(4);
  expect(reports['typical']).not.toContain('against the weight');
});

test('network V and forward V are drawn together, of accepted and of rejected replicas alike', () => {
  for (const name of ['typical', 'with no accepted replica', 'of recordings', 'of a constructed failure']) {
    expect(reports[name]).toContain('networks, median');
    expect(reports[name]).toContain('simulated, median');
  }
});

test('what was left out stands in the table, with its reason in words', () => {
  const page = reports['with no accepted replica']!;
  expect(page).toContain('<code>stopped/chi2</code>');
  expect(page).toContain('misses the data by more than accept.chi2 allows');
});

test('a report of thousands of replicas stays below 5 MB', () => {
  const { page } = renderReport(inputOf({ draws: 20, seeds: 50, widths: [16, 24, 32, 48], traces: false }, 4000));
  expect(page.length).toBeLessThan(5e6);
});

describe('writing', () => {
  let folder: string | undefined;
  afterEach(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true });
    folder = undefined;
  });

  test('puts every figure beside the report: a drawing that stands alone, its numbers, and what it is', async () => {
    folder = await mkdtemp(join(tmpdir(), 'loligo-report-'));
    writeReport(folder, inputs['typical']!);
    const figures = join(folder, 'figures');
    // written by the report
    const list = JSON.parse(await readFile(join(figures, 'figures.json'), 'utf8')) as { name: string; caption: string; files: string[] }[];
    expect(list.length).toBe(reports['typical']!.match(/<figure /g)!.length);
    expect((await readdir(figures)).toSorted()).toEqual(['figures.json', ...list.flatMap(({ files }) => files)].toSorted());
    for (const { name, caption, files } of list) {
      expect(caption).not.toMatch(/[<>]|&#/);
      expect(files.length, name).toBeGreaterThan(1);
      for (const file of files) {
        expect(reports['typical']).toContain(`href="figures/${file}"`);
        const text = await readFile(join(figures, file), 'utf8');
        if (file.endsWith('.svg')) expectStandalone(text);
        else expectTable(text);
      }
    }
    const names = list.map(({ name }) => name);
    for (const name of ['voltage', 'gates', 'variability', 'spike-shape', 'parameters', 'pairs', 'predictive', 'physics-gap'])
      expect(names).toContain(name);
  });

  test('takes away the figures of an older report and nothing else', async () => {
    folder = await mkdtemp(join(tmpdir(), 'loligo-report-'));
    writeReport(folder, inputs['of several weights']!);
    const figures = join(folder, 'figures');
    await writeFile(join(figures, 'mine.csv'), 'a,b\n');
    expect(await readdir(figures)).toContain('groups.csv');
    writeReport(folder, inputs['without traces']!);
    const left = await readdir(figures);
    expect(left).toContain('mine.csv');
    expect(left).not.toContain('groups.csv');
    expect(left).toContain('parameters.csv');
  });

  test('puts the report and the summary in place and leaves nothing else', async () => {
    folder = await mkdtemp(join(tmpdir(), 'loligo-report-'));
    const input = inputs['typical']!;
    const written = writeReport(folder, input);
    writeReport(folder, input);
    expect((await readdir(folder)).toSorted()).toEqual(['figures', 'report.html', 'summary.json']);
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

describe('what the estimates depend on', () => {
  const { summary } = inputs['of windows']!;
  const page = reports['of windows']!;
  const text = textOf(page);

  test('is a figure and a table of every share, and a figure of the spikes', () => {
    expect(page).toContain('id="variance"');
    expect(page).toContain('id="spikes"');
    expect(text).toContain('window (3)');
    for (const axis of Object.keys(summary.varianceShares!['gNa']!)) expect(text).toContain(axis === 'residual' ? 'the rest' : axis);
    expect(text).toContain(`CV ${formatPercent(summary.acrossSpikes!['gNa']!.cv)}`);
  });

  test('is left out where nothing varies', () => {
    expect(reports['of a single replica']).not.toContain('id="variance"');
    expect(reports['typical']).not.toContain('id="spikes"');
  });

  test.each(Object.entries(inputs))('a filter that takes many is named, with what other limits would do: report %s', (name, input) => {
    const { rejectedShare } = input.summary.acceptance!;
    const said = textOf(reports[name]!);
    const many = (rejectedShare ?? 0) > 0.05;
    expect(said.includes('Survivors.')).toBe(many);
    expect(said).toContain(many ? `The filter takes ${formatPercent(rejectedShare)} of the replicas` : '');
    expect(said.includes('1.25 × the sweep’s')).toBe(rejectedShare !== null);
  });
});

/** No variable, no reference outside; every tag closed. */
function expectStandalone(svg: string): void {
  expect(svg.startsWith('<?xml')).toBe(true);
  expect(svg).not.toMatch(/var\(--|NaN|undefined|href=|url\(/);
  expect(unbalancedTags(svg.slice(svg.indexOf('<svg')))).toEqual([]);
}

/** As many cells in each row as in the header, some of them numbers. */
function expectTable(csv: string): void {
  const rows = csv
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll(/"(?:[^"]|"")*"/g, 'quoted').split(','));
  expect(rows.length).toBeGreaterThan(1);
  for (const row of rows) expect(row).toHaveLength(rows[0]!.length);
  expect(rows.slice(1).some((row) => row.some((cell) => cell !== '' && Number.isFinite(Number(cell))))).toBe(true);
  expect(csv).not.toMatch(/NaN|Infinity|undefined|null/);
}

/** Without tags; lines run on. */
function textOf(page: string): string {
  return page.replaceAll(/<[^>]*>/g, ' ').replaceAll(/[ \n]+/g, ' ');
}

describe('which parameters are identified', () => {
  const lock = fixtureLock({ draws: 6, seeds: 4 });
  const certain = structuredClone(inputOf({ draws: 6, seeds: 4, accepted: 1, traces: false }, 24).summary);
  for (const own of Object.values(certain.parameters)) {
    own.mad = 0.02 * own.median!;
    own.ci95 = [0.99 * own.median!, 1.01 * own.median!];
  }
  delete certain.modes;
  const judged = (change: (summary: typeof certain) => void): string => {
    const summary = structuredClone(certain);
    change(summary);
    return standingSentence(standings(lock, summary, 6));
  };

  test('all of which spread, standard error and interval are small', () => {
    expect(judged(() => undefined)).toBe('Identified: gNa, gK and gL.');
  });

  test('roughly one that spreads, not one that spreads widely, each with the reason', () => {
    const text = judged(({ parameters }) => {
      parameters['gK']!.mad = 0.3 * parameters['gK']!.median!;
      parameters['gL']!.ci95 = [0.1 * parameters['gL']!.median!, 2 * parameters['gL']!.median!];
    });
    expect(text).toBe(
      'Identified: gNa. Roughly: gK (replicas spread by 30\u00a0%). Not identified: gL (its interval is 95\u00a0% wide on either side).',
    );
  });

  test('not one that the data leave open, however alike the replicas', () => {
    const text = judged((summary) => {
      summary.identifiability = { weakest: '', standardErrors: { gNa: null, gK: 0.1, gL: null }, ensembleOverBound: {} };
    });
    expect(text).toBe('Identified: gK. Not identified: gNa and gL (left open by the data: others make up for a change).');
  });

  test('not one with several values that fit alike', () => {
    expect(judged((summary) => (summary.modes = { gK: { dip: 0.1, p: 0, q: 0, kind: 'degeneracy', modes: [] } }))).toContain(
      'Not identified: gK (several values fit equally well).',
    );
  });

  test('from few data sets something can be said only with a standard error: that of the information, or of the finish', () => {
    expect(standingSentence(standings(lock, certain, 4))).toContain('cannot be said (the spread over 4 data sets says too little)');
    expect(standingSentence(standings(lock, certain, 5))).toBe('Identified: gNa, gK and gL.');
    const finished = structuredClone(certain);
    for (const own of Object.values(finished.parameters)) own.standardError = 0.2 * own.median!;
    expect(standingSentence(standings(lock, finished, 1))).toContain('Roughly: gNa (the noise of one data set hides changes of 20\u00a0%)');
    finished.identifiability = { weakest: '', standardErrors: { gNa: 1, gK: null, gL: 0.01 }, ensembleOverBound: {} };
    expect(standingSentence(standings(lock, finished, 1))).toContain('Not identified: gK (left open');
  });

  test('nothing can be said from one data set without a bound', () => {
    expect(standingSentence(standings(lock, certain, 1))).toContain('Whether gNa, gK and gL are identified cannot be said');
  });

  test('a parameter that may be negative is judged by the range that the model gives it', () => {
    const shifted = structuredClone(lock);
    shifted.resolved.problem.infer = [{ name: 'EL', unit: 'mV', positive: false, range: [-100, -40], start: { uniform: [-80, -60] } }];
    const el = (mad: number) => ({
      ...certain.parameters['gNa']!,
      unit: 'mV',
      scale: 'linear' as const,
      median: -70,
      mad,
      ci95: [-70.1, -69.9] as [number, number],
    });
    const of = (mad: number): string => standingSentence(standings(shifted, { ...certain, parameters: { EL: el(mad) } }, 6));
    expect(of(2)).toBe('Identified: EL.');
    expect(of(5)).toBe('No parameter is clearly identified. Roughly: EL (replicas spread by 5.0 mV).');
    expect(of(20)).toContain('Not identified: EL');
  });
});
