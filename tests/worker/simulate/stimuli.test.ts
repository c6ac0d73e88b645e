import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { LoligoError } from '../../../schemas/errors.ts';
import type { Stimulus, StimulusPart } from '../../../schemas/generated/types.ts';
import { randomStream } from '../../../schemas/random.ts';
import { sampleStimulus } from '../../../worker/simulate/stimuli.ts';

const grid = { samples: 11, sampleMs: 0.1 };
const sample = (stimulus: Stimulus) => Array.from(sampleStimulus(stimulus, grid));

function capture(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('stimuli', () => {
  test('a step without times lasts the whole trace, its last sample included', () => {
    expect(sample({ step: { amplitude: 10 } })).toEqual(Array(11).fill(10));
  });

  test('a step includes the sample at its start and not the one at its end', () => {
    expect(sample({ step: { amplitude: 2, startMs: 0.3, endMs: 0.7 } })).toEqual([0, 0, 0, 2, 2, 2, 2, 0, 0, 0, 0]);
  });

  test('a ramp is linear from its first to its last value and zero outside', () => {
    const ramp = sample({ ramp: { from: 1, to: 5, startMs: 0.2, endMs: 0.6 } });
    [0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0].forEach((value, i) => expect(ramp[i]).toBeCloseTo(value, 12));
    expect(sample({ ramp: { from: 0, to: 10 } })[10]).toBeCloseTo(10, 12);
  });

  test('a sine has its frequency in hertz', () => {
    // 2500 Hz is a quarter turn per 0.1 ms
    const sine = sample({ sine: { amplitude: 3, frequencyHz: 2500, offset: 1 } });
    [1, 4, 1, -2, 1].forEach((value, i) => expect(sine[i]).toBeCloseTo(value, 10));
    expect(sample({ sine: { amplitude: 3, frequencyHz: 1, phaseRad: Math.PI / 2 } })[0]).toBeCloseTo(3, 12);
  });

  test('pulses have their width, period and number', () => {
    const pulses = { amplitude: 1, widthMs: 0.2, periodMs: 0.4, startMs: 0.1 };
    expect(sample({ pulses })).toEqual([0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1]);
    expect(sample({ pulses: { ...pulses, count: 2 } })).toEqual([0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0]);
  });

  test('a list is the sum of its terms', () => {
    const step: StimulusPart = { step: { amplitude: 1.5, startMs: 0.25 } };
    const sine: StimulusPart = { sine: { amplitude: 2, frequencyHz: 700 } };
    const alone = [sample(step), sample(sine)];
    expect(sample([step, sine])).toEqual(alone[0]!.map((value, i) => value + alone[1]![i]!));
  });

  test('times written as decimals select the sample that was meant, whatever the rounding of i * sampleMs', () => {
    // 3 * 0.1 is above 0.3 and 3 * 0.3 is below 0.9
    const times = fc.record({
      start: fc.integer({ min: 1, max: 400 }),
      length: fc.integer({ min: 1, max: 400 }),
      sampleMs: fc.constantFrom(0.1, 0.05, 0.3, 0.7),
    });
    fc.assert(
      fc.property(times, ({ start, length, sampleMs }) => {
        const decimal = (i: number) => Number((i * sampleMs).toFixed(6));
        const step = { amplitude: 1, startMs: decimal(start), endMs: decimal(start + length) };
        const current = sampleStimulus({ step }, { samples: 1000, sampleMs });
        expect([current.indexOf(1), current.lastIndexOf(1)]).toEqual([start, start + length - 1]);
      }),
    );
  });

  test('a file is refused by name', () => {
    const file = { path: 'noise.csv', columns: { timeMs: 't', currentPa: 'I' } };
    const refusal = capture(() => sampleStimulus({ file }, grid));
    expect(refusal).toBeInstanceOf(LoligoError);
    expect(refusal).toMatchObject({ code: 'SPEC_UNSUPPORTED' });
    expect(String(refusal)).toContain('noise.csv');
  });
});

describe('Ornstein-Uhlenbeck stimulus', () => {
  const law = { mean: 10, sd: 3, tauMs: 2 };
  const long = { samples: 200_001, sampleMs: 0.1 };
  const current = sampleStimulus({ ornsteinUhlenbeck: { ...law, seed: 5 } }, long);
  const covariance = (lag: number) => {
    let sum = 0;
    for (let i = 0; i + lag < current.length; i++) sum += (current[i]! - law.mean) * (current[i + lag]! - law.mean);
    return sum / (current.length - lag);
  };

  test('mean, variance and correlation time are the stated ones', () => {
    // 20 s hold 20,000 / (2 tau) = 5,000 independent values: s.d. of the mean 3 / sqrt(5000) = 0.042, of the variance 9 sqrt(2 / 10,000) = 0.13
    expect(Math.abs(current.reduce((a, b) => a + b) / current.length - 10)).toBeLessThan(0.17);
    expect(Math.abs(covariance(0) - 9)).toBeLessThan(0.6);
    expect(Math.abs(covariance(20) - 9 * Math.exp(-1))).toBeLessThan(0.6);
    expect(Math.abs(covariance(40) - 9 * Math.exp(-2))).toBeLessThan(0.6);
  });

  test('it is stationary from the first sample: the first value varies as every other', () => {
    let sum = 0;
    for (let seed = 0; seed < 2_000; seed++)
      sum += (sampleStimulus({ ornsteinUhlenbeck: { ...law, seed } }, { samples: 2, sampleMs: 0.1 })[0]! - 10) ** 2;
    expect(Math.abs(sum / 2_000 - 9)).toBeLessThan(4 * 9 * Math.sqrt(2 / 2_000));
  });

  test('the update is exact at any step, so samples 50 tau apart are uncorrelated and keep their variance', () => {
    const sparse = sampleStimulus({ ornsteinUhlenbeck: law }, { samples: 20_000, sampleMs: 100 });
    const variance = sparse.reduce((a, b) => a + (b - 10) ** 2, 0) / sparse.length;
    expect(Math.abs(variance - 9)).toBeLessThan(4 * 9 * Math.sqrt(2 / 20_000));
  });

  test('the same seed is the same current, a longer trace begins alike, another seed differs', () => {
    const short = sampleStimulus({ ornsteinUhlenbeck: { ...law, seed: 5 } }, { samples: 100, sampleMs: 0.1 });
    expect(Array.from(short)).toEqual(Array.from(current.subarray(0, 100)));
    expect(sampleStimulus({ ornsteinUhlenbeck: { ...law, seed: 6 } }, { samples: 100, sampleMs: 0.1 })[0]).not.toBe(short[0]);
  });

  test('its numbers are fixed for good: a sweep made by an earlier version can be made again', () => {
    const [first, second] = sampleStimulus({ ornsteinUhlenbeck: { mean: 0, sd: 1, tauMs: 2, seed: 1 } }, { samples: 2, sampleMs: 0.1 });
    const stream = randomStream(1, 'stimulus/ornsteinUhlenbeck');
    expect(first).toBe(stream.normal(0));
    expect(second).toBeCloseTo(stream.normal(0) * Math.exp(-0.05) + stream.normal(1) * Math.sqrt(1 - Math.exp(-0.1)), 14);
  });

  test('two terms without a seed are independent', () => {
    const part: StimulusPart = { ornsteinUhlenbeck: { mean: 0, sd: 1, tauMs: 0.01 } };
    const sum = sampleStimulus([part, part], { samples: 20_000, sampleMs: 1 });
    const variance = sum.reduce((a, b) => a + b * b, 0) / sum.length;
    // 4 if they were the same noise twice
    expect(variance).toBeGreaterThan(1.9);
    expect(variance).toBeLessThan(2.1);
  });
});
