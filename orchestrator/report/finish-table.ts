/** What the finish made of the networks' own estimates: both side by side, so that a reader sees how far they were moved. */
import type { InferredParameter, Summary } from '../../schemas/generated/types.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatNumber, formatPercent, withUnit } from './number-format.ts';
import { renderTable } from './table.ts';

export function renderFinish(infer: readonly InferredParameter[], { parameters }: Summary): Markup {
  const known = infer.some(({ name }) => parameters[name]!.relativeError !== undefined);
  return renderTable({
    label: 'The networks and the finish',
    caption: html`Medians over the accepted replicas, by the networks alone and after the finish (shooting: the forward solution fitted from
    each network’s estimate). Everything else in this report is about the finished estimates. Standard error: of one replica, by the finish,
    for noise that is independent from sample to sample.`,
    rows: html`<thead>
        <tr>
          <th scope="col">Parameter</th>
          <th scope="col" class="number">network alone</th>
          <th scope="col" class="number">finished</th>
          <th scope="col" class="number">standard error</th>
          ${
            known &&
            html`<th scope="col" class="number">error, network alone</th>
              <th scope="col" class="number">error, finished</th>`
          }
        </tr>
      </thead>
      <tbody>
        ${infer.map((parameter) => finishRow(parameter, parameters[parameter.name]!, known))}
      </tbody>`,
    width: 'fit',
  });
}

function finishRow({ name, unit }: InferredParameter, summary: Summary['parameters'][string], known: boolean): Markup {
  const { median, relativeError, network, standardError } = summary;
  return html`<tr>
    <th scope="row" class="name">${withUnit(name, unit)}</th>
    <td class="number">${formatNumber(network?.median)}</td>
    <td class="number">${formatNumber(median)}</td>
    <td class="number">${formatNumber(standardError, 2)}</td>
    ${
      known &&
      html`<td class="number">${formatPercent(network?.relativeError, { sign: true })}</td>
        <td class="number">${formatPercent(relativeError, { sign: true })}</td>`
    }
  </tr>`;
}
