/** Whether the median can be relied on: other estimators of the same location, modes, and what would make its interval narrow. */
import type { InferredParameter, Modality, ReplicasNeeded, Summary } from '../../schemas/generated/types.ts';
import { TARGET } from '../aggregate/replicas-needed.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatCount, formatNumber, formatPercent, NOTHING, plural, withUnit } from './number-format.ts';
import { renderTable } from './table.ts';

export function renderRobustness(infer: readonly InferredParameter[], { parameters, modes, replicasNeeded }: Summary): Markup {
  return renderTable({
    label: 'Location, modes, need',
    caption: html`Three estimators of one location over accepted replicas: where they differ by more than the interval, the distribution is
    skewed or has several modes. Trimmed: mean without a tenth at either end. Hodges-Lehmann: median of the means of all pairs. Modes:
    Hartigan’s dip test of a single one, p adjusted for false discoveries over the parameters (Benjamini and Hochberg). Last column, of
    positive parameters: half the interval of the median, and what would bring it to ${formatPercent(TARGET)}.`,
    rows: html`<thead>
        <tr>
          <th scope="col">Parameter</th>
          <th scope="col" class="number">median</th>
          <th scope="col" class="number">trimmed</th>
          <th scope="col" class="number">Hodges-Lehmann</th>
          <th scope="col">modes</th>
          <th scope="col">for ±${formatPercent(TARGET)}</th>
        </tr>
      </thead>
      <tbody>
        ${infer.map(({ name, unit }) => {
          const { median, trimmedMean, hodgesLehmann } = parameters[name]!;
          return html`<tr>
            <th scope="row" class="name">${withUnit(name, unit)}</th>
            <td class="number">${formatNumber(median)}</td>
            <td class="number">${formatNumber(trimmedMean)}</td>
            <td class="number">${formatNumber(hodgesLehmann)}</td>
            <td>${modes?.[name] === undefined ? NOTHING : modeText(modes[name])}</td>
            <td>${replicasNeeded?.[name] === undefined ? NOTHING : needText(replicasNeeded[name])}</td>
          </tr>`;
        })}
      </tbody>`,
  });
}

const KINDS: Readonly<Record<NonNullable<Modality['kind']>, string>> = {
  degeneracy: 'alike in χ²: the data cannot tell them apart',
  optima: 'unlike in χ²: some replicas ended in a local optimum',
  data: 'of different data sets',
};

function modeText({ q, kind, modes }: Modality): string {
  const p = `adjusted p ${formatNumber(q, 2)}`;
  if (kind === undefined) return modes.length === 0 ? `one (${p})` : `not one (${p}), but no gap between them`;
  const each = modes.map(({ n, median, chi2 }) => `${formatNumber(median)} (${plural(n, 'replica')}, χ² ${formatNumber(chi2, 4)})`);
  return `${modes.length} (${p}), ${KINDS[kind]}: ${each.join('; ')}`;
}

function needText({ halfWidth, dataSets, perDataSet }: ReplicasNeeded): string {
  const now = `±${formatPercent(halfWidth)} now`;
  if (halfWidth <= TARGET) return `${now}: enough`;
  const wider = dataSets === null ? 'other data sets' : `${formatCount(dataSets)} data sets like these`;
  if (perDataSet === null) return `${now}: ${wider} would do; more replicas on these data would not`;
  return `${now}: ${formatCount(perDataSet)} replicas on each data set would do${dataSets === null ? '' : `, or ${wider}`}`;
}
