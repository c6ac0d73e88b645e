/** What the acceptance filter does to the estimates: sensitivity to its limit, survivor bias, fitted noise. */
import type { Acceptance, InferredParameter, Summary, Threshold } from '../../schemas/generated/types.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatCount, formatNumber, formatPercent, plural, withUnit } from './number-format.ts';
import { renderTable } from './table.ts';

/** From this share of rejected replicas on, the accepted are named survivors. */
export const SURVIVORS = 0.05;
/** A filter that moves a median by more of the spread, moves it. */
export const MOVED = 0.25;

/** Names of the parameters whose medians it moves. */
export function movedMedians({ shifts }: Acceptance): string[] {
  return Object.entries(shifts).flatMap(([name, shift]) => (Math.abs(shift ?? 0) > MOVED ? [name] : []));
}

export function renderAcceptance(infer: readonly InferredParameter[], { acceptance, parameters }: Summary): Markup | undefined {
  if (acceptance === undefined || acceptance.rejectedShare === null) return undefined;
  const { rejectedShare, shifts, belowNoise, thresholds } = acceptance;
  const moved = movedMedians(acceptance);
  return html`${
    rejectedShare > SURVIVORS &&
    html`<p>
      <b>Survivors.</b> The filter takes ${formatPercent(rejectedShare)} of the replicas that have an estimate. The accepted are a
      selection, and their spread is less than that of all.
      ${
        moved.length === 0
          ? 'No median moves by more than a quarter of the spread of all.'
          : `The filter moves the median of ${moved.map((name) => `${name} by ${formatNumber(shifts[name], 2)}`).join(', ')} robust standard deviations of all.`
      }
    </p>`
  }
  ${
    belowNoise > 0 &&
    html`<p>
      <b>Fitted noise.</b> In ${plural(belowNoise, 'accepted replica')} the network is closer to the data than the noise allows (χ² per
      sample below 1 − 3√(2/N), which the right model is in one of 700).
    </p>`
  }
  ${thresholds.length > 0 && thresholdTable(infer, thresholds, parameters)}`;
}

function thresholdTable(infer: readonly InferredParameter[], thresholds: readonly Threshold[], parameters: Summary['parameters']): Markup {
  return renderTable({
    label: 'Other limits',
    caption: html`Were χ² alone to decide, at several limits: how many would pass, and their medians. Medians that change along the rows
    depend on where the line is drawn.`,
    rows: html`<thead>
        <tr>
          <th scope="col">Limit of χ²</th>
          <th scope="col" class="number">Pass</th>
          ${infer.map(({ name, unit }) => html`<th scope="col" class="number">${withUnit(name, unit)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${thresholds.map(
          ({ factor, n, medians }) =>
            html`<tr>
              <th scope="row">${factor === null ? 'none' : factor === 1 ? 'the sweep’s own' : `${factor} × the sweep’s`}</th>
              <td class="number">${formatCount(n)}</td>
              ${infer.map(({ name }) => html`<td class="number">${formatNumber(medians[name])}</td>`)}
            </tr>`,
        )}
        <tr>
          <th scope="row">the whole filter</th>
          <td class="number">${formatCount(Math.max(0, ...infer.map(({ name }) => parameters[name]?.n ?? 0)))}</td>
          ${infer.map(({ name }) => html`<td class="number">${formatNumber(parameters[name]?.median)}</td>`)}
        </tr>
      </tbody>`,
    width: 'fit',
  });
}
