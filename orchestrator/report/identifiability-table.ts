/** How well the data can tell each parameter at all, and how the ensemble's spread compares with it. */
import type { InferredParameter, Summary } from '../../schemas/generated/types.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatNumber, formatPercent, withUnit } from './number-format.ts';
import { renderTable } from './table.ts';

export function renderIdentifiability(infer: readonly InferredParameter[], summary: Summary): Markup | undefined {
  const { identifiability } = summary;
  if (identifiability === undefined) return undefined;
  const { weakest, standardErrors, ensembleOverBound } = identifiability;
  return html`${renderTable({
      label: 'Identifiability',
      caption: html`What V can tell of each parameter (Fisher information by forward sensitivities at the estimates, starting values unknown
      too, noise as large as the forward simulation’s misfit): the smallest standard error of any method on one data set, median over
      accepted replicas. The spread over accepted replicas in units of it: about 1 where noise explains the spread, more where data sets
      differ or the model is wrong, less where replicas share their data.`,
      rows: html`<thead>
          <tr>
            <th scope="col">Parameter</th>
            <th scope="col" class="number">standard error</th>
            <th scope="col" class="number">of the median</th>
            <th scope="col" class="number">spread over it</th>
          </tr>
        </thead>
        <tbody>
          ${infer.map((parameter) => row(parameter, summary.parameters[parameter.name]?.median ?? null, standardErrors, ensembleOverBound))}
        </tbody>`,
      width: 'fit',
    })}
    <p class="note">Least certain: ${weakest}.</p>`;
}

function row(
  { name, unit, positive }: InferredParameter,
  median: number | null,
  errors: Readonly<Record<string, number | null>>,
  ratios: Readonly<Record<string, number | null>>,
): Markup {
  const error = errors[name] ?? null;
  return html`<tr>
    <th scope="row">${withUnit(name, unit)}</th>
    <td class="number">${formatNumber(error, 2)}</td>
    <td class="number">${formatPercent(positive && error !== null && median !== null ? error / median : null)}</td>
    <td class="number">${formatNumber(ratios[name], 2)}</td>
  </tr>`;
}
