/**
 * Which stimulus belongs to which response of an NWB file, by what the file says, never by position or name order. In this order:
 * the table of intracellular recordings (NWB 2.4 and later); the sweep number, as an attribute or in the sweep table; the epochs, or
 * equal names, of version 1; equal start and length where only one stimulus has them.
 */
import type { Hdf5, SeriesReference } from './hdf5.ts';
import type { Series } from './nwb-series.ts';

/** A sweep: samples `from`, `count` of them, of a response and of its stimulus. */
export interface Pair {
  readonly response: Series;
  readonly stimulus?: Series;
  /** stretches that the table names; the whole series otherwise */
  readonly responsePart?: Part;
  readonly stimulusPart?: Part;
}

export interface Part {
  readonly from: number;
  readonly count: number;
}

const ICEPHYS = '/general/intracellular_ephys';

/** A pair for each row of the table, then one for each response that it does not name. */
export function pairSeries(hdf5: Hdf5, version: string, responses: readonly Series[], stimuli: readonly Series[]): Pair[] {
  const tabled = tableRows(hdf5, responses, stimuli);
  const named = new Set(tabled.map(({ response }) => response.path));
  const others = responses.filter(({ path }) => !named.has(path));
  if (others.length === 0) return tabled;
  const numbers = sweepNumbers(hdf5);
  const epochs = version.startsWith('1') ? epochLinks(hdf5, responses, stimuli) : new Map<string, string>();
  const rules: ((response: Series, stimulus: Series) => boolean)[] = [
    (response, stimulus) => sameSweep(numbers, response, stimulus) && sameElectrode(response, stimulus),
    (response, stimulus) => epochs.get(response.identity) === stimulus.identity,
    (response, stimulus) => version.startsWith('1') && response.name === stimulus.name,
    (response, stimulus) => sameTime(response, stimulus) && sameElectrode(response, stimulus),
  ];
  const single = others.map((response): Pair => {
    for (const rule of rules) {
      const found = stimuli.filter((stimulus) => rule(response, stimulus));
      if (found.length === 1) return { response, stimulus: found[0]! };
    }
    return { response };
  });
  return [...tabled, ...inOrder(single, numbers)];
}

/** By sweep number, then by start, then by name with its numbers counted. */
function inOrder(pairs: readonly Pair[], numbers: ReadonlyMap<string, number>): Pair[] {
  const number = ({ response }: Pair): number => numbers.get(response.identity) ?? response.sweepNumber ?? Infinity;
  const start = ({ response }: Pair): number => response.startS ?? 0;
  return pairs.toSorted(
    (a, b) =>
      difference(number(a), number(b)) || start(a) - start(b) || a.response.name.localeCompare(b.response.name, 'en', { numeric: true }),
  );
}

function difference(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

function sameSweep(numbers: ReadonlyMap<string, number>, response: Series, stimulus: Series): boolean {
  const number = numbers.get(response.identity) ?? response.sweepNumber;
  return number !== undefined && (numbers.get(stimulus.identity) ?? stimulus.sweepNumber) === number;
}

/** A series that names no electrode may be any electrode's. */
function sameElectrode(response: Series, stimulus: Series): boolean {
  return response.electrode === '' || stimulus.electrode === '' || response.electrode === stimulus.electrode;
}

function sameTime(response: Series, stimulus: Series): boolean {
  return response.startS !== undefined && response.startS === stimulus.startS && response.samples === stimulus.samples;
}

/** Rows of the table of intracellular recordings whose response is among these. */
function tableRows(hdf5: Hdf5, responses: readonly Series[], stimuli: readonly Series[]): Pair[] {
  const table = `${ICEPHYS}/intracellular_recordings`;
  const column = (path: string): SeriesReference[] => (hdf5.kind(path) === 'dataset' ? hdf5.seriesReferences(path) : []);
  const [responded, stimulated] = [column(`${table}/responses/response`), column(`${table}/stimuli/stimulus`)];
  return responded.flatMap((reference, row): Pair[] => {
    const response = responses.find(({ identity }) => identity === reference.series);
    if (response === undefined) return [];
    const other = stimulated[row];
    const stimulus = stimuli.find(({ identity }) => identity === other?.series);
    const responsePart = partOf(reference, response);
    const stimulusPart = other === undefined || stimulus === undefined ? undefined : partOf(other, stimulus);
    return [
      {
        response,
        ...(responsePart === undefined ? {} : { responsePart }),
        ...(stimulus === undefined ? {} : { stimulus }),
        ...(stimulusPart === undefined ? {} : { stimulusPart }),
      },
    ];
  });
}

/** Negative numbers mean that the table does not say; a stretch beyond the series is cut to it. */
function partOf({ start, count }: SeriesReference, { samples }: Series): Part | undefined {
  if (start < 0 || count < 0) return undefined;
  const from = Math.min(start, samples);
  return { from, count: Math.min(count, samples - from) };
}

/** Identity of a series to its number in the sweep table, a ragged column: `series_index` has the end of each row. */
function sweepNumbers(hdf5: Hdf5): Map<string, number> {
  const table = `${ICEPHYS}/sweep_table`;
  const there = ['series', 'series_index', 'sweep_number'].every((name) => hdf5.kind(`${table}/${name}`) === 'dataset');
  if (!there) return new Map();
  const series = hdf5.references(`${table}/series`);
  const ends = hdf5.numbers(`${table}/series_index`);
  const numbers = hdf5.numbers(`${table}/sweep_number`);
  return new Map(
    series.flatMap((path, index) => {
      const number = numbers[ends.findIndex((end) => index < end)];
      return number === undefined ? [] : [[path, number]];
    }),
  );
}

/** Version 1: /epochs/NAME has a group for each series, with a link `timeseries`; an epoch of one response and one stimulus pairs them. */
function epochLinks(hdf5: Hdf5, responses: readonly Series[], stimuli: readonly Series[]): Map<string, string> {
  return new Map(
    hdf5.children('/epochs').flatMap((epoch): [string, string][] => {
      const links = hdf5
        .children(`/epochs/${epoch}`)
        .map((name) => `/epochs/${epoch}/${name}/timeseries`)
        .filter((path) => hdf5.kind(path) === 'group')
        .map((path) => hdf5.identity(path));
      const [responded, stimulated] = [responses, stimuli].map((series) => series.filter(({ identity }) => links.includes(identity)));
      return responded?.length === 1 && stimulated?.length === 1 ? [[responded[0]!.identity, stimulated[0]!.identity]] : [];
    }),
  );
}
