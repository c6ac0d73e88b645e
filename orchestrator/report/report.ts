/**
 * report.html: one file that opens offline in any browser, without scripts and without anything from outside. The answer first, then
 * what it rests on. Pure: equal arguments give equal bytes.
 */
import type { Lock, Space, Summary } from '../../schemas/generated/types.ts';
import type { ReportTables } from '../aggregate/aggregate.ts';
import { renderAccounting } from './accounting.ts';
import { renderAnswer } from './answer.ts';
import type { Meanings } from './answer.ts';
import type { Units } from './fixed-values.ts';
import { renderAxes } from './axis-section.ts';
import { hasCalibration, renderCalibration } from './calibration-section.ts';
import { figureList } from './figure.ts';
import type { DrawnFigure } from './figure.ts';
import { renderGroups } from './group-section.ts';
import { methodSpaces } from '../spec/method-spaces.ts';
import { listed } from '../../schemas/wording.ts';
import { hasHeldOut, renderHeldOut } from './held-out-section.ts';
import type { Prediction } from './held-out-section.ts';
import { htmlPage } from './html-page.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { renderMethods } from './methods.ts';
import { formatExact, plural } from './number-format.ts';
import { PAGE_STYLE } from './page-style.ts';
import { renderParameters } from './parameter-section.ts';
import { renderPredictive } from './predictive-section.ts';
import { renderReconstruction } from './reconstruction-section.ts';
import { renderSpikes } from './spike-section.ts';
import type { Observation } from './time-course.ts';
import { renderVariance } from './variance-section.ts';

export interface ReportInput {
  readonly lock: Lock;
  readonly summary: Summary;
  readonly tables: ReportTables;
  /** The data of `tables.shown`, by their key; those that are absent are drawn without data. */
  readonly observations: ReadonlyMap<string, Observation>;
  /** Forward simulations of `tables.stretches`; those that are absent are not drawn. */
  readonly predictions?: readonly Prediction[];
  /** What parameters and states are, by their names, where the model's file says so. */
  readonly meanings?: Meanings;
  /** Units of the parameters, held fixed ones too. */
  readonly units?: Units;
}

const SECTIONS = [
  ['answer', 'Answer'],
  ['reconstruction', 'Time courses'],
  ['parameters', 'Parameters'],
  ['calibration', 'Calibration'],
  ['variance', 'Variance'],
  ['spikes', 'Spikes'],
  ['predictive', 'Predictive check'],
  ['held-out', 'Held out'],
  ['accounting', 'Accounting'],
  ['groups', 'Groups'],
  ['axes', 'Configurations'],
  ['methods', 'Methods'],
] as const;

export interface Report {
  /** report.html */
  readonly page: string;
  readonly figures: readonly DrawnFigure[];
}

export function renderReport({ lock, summary, tables, observations, predictions = [], meanings = {}, units = {} }: ReportInput): Report {
  const figures = figureList();
  const body = html`${renderHeader(lock, summary, tables)}
    <main>
      ${renderAnswer(lock, summary, tables.fittedData, meanings, units)}
      ${renderReconstruction(lock, summary, tables, observations, figures, meanings)}
      ${renderParameters(lock, summary, tables.replicas, figures)} ${renderCalibration(lock, summary, figures)}
      ${renderVariance(lock, summary, figures)} ${renderSpikes(lock, summary, tables.replicas, figures)}
      ${renderPredictive(lock, summary, tables, figures)} ${renderHeldOut(lock, summary, predictions, figures)}
      ${renderAccounting(lock, summary, tables)} ${renderGroups(lock, summary, tables, figures)}
      ${renderAxes(lock, summary, tables.axes, figures)} ${renderMethods(lock, summary, units)}
    </main>`;
  return { page: htmlPage({ title: lock.resolved.name, style: PAGE_STYLE, body }).markup, figures: figures.all };
}

function renderHeader(lock: Lock, summary: Summary, tables: ReportTables): Markup {
  const { resolved, startedAt } = lock;
  const absent: Readonly<Record<string, boolean>> = {
    reconstruction: tables.shown.length === 0,
    'held-out': !hasHeldOut(summary),
    calibration: !hasCalibration(summary),
    variance: summary.varianceDesign === undefined,
    spikes: summary.acrossSpikes === undefined,
    groups: summary.groups === undefined,
  };
  const sections = SECTIONS.filter(([id]) => absent[id] !== true);
  return html`<header>
    <p class="eyebrow">loligo · ${resolved.problem.model.name} · ${startedAt.slice(0, 10)}</p>
    <h1>${resolved.name}</h1>
    <p>${whatWasDone(lock, summary, tables.fittedData)}</p>
    <nav aria-label="Sections">${sections.map(([id, name]) => html`<a href="#${id}">${name}</a> `)}</nav>
  </header>`;
}

/** One sentence that says what a replica is. */
function whatWasDone({ resolved }: Lock, { counts }: Summary, fittedData: number): string {
  const { data, model } = resolved.problem;
  const lengths = [...new Set(data.map(({ samples, sampleMs, segments = [0] }) => (samples - segments.length) * sampleMs))];
  const of = lengths.length === 1 ? ` of ${formatExact(Number(lengths[0]!.toPrecision(3)))} ms` : '';
  const kind = data.every(({ source }) => source.kind === 'synthetic') ? 'synthetic ' : '';
  return `${plural(counts.finished, 'fit')} (${counts.finished === 1 ? 'a replica' : 'replicas'}) of ${model.name} to ${plural(fittedData, `${kind}data set`)}${of}, by ${fitters(resolved.space)}.`;
}

function fitters(space: Space): string {
  const methods = methodSpaces(space).map(({ method }) => (method === 'pinn' ? 'physics-informed neural networks' : method));
  return listed([...new Set(methods)], 'and');
}
