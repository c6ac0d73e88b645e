/** Which parts a report could have and this one does not, and why: silence would look like an oversight. */
import type { Summary } from '../../schemas/generated/types.ts';
import type { ReportTables } from '../aggregate/aggregate.ts';
import { LARGEST_STEP_MS } from '../aggregate/spike-alignment.ts';
import { FEWEST } from '../calibration/coverage-summary.ts';
import { factList } from './fact-list.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatNumber } from './number-format.ts';

/** Nothing without an accepted replica: then that is the reason. */
export function renderAbsences(summary: Summary, tables: ReportTables): Markup | undefined {
  const absent = summary.counts.accepted === 0 ? [] : absences(summary, tables);
  if (absent.length === 0) return undefined;
  return html`<h3>Not in this report</h3>
    ${factList(absent)}`;
}

function absences(summary: Summary, tables: ReportTables): [name: string, reason: string][] {
  const { calibrated, calibration, varianceDesign, acrossSpikes, rest, heldOut, spikeShape } = summary;
  const all: readonly (readonly [isThere: boolean, name: string, reason: string])[] = [
    [spikeShape !== undefined, 'The shape of a spike', whyNoSpikeShape(summary, tables)],
    [
      calibration !== undefined || calibrated !== undefined,
      'Calibration',
      `fewer than ${FEWEST} data sets have a known truth and an interval, and no calibration was named (loligo report --calibration)`,
    ],
    [varianceDesign !== undefined, 'Variance shares', 'no axis of the sweep has several values with enough accepted replicas'],
    [acrossSpikes !== undefined, 'From spike to spike', 'the data are no windows or spikes that are fitted one by one'],
    [rest !== undefined || heldOut !== undefined, 'Held-out data', 'nothing was held out, and no recording goes on beyond its windows'],
  ];
  return all.flatMap(([isThere, name, reason]) => (isThere ? [] : [[name, reason]]));
}

function whyNoSpikeShape({ predictive }: Summary, { shown }: ReportTables): string {
  const stepsMs = shown.flatMap(({ tMs }) => (tMs.length < 2 ? [] : [(tMs.at(-1)! - tMs[0]!) / (tMs.length - 1)]));
  if (stepsMs.length === 0) return 'no replica kept its time courses (traces.replicas of the spec)';
  const finest = Math.min(...stepsMs);
  if (finest > LARGEST_STEP_MS)
    return `time courses are stored every ${formatNumber(finest, 2)} ms, too coarse for a spike, which wants ${LARGEST_STEP_MS} ms (traces.points of the spec, or the sampling of the data)`;
  return predictive.spikes.simulated === 0 ? 'there are no spikes' : 'no accepted replica that spikes kept its time courses';
}
