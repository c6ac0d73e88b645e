import { describe, expect, test } from 'vitest';
import { baselineText } from '../../../orchestrator/gate/baseline.ts';
import { compare } from '../../../orchestrator/gate/compare.ts';
import { LoligoError } from '../../../schemas/errors.ts';
import { parseBaseline } from '../../../schemas/parse.ts';
import { baselineNight, night, rejected, scaled } from './night.ts';

describe('a verdict', () => {
  test('of the same bits is "same" everywhere, with no shift at all', () => {
    const { verdict, parameters, successRate, speed, pairing, unit } = compare(baselineNight(), night());
    expect([verdict, pairing, unit]).toEqual(['same', 'replica', 'draw']);
    expect(parameters['gNa']).toMatchObject({
      verdict: 'same',
      shift: 0,
      ci95: [0, 0],
      n: 12,
      units: 12,
      spread: { verdict: 'same', shift: 0 },
    });
    expect(successRate).toMatchObject({ verdict: 'same', shift: 0, before: 1, after: 1 });
    expect(speed).toMatchObject({ compared: true, verdict: 'same', before: 2, after: 2 });
  });

  test('of noise within the tolerance is "same", and its interval lies within', () => {
    const { verdict, parameters } = compare(baselineNight({}, { success: 0.2 }), night({ change: scaled() }));
    expect(verdict).toBe('same');
    const { ci95, tolerance, shift } = parameters['gK']!;
    expect(shift).not.toBe(0);
    expect(Math.max(...ci95!.map(Math.abs))).toBeLessThan(tolerance);
  });

  test('of a parameter that moves away from its truth is "regressed", towards it "improved", and of one without a truth "regressed" either way', () => {
    const off = baselineNight({ change: scaled(1.05, 1.05) }, { gNa: 0.01, gK: 0.01 });
    const verdicts = (factor: number) => {
      const { parameters } = compare(off, night({ change: scaled(1.05 * factor, 1.05 * factor) }));
      return [parameters['gNa']!.verdict, parameters['gK']!.verdict];
    };
    expect(verdicts(1.02)).toEqual(['regressed', 'regressed']);
    expect(verdicts(0.98)).toEqual(['improved', 'regressed']);
    // past the truth and as far off on its other side
    expect(verdicts(0.88)).toEqual(['regressed', 'regressed']);
  });

  test('of a misfit goes by its sign, and the worst part is the verdict of the whole', () => {
    const worse = compare(baselineNight(), night({ change: scaled(1, 1, 0.5, 1.2) }));
    expect(worse.reconstruction['V']).toMatchObject({ verdict: 'improved' });
    expect(worse.reconstruction['V']!.shift).toBeCloseTo(-0.5, 2);
    expect(worse.predictive['rmseMv']!.verdict).toBe('regressed');
    expect(worse.verdict).toBe('regressed');
    expect(compare(baselineNight(), night({ change: scaled(1, 1, 0.5) })).verdict).toBe('improved');
  });

  test('of a large shift that the scatter hides is "undecided", and that many replicas more decide it', () => {
    const baseline = baselineNight({ draws: 8 });
    const shifted = (draws: number) =>
      compare(baselineNight({ draws, data: 'a', replicas: 'a' }), night({ draws, data: 'b', replicas: 'b', change: scaled(1, 1.015) }))
        .parameters['gK']!;
    const few = shifted(8);
    expect(few.verdict).toBe('undecided');
    const needed = few.replicasToDecide!;
    expect(needed).toBeGreaterThan(8);
    expect(['same', 'regressed']).toContain(shifted(4 * needed).verdict);
    expect(compare(baseline, night({ draws: 8 })).parameters['gK']).not.toHaveProperty('replicasToDecide');
  });

  test('of a parameter that scatters further is on its spread, not on its location', () => {
    const centre = Math.log(40);
    const wider = night({
      draws: 40,
      change: (one) => ({
        ...one,
        values: one.values.map((value, m) => (m === 1 ? Math.exp(centre + 3 * (Math.log(value!) - centre)) : value)),
      }),
    });
    const { location, spread } = (({ spread: ofSpread, ...ofLocation }) => ({ location: ofLocation, spread: ofSpread }))(
      compare(baselineNight({ draws: 40 }), wider).parameters['gK']!,
    );
    expect(spread.verdict).toBe('regressed');
    expect(spread.shift).toBeCloseTo(2, 2);
    expect(location.verdict).not.toBe('regressed');
  });

  test('of a spread that two draws show is undecided: two lie equally far from their median, however far', () => {
    const { parameters, verdict } = compare(baselineNight({ draws: 2, data: 'one' }), night({ draws: 2, replicas: 'other', data: 'two' }));
    expect(parameters['gK']!.spread.after! / parameters['gK']!.spread.before!).not.toBeCloseTo(1, 0);
    expect(parameters['gK']!.spread).toMatchObject({ verdict: 'undecided', pHolm: null });
    expect(verdict).toBe('undecided');
    const again = compare(baselineNight({ draws: 2 }), night({ draws: 2 }));
    expect(again.parameters['gK']!.spread.verdict).toBe('same');
  });

  test('of a spread that the tolerance swallows is "same", though it is ten times as large', () => {
    const near = (share: number) => (one: { values: (number | null)[] }, i: number) => ({
      ...one,
      values: one.values.map(() => 40 * (1 + share * ((i % 5) - 2))),
    });
    const baseline = baselineNight({ change: near(1e-6) as never });
    const { spread } = compare(baseline, night({ change: near(1e-5) as never })).parameters['gK']!;
    expect(spread.shift).toBeCloseTo(9, 1);
    expect(spread.verdict).toBe('same');
  });
});

describe('a success rate', () => {
  test('that falls far regresses, and one that rises improves', () => {
    const half = night({ draws: 32, change: (one, i) => (i % 2 === 0 ? rejected(one) : one) });
    expect(compare(baselineNight({ draws: 32 }), half).successRate).toMatchObject({
      verdict: 'regressed',
      before: 1,
      after: 0.5,
      shift: -0.5,
    });
    const before = baselineNight({ draws: 32, change: (one, i) => (i % 2 === 0 ? rejected(one) : one) });
    expect(compare(before, night({ draws: 32 })).successRate.verdict).toBe('improved');
  });

  test('that falls by one replica does not', () => {
    const { successRate, parameters } = compare(baselineNight(), night({ change: (one, i) => (i === 3 ? rejected(one) : one) }));
    expect(successRate.verdict).toBe('undecided');
    // the pair with the lost replica is in no other statistic
    expect(parameters['gNa']).toMatchObject({ verdict: 'same', n: 11 });
  });

  test('of 0 regresses however few draws there are, and leaves the rest undecided', () => {
    const { verdict, successRate, parameters } = compare(
      baselineNight({ draws: 1, seeds: 3 }),
      night({ draws: 1, seeds: 3, change: rejected }),
    );
    expect([verdict, successRate.verdict]).toEqual(['regressed', 'regressed']);
    // no interval of a share leaves what shares can be
    expect(successRate.ci95![0]).toBe(-1);
    expect(parameters['gNa']).toMatchObject({ verdict: 'undecided', shift: null, ci95: null, n: 0 });
  });
});

describe('speed', () => {
  const slower = night({ change: (one) => ({ ...one, seconds: 5 }) });

  test('is compared on the same engine and processor', () => {
    expect(compare(baselineNight(), slower).speed).toMatchObject({ compared: true, verdict: 'regressed', before: 2, after: 5 });
  });

  test.each([
    ['another processor', { processor: 'Loom 8' }, /Loom 9 instead of Loom 8/],
    ['another engine', { engine: 'wasm' }, /engine native instead of wasm/],
    ['another device or library', { arithmetic: 'narrow' }, /native on wide instead of narrow/],
    ['other replicas', { replicas: 'others' }, /other replicas/],
  ])('is only told on %s', (_, options, reason) => {
    const comparison = compare(baselineNight(options), slower);
    expect(comparison.speed).toMatchObject({ compared: false, before: 2, after: 5 });
    expect(comparison.speed).toHaveProperty('reason', expect.stringMatching(reason));
    expect(comparison.speed).not.toHaveProperty('verdict');
  });

  test('is only told where several engines trained a run, as they did not share it alike', () => {
    const mixed = { engine: 'any' };
    expect(compare(baselineNight(mixed), night(mixed)).speed).toMatchObject({ compared: false, reason: 'several engines' });
  });

  test('is compared with that of an older baseline, which knows the name of its engine only', () => {
    const { arithmetic: _, ...older } = baselineNight();
    expect(compare(older, slower).speed).toMatchObject({ compared: true, verdict: 'regressed' });
  });

  test('and bits on another device are not those of the baseline, which a note says', () => {
    expect(compare(baselineNight(), slower).notes).toEqual([]);
    expect(compare(baselineNight({ arithmetic: 'narrow' }), slower).notes).toEqual([
      expect.stringContaining('native on wide instead of narrow: '),
    ]);
  });

  const costing = (cpuSeconds: number, seconds = 2) => night({ change: (one) => ({ ...one, seconds, cpuSeconds }) });
  const costed = (tolerances = {}) => baselineNight({ change: (one) => ({ ...one, cpuSeconds: 2 }) }, tolerances);

  test('is that of the processor where the baseline has it: a busy machine is no regression', () => {
    expect(compare(costed(), costing(2.1, 9)).speed).toMatchObject({ clock: 'processor', verdict: 'same', before: 2, after: 2.1 });
    expect(compare(costed(), costing(5)).speed).toMatchObject({ clock: 'processor', verdict: 'regressed', before: 2, after: 5 });
    expect(compare(baselineNight(), costing(5)).speed).toMatchObject({ clock: 'wall', verdict: 'same' });
  });

  test('is only told where the run lacks the clock of its baseline', () => {
    expect(compare(costed(), night()).speed).toMatchObject({ compared: false, reason: 'the processor time of this run is not known' });
  });

  test('has a narrower tolerance by the processor than by the wall clock, unless one is given', () => {
    expect(baselineNight().tolerances.speed).toBe(1);
    expect(costed().tolerances.speed).toBeLessThan(0.5);
    expect(costed({ speed: 0.1 }).tolerances.speed).toBe(0.1);
  });

  test('is only told where a run does not know its processor', () => {
    const { processor: _, ...anonymous } = slower;
    expect(compare(baselineNight(), anonymous).speed).toMatchObject({ compared: false });
  });
});

describe('runs are set against each other', () => {
  test('draw by draw where the replicas are others and the data the same', () => {
    const { pairing, unit, parameters } = compare(baselineNight({ replicas: 'old' }), night({ replicas: 'new', seeds: 2 }));
    expect([pairing, unit]).toEqual(['draw', 'draw']);
    expect(parameters['gNa']).toMatchObject({ n: 24, units: 12 });
  });

  test('as independent samples of draws where the data are others', () => {
    const { pairing, notes, parameters } = compare(baselineNight(), night({ replicas: 'new', data: 'new', draws: 8, seeds: 4 }));
    expect(pairing).toBe('none');
    expect(parameters['gNa']).toMatchObject({ n: 32, units: 8 });
    expect(notes.join()).toMatch(/independent samples/);
  });

  test('by draws, not by seeds, of which a common shift would else be counted often', () => {
    expect(compare(baselineNight({ draws: 6, seeds: 5 }), night({ draws: 6, seeds: 5 })).parameters['gNa']).toMatchObject({
      units: 6,
      n: 30,
    });
    const few = compare(baselineNight({ draws: 2, seeds: 5 }), night({ draws: 2, seeds: 5 }));
    expect(few.parameters['gNa']).toMatchObject({ units: 10, n: 10 });
    expect(few.notes.join()).toMatch(/these data alone/);
  });

  test('by the replicas that both have, where one has fewer or an outcome is missing', () => {
    const whole = night();
    const cut = { ...whole, finished: 9, replicas: whole.replicas.slice(0, 9) };
    const comparison = compare(baselineNight(), cut);
    expect(comparison).toMatchObject({ pairing: 'replica', parameters: { gNa: { verdict: 'same', n: 9 } } });
    expect(comparison.notes.join()).toMatch(/3 of 12 replicas have no outcome/);
  });

  test('not at all where they infer other parameters', () => {
    const other = night();
    const renamed = { ...other, measures: other.measures.map((measure) => (measure.name === 'gK' ? { ...measure, name: 'gM' } : measure)) };
    expect(() => compare(baselineNight(), renamed)).toThrow(/must infer what the baseline does: gK, gNa of hodgkin-huxley; got gM, gNa/);
  });
});

describe('a baseline', () => {
  test('is read back as it was written, a line for each replica', () => {
    const baseline = baselineNight();
    const text = baselineText(baseline);
    expect(parseBaseline(JSON.parse(text))).toEqual(baseline);
    expect(text.split('\n').filter((line) => line.includes('"cluster"'))).toHaveLength(12);
  });

  test('allows a parameter a quarter of its spread, or what the user says', () => {
    const { measures } = baselineNight({ draws: 400 });
    expect(measures[0].tolerance).toBeGreaterThan(0.25 * 0.017);
    expect(measures[0].tolerance).toBeLessThan(0.25 * 0.023);
    const given = baselineNight({}, { gNa: 0.03, misfit: 0.2, spread: 1, success: 0.3, speed: 2 });
    expect(given.measures.filter(({ name }) => name !== 'gK').map(({ tolerance }) => tolerance)).toEqual([0.03, 0.2, 0.2]);
    expect(given.tolerances).toEqual({ spread: 1, success: 0.3, speed: 2 });
  });

  test('of a large run keeps a sample of replicas, the same from any run of that spec', () => {
    const kept = baselineNight({ draws: 50 }, {}, 10);
    expect(kept.replicas).toHaveLength(10);
    expect(compare(kept, night({ draws: 50 }))).toMatchObject({ pairing: 'replica', parameters: { gNa: { verdict: 'same', n: 10 } } });
  });

  test.each([
    [{ gM: 0.1 }, /must name one of misfit, spread, success, speed, gNa, gK; got gM/],
    [{ gNa: 0 }, /a number above 0.*gNa=0/],
    [{ gNa: NaN }, /a number above 0.*gNa=NaN/],
  ])('refuses %o', (tolerances, message) => expect(() => baselineNight({}, tolerances)).toThrow(message));

  test('needs accepted replicas', () => {
    expect(() => baselineNight({ change: rejected })).toThrow(/needs accepted replicas; got none among 12/);
    expect(() => baselineNight({ change: rejected })).toThrow(LoligoError);
  });

  test('of another version is refused with its place', () => {
    expect(() => parseBaseline({ ...baselineNight(), version: 2 })).toThrow(/baseline\.version/);
  });
});
