/**
 * The dashboard as HTML: the page with the state as it is, and the same sections again, one by one, as the state changes. Pure. Without
 * scripts the page is whole and asks anew every few seconds.
 */
import { quantile } from '../../schemas/sample-quantile.ts';
import { htmlPage } from '../report/html-page.ts';
import { html, raw } from '../report/markup.ts';
import type { Markup } from '../report/markup.ts';
import { formatCount, formatNumber, formatPercent, formatSeconds, NOTHING, plural, withUnit } from '../report/number-format.ts';
import { PAGE_STYLE } from '../report/page-style.ts';
import type { DashboardParameter, DashboardState } from './dashboard-state.ts';

const STYLE = `progress{width:100%;height:1.1rem;accent-color:var(--ensemble)}
.live{font-weight:600}
svg.strip{display:block;width:100%;height:3.5rem}
.strip rect{fill:var(--ensemble)}
.strip .truth{stroke:var(--truth);stroke-width:2}
button{font:inherit;font-size:.875rem;padding:.25rem .8rem}`;

/** Asked for by its own address, so that the page needs no inline script. */
export const PAGE_SCRIPT = `const away = document.getElementById('away');
const source = new EventSource('events');
source.onopen = () => { away.hidden = true; };
source.onerror = () => { away.hidden = false; };
source.onmessage = ({ data }) => {
  const { id, markup } = JSON.parse(data);
  document.getElementById(id).innerHTML = markup;
};
`;

/** Of the run directory: what may be asked for, and is linked where it is there. */
export const FILES = ['summary.json', 'replicas.parquet', 'traces.parquet', 'dictionary.json', 'sweep.lock.json'] as const;

export function renderPage(state: DashboardState): string {
  const sections = Object.entries(renderSections(state));
  return htmlPage({
    title: state.name,
    style: PAGE_STYLE + STYLE,
    head: html`<noscript><meta http-equiv="refresh" content="5" /></noscript>`,
    body: html`<header>
        <p class="eyebrow">loligo · ${state.model} · ${state.sweep.slice(0, 12)}</p>
        <h1>${state.name}</h1>
      </header>
      <p id="away" role="status" hidden>The dashboard does not answer: it was stopped, or is cut off. What is shown may be old.</p>
      <main>${sections.map(([id, { markup }]) => html`<section id="${id}">${raw(markup)}</section>`)}</main>
      <script src="dashboard.js" defer></script>`,
  }).markup;
}

/** By the id of their element. */
export function renderSections(state: DashboardState): Readonly<Record<string, Markup>> {
  return {
    progress: renderProgress(state),
    outcomes: renderOutcomes(state),
    estimates: renderEstimates(state),
    workers: renderWorkers(state),
    results: renderResults(state),
  };
}

function renderProgress({ state, alive, planned, finished, running, replicasPerSecond, secondsLeft, engine }: DashboardState): Markup {
  const standing = alive ? 'running' : state;
  const pace = [
    ...(running > 0 ? [`${formatCount(running)} in training`] : []),
    ...(alive && replicasPerSecond !== null ? [`${formatNumber(replicasPerSecond, 3)} replicas a second`] : []),
    ...(alive && secondsLeft !== null && finished < planned ? [`${formatSeconds(secondsLeft)} left`] : []),
    `engine ${engine}`,
  ];
  return html`<h2>Progress</h2>
    <p>
      <span class="live">${standing}</span>: ${formatCount(finished)} of ${plural(planned, 'replica')} finished
      (${formatPercent(planned === 0 ? 1 : finished / planned)})
    </p>
    <progress aria-label="finished replicas" max="${planned}" value="${finished}"></progress>
    <p class="note">${pace.join(', ')}</p>`;
}

function renderOutcomes({ byOutcome, failures, finished }: DashboardState): Markup {
  const rows = Object.entries(byOutcome).filter(([, count]) => count > 0);
  const codes = Object.entries(failures).map(([code, count]) => `${formatCount(count)} ${code}`);
  return html`<h2>Outcomes</h2>
    <dl class="numbers">
      ${rows.map(
        ([kind, count]) =>
          html`<div>
            <dt>${kind}</dt>
            <dd>${formatCount(count)}</dd>
            <dd class="note">${formatPercent(count / finished)}</dd>
          </div>`,
      )}
    </dl>
    ${rows.length === 0 && html`<p class="note">No replica has finished yet.</p>`}
    ${codes.length > 0 && html`<p class="note">Failed: ${codes.join(', ')}</p>`}`;
}

function renderEstimates({ parameters, sampled }: DashboardState): Markup {
  const of = sampled === 1 ? 'of the accepted replicas so far' : `of every ${sampled}th accepted replica so far`;
  return html`<h2>Estimates so far</h2>
    <div class="cells small">${parameters.map(renderParameter)}</div>
    <p class="note">
      Histograms ${of}, from their smallest to their largest estimate; a vertical line is the truth of synthetic data. Intervals, and
      whether to trust them, are the report's.
    </p>`;
}

function renderParameter({ name, unit, truth, values }: DashboardParameter): Markup {
  const at = (probability: number): string => formatNumber(quantile(values, probability));
  return html`<div class="cell">
    <h4>${withUnit(name, unit)}</h4>
    ${
      values.length === 0
        ? html`<p class="note">none accepted yet</p>`
        : html`${renderStrip(values, truth)}
            <p class="note">
              median ${at(0.5)}, half of them from ${at(0.25)} to ${at(0.75)}${truth === undefined ? '' : `; truth ${formatNumber(truth)}`}
            </p>`
    }
  </div>`;
}

const MOST_BARS = 48;
const WIDTH = 240;
const HEIGHT = 48;

/** A histogram; its words stand beside it. */
function renderStrip(values: Float64Array, truth: number | undefined): Markup {
  const [low, high] = [values[0]!, values.at(-1)!];
  // an even number: equal values stand in the middle
  const count = Math.min(MOST_BARS, 2 * Math.ceil(Math.sqrt(values.length)));
  const counts = new Uint32Array(count);
  for (const value of values)
    counts[high > low ? Math.min(count - 1, Math.floor((count * (value - low)) / (high - low))) : count / 2]! += 1;
  const most = Math.max(...counts);
  const step = WIDTH / count;
  const bars = [...counts].flatMap((count, i) => {
    const height = (HEIGHT * count) / most;
    return count === 0
      ? []
      : [`<rect x="${i * step}" y="${(HEIGHT - height).toFixed(1)}" width="${step - 1}" height="${height.toFixed(1)}"/>`];
  });
  const share = truth === undefined ? NaN : (truth - low) / (high - low);
  const mark =
    share >= 0 && share <= 1
      ? `<line class="truth" x1="${(WIDTH * share).toFixed(1)}" x2="${(WIDTH * share).toFixed(1)}" y1="0" y2="${HEIGHT}"/>`
      : '';
  return raw(
    `<svg class="strip" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">${bars.join('')}${mark}</svg>`,
  );
}

function renderWorkers({ workers, alive }: DashboardState): Markup {
  if (workers.length === 0)
    return html`${
      alive &&
      html`<h2>Workers</h2>
        <p class="note">No worker has said anything of itself.</p>`
    }`;
  return html`<h2>Workers</h2>
    <div class="scroll">
      <table class="fit">
        <thead>
          <tr>
            <th>worker</th>
            <th>engine</th>
            <th class="number">threads</th>
            <th class="number">in training</th>
            <th>health</th>
          </tr>
        </thead>
        <tbody>
          ${workers.map(
            ({ worker, engine, threads, running, health }) =>
              html`<tr>
                <th>${worker}</th>
                <td>${engine}</td>
                <td class="number">${threads}</td>
                <td class="number">${running}</td>
                <td>${health === '' ? NOTHING : health}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function renderResults({ report, reportFailure, alive, finished, files }: DashboardState): Markup {
  const again = report === 'there' ? 'Make it again' : 'Make the report';
  const button = html`<form method="post" action="report"><button>${again}</button></form>`;
  return html`<h2>Results</h2>
    ${report === 'there' && html`<p><a href="report.html">Report</a>${alive ? ', of the replicas that were finished when it was made' : ''}</p>`}
    ${report === 'being made' ? html`<p role="status">The report is being made …</p>` : finished > 0 && button}
    ${reportFailure !== undefined && html`<p class="note">It could not be made: ${reportFailure}</p>`}
    <p class="note">Files: ${FILES.filter((name) => files.includes(name)).map((name) => html`<a href="${name}">${name}</a> `)}</p>`;
}
