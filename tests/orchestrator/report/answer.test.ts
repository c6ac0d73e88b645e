/** The first screen of a report: which parameters are identified, whether to trust the values, and their table. */
import { describe, expect, test } from 'vitest';
import { renderAnswer } from '../../../orchestrator/report/answer.ts';
import { standings, standingSentence } from '../../../orchestrator/report/identified.ts';
import type { ReportInput } from '../../../orchestrator/report/report.ts';
import type { Summary } from '../../../schemas/generated/types.ts';
import { fixtureLock } from '../../helpers/ensemble-fixture.ts';
import { inputOf, inputs, reports, textOf } from '../../helpers/report-inputs.ts';

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
