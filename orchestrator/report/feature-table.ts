/** Features of spikes, of the data and of the simulation beside them: a misfit in mV does not say whether a model's spike is one of the cell's. */
import type { FeatureSummary } from '../../schemas/generated/types.ts';
import type { Feature } from '../aggregate/score-columns.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatNumber, formatPercent, withUnit } from './number-format.ts';
import { renderTable } from './table.ts';

/** `voltage`: compared by its difference in mV, as its zero is arbitrary; others by their ratio. */
const NAMES: Readonly<Record<Feature, { readonly name: string; readonly unit: string; readonly voltage?: true }>> = {
  thresholdMv: { name: 'threshold', unit: 'mV', voltage: true },
  upstrokeMvPerMs: { name: 'steepest rise', unit: 'mV/ms' },
  amplitudeMv: { name: 'amplitude, from threshold to peak', unit: 'mV' },
  halfWidthMs: { name: 'width at half amplitude', unit: 'ms' },
  downstrokeMvPerMs: { name: 'steepest fall', unit: 'mV/ms' },
  ahpMv: { name: 'after-hyperpolarisation, lowest V', unit: 'mV', voltage: true },
};

export function renderFeatures(features: Readonly<Record<string, FeatureSummary>>, whose: string): Markup | undefined {
  const entries = Object.entries(features);
  if (entries.length === 0) return undefined;
  return renderTable({
    label: 'Features of spikes',
    caption: html`Features of spikes, of the data and of the forward simulations: medians over spikes, then over ${whose}. Defined as in
    eFEL (AP_begin_voltage, AP_peak_upstroke, AP_amplitude, AP_duration_half_width, AP_peak_downstroke, min_between_peaks_values) on V as it
    is sampled. Noise on the data widens slopes and moves thresholds; a simulation has none.`,
    rows: html`<thead>
        <tr>
          <th scope="col">Feature</th>
          <th scope="col" class="number">Data</th>
          <th scope="col" class="number">Simulation</th>
          <th scope="col" class="number">Difference</th>
        </tr>
      </thead>
      <tbody>
        ${entries.map(([name, pair]) => featureRow(name, pair))}
      </tbody>`,
    width: 'fit',
  });
}

function featureRow(key: string, { observed, simulated }: FeatureSummary): Markup {
  // keys of the summary's features are features
  const { name, unit, voltage } = NAMES[key as Feature];
  return html`<tr>
    <th scope="row">${withUnit(name, unit)}</th>
    <td class="number">${formatNumber(observed, 3)}</td>
    <td class="number">${formatNumber(simulated, 3)}</td>
    <td class="number">${difference(observed, simulated, voltage === true)}</td>
  </tr>`;
}

function difference(observed: number | null, simulated: number | null, voltage: boolean): string {
  if (observed === null || simulated === null) return formatNumber(null);
  if (!voltage) return formatPercent(simulated / observed - 1, { sign: true });
  const gap = simulated - observed;
  return `${gap > 0 ? '+' : ''}${formatNumber(gap, 2)} mV`;
}
