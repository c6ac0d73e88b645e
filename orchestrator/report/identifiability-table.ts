/** How well the data can tell each parameter at all, and how the ensemble's spread compares with it. */
import type { Lock, Summary } from '../../schemas/generated/types.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatNumber, withUnit } from './number-format.ts';
import { renderTable } from './table.ts';

export function renderIdentifiability({ resolved: { problem } }: Lock, summary: Summary): Markup | undefined {
  const { identifiability, counts } = summary;
  if (counts.accepted === 0) return undefined;
  if (identifiability === undefined)
    return html`<p class="note">
      What V can tell of each parameter (Fisher information) is not shown: it could be computed of no accepted replica.
    </p>`;
  const { weakest, standardErrors, ensembleOverBound } = identifiability;
  return html`${renderTable({
      label: 'Identifiability',
      caption: html`What V can tell of each parameter (Fisher information by forward sensitivities at the estimates, starting values unknown
      too, noise as large as the forward simulation’s misfit): the smallest standard error of any method on one data set, median over
      accepted replicas. The spread of the estimates in units of it is about 1 where noise explains the spread, more where data sets differ
      or the model is wrong, less where replicas share their data.`,
      rows: html`<thead>
          <tr>
            <th scope="col">Parameter</th>
            <th scope="col" class="number">Standard error</th>
            <th scope="col" class="number">Spread over standard error</th>
          </tr>
        </thead>
        <tbody>
          ${problem.infer.map(
            ({ name, unit }) =>
              html`<tr>
                <th scope="row" class="name">${withUnit(name, unit)}</th>
                <td class="number">${standardErrors[name] === null ? 'without bound' : formatNumber(standardErrors[name], 2)}</td>
                <td class="number">${formatNumber(ensembleOverBound[name], 2)}</td>
              </tr>`,
          )}
        </tbody>`,
      width: 'fit',
    })}
    <p>Least certain: ${weakest.replaceAll(/-(?=\d)/g, '\u2212')}.</p>`;
}
