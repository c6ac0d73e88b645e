import { describe, expect, test } from 'vitest';
import { formatPercent } from '../../../orchestrator/report/number-format.ts';
import { renderReport } from '../../../orchestrator/report/report.ts';
import { unbalancedTags } from '../../helpers/markup-balance.ts';
import { inputOf, inputs, reports, textOf } from '../../helpers/report-inputs.ts';

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

test('names what trained the replicas, and each with its own where there are several', () => {
  const input = inputs['typical']!;
  const { sweep } = input.summary;
  const engineIn = (own: Partial<typeof sweep>): string => {
    const { page } = renderReport({ ...input, summary: { ...input.summary, sweep: { ...sweep, ...own } } });
    return textOf(/<dt>Engine<\/dt>\s*<dd>[^]*?<\/dd>/.exec(page)![0]).trim();
  };
  const trainedBy = [
    { engine: 'webgpu', arithmetic: 'a GPU', replicas: 3 },
    { engine: 'none', replicas: 1 },
  ];
  expect(engineIn({ engine: 'webgpu', arithmetic: 'a GPU' })).toBe('Engine webgpu (a GPU)');
  expect(engineIn({ engine: 'webgpu', trainedBy })).toBe('Engine webgpu (a GPU): 3 replicas; no engine: 1 replica');
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

  test('the Fisher information where no replica has it', () => {
    const said = textOf(renderReport(inputOf({ draws: 2, seeds: 4, traces: false }, 8)).page);
    expect(said).toContain('not shown: it could be computed of no accepted replica');
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

test('a report of replicas that all diverged does not blame the spec for their missing time courses', () => {
  const input = inputs['without traces']!;
  const { finished } = input.summary.counts;
  const counts = { ...input.summary.counts, converged: 0, stopped: 0, diverged: finished, accepted: 0 };
  const { page } = renderReport({ ...input, summary: { ...input.summary, counts } });
  expect(page).toContain('No replica was trained through, so there are no bands to draw.');
  expect(page).not.toContain('traces.replicas');
});

test('a model without gates has bands all the same', () => {
  const input = inputs['typical']!;
  const shown = input.tables.shown.map((one) => ({ ...one, states: { V: one.states['V']! } }));
  expect(renderReport({ ...input, tables: { ...input.tables, shown } }).page).not.toContain('No time courses were kept');
});

test('values that are held fixed have their units', () => {
  const units = { C: 'uF/cm2', ENa: 'mV', EK: 'mV', EL: 'mV' };
  const { page } = renderReport({ ...inputs['of recordings']!, units });
  const held = textOf(/<dt>Held fixed<\/dt>\s*<dd>[^]*?<\/dd>/.exec(page)![0]).trim();
  expect(held).toBe('Held fixed C = 1 µF/cm², ENa = 50 mV, EK = −77 mV, EL = −54.387 mV');
  expect(page).toMatch(/the values held fixed \(C = 1 µF\/cm², /);
});

test('from window to window a potential has a standard deviation in its unit, a conductance a coefficient of variation', () => {
  const input = inputs['of windows']!;
  const { problem } = input.lock.resolved;
  const [first, ...others] = problem.infer;
  const infer: typeof problem.infer = [{ ...first, positive: false, unit: 'mV' }, ...others];
  const lock = { ...input.lock, resolved: { ...input.lock.resolved, problem: { ...problem, infer } } };
  const notes = textOf(renderReport({ ...input, lock }).page).split('From spike to spike')[1]!;
  expect(notes).toMatch(/gNa.* SD [\d.]+ mV.* Drift [+−][\d.]+ mV a window.*gK.* CV [\d.]+\u00a0%/);
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

test('a weight whose replicas lie beyond the axis keeps its place there, and they are counted', () => {
  const input = inputs['of several weights']!;
  const { replicas } = input.tables;
  const { values, codes } = replicas.axes['loss.current']!;
  const isFar = Array.from(codes, (code) => values[code] === 100);
  const table = {
    ...replicas,
    axes: { ...replicas.axes, 'loss.current': { values: values.map((value) => Number(value) / 1000), codes } },
    estimated: replicas.estimated.map(() => 1),
    accepted: replicas.accepted.map((_, row) => (isFar[row] === true ? 0 : 1)),
    parameters: { ...replicas.parameters, gNa: Float64Array.from(isFar, (far, row) => (far ? 1e6 : 120 + row)) },
  };
  const { page } = renderReport({ ...input, tables: { ...input.tables, replicas: table } });
  const cell = textOf(page.split('<title id="weight-loss-current-gNa-title">')[1]!.split('<title id="weight-loss-current-gK-title">')[0]!);
  expect(cell).toMatch(/ 0\.001 .* 0\.01 .* 0\.1 /); // written out: not 1m, 10m, 100m
  expect(cell).toContain('4 replicas beyond the axis.');
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
