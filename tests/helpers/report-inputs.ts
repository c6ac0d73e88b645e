/** Reports of ensembles that were made up: what they are made from, their pages, and the words of a page. */
import { aggregate } from '../../orchestrator/aggregate/aggregate.ts';
import type { Prediction } from '../../orchestrator/report/held-out-section.ts';
import { renderReport } from '../../orchestrator/report/report.ts';
import type { ReportInput } from '../../orchestrator/report/report.ts';
import { spikeFeatures } from '../../worker/simulate/spike-features.ts';
import { fixtureLock, fixtureObservations, fixtureReplicas } from './ensemble-fixture.ts';
import type { FixtureOptions } from './ensemble-fixture.ts';

export function inputOf(options: FixtureOptions, planned: number, groupBy: readonly string[] = []): ReportInput {
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

export const inputs: Record<string, ReportInput> = {
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
/** The page of each. */
export const reports = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, renderReport(input).page]));

/** Without tags; lines run on. */
export function textOf(page: string): string {
  return page.replaceAll(/<[^>]*>/g, ' ').replaceAll(/[ \n]+/g, ' ');
}
