/**
 * Importer of Neurodata Without Borders: current-clamp sweeps of NWB 2, and of NWB 1 as far as its published description goes (no file of
 * version 1 was at hand; its tests are files made by that description). Voltage-clamp series are left out, with a note; so are the
 * electrodes other than the first, or than the one that the caller names.
 *
 * A sweep is a response with its stimulus (nwb-pairs.ts); its time counts from its own first sample. V is delivered in mV and the current in
 * pA, whatever the file's conversion is. Descriptions and names are not believed: amplitudes are what the stimulus series holds.
 */
import { checkSampling, checkVoltage } from './channels.ts';
import { readHdf5 } from './hdf5.ts';
import type { Hdf5 } from './hdf5.ts';
import { pairSeries } from './nwb-pairs.ts';
import type { Pair, Part } from './nwb-pairs.ts';
import { findSeries, numberAt, sampleMsOf, startOf, valuesOf } from './nwb-series.ts';
import type { Series } from './nwb-series.ts';
import type { Channel, ChannelChoice, RecordedStimulus, Recording, Sweep } from './recording.ts';
import { refusal } from './refusal.ts';
import { traceKind } from './trace-kind.ts';
import { currentFactor, isCurrentUnit, millivoltsPer } from './units.ts';

const UNKNOWN: RecordedStimulus = { source: 'none', channel: '', unit: 'pA', kind: 'unknown' };
/** Series of no special class count when a file has none of a special one. */
const GENERAL: readonly string[] = ['PatchClampSeries', 'TimeSeries'];
/** Values of V and current together: 2 GiB as float64. */
const MOST_VALUES = 2 ** 28;

export function importNwb(file: string, content: Uint8Array, choice: ChannelChoice): Promise<Recording> {
  return readHdf5(file, content, (hdf5) => readNwb(file, hdf5, choice));
}

function readNwb(file: string, hdf5: Hdf5, choice: ChannelChoice): Recording {
  const version = versionOf(file, hdf5);
  const missing: string[] = [];
  const acquired = findSeries(hdf5, '/acquisition', missing);
  const presented = findSeries(hdf5, '/stimulus/presentation', missing);
  const voltages = responsesOf(acquired);
  const stimuli = stimuliOf(presented);
  const electrode = chosenElectrode(file, [...describeTypes(acquired), ...missing.map(inNoFile)], voltages, choice.voltageChannel);
  const responses = voltages.filter((series) => series.electrode === electrode);
  const injected = chosenStimuli(file, stimuli, choice.currentChannel);
  const pairs = pairSeries(hdf5, version, responses, injected);
  checkSize(file, pairs);
  const remarks: Remarks = new Map();
  const sweeps = pairs.map((pair, index) => readSweep(file, hdf5, pair, index, remarks));
  const notes = [
    ...numbering(pairs),
    ...leftOut(acquired, voltages, responses),
    ...missing.map((path) => `${inNoFile(path)}, and is left out.`),
    ...told(remarks),
  ];
  return {
    file,
    format: `NWB ${version}`,
    channels: channelsOf([...voltages, ...stimuli]),
    sweeps,
    continuous: isContinuous(hdf5, pairs, sweeps),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

function versionOf(file: string, hdf5: Hdf5): string {
  const version = hdf5.attribute('/', 'nwb_version') ?? hdf5.text('/nwb_version');
  if (typeof version === 'string') return version.replace(/^NWB-/, '');
  throw refusal('RECORDING_FORMAT', file, {
    rule: 'an HDF5 recording must be a Neurodata Without Borders file, with its nwb_version',
    got: `groups ${hdf5.children('/').slice(0, 8).join(', ')}`,
    remedy: 'Convert it (NeuroConv writes NWB from most formats), or export the sweeps as CSV.',
  });
}

function responsesOf(acquired: readonly Series[]): Series[] {
  const special = acquired.filter(
    ({ type, unit }) => /^(?:.*CurrentClamp|IZeroClamp)Series$/.test(type) && millivoltsPer(unit) !== undefined,
  );
  return special.length > 0 ? special : acquired.filter(({ type, unit }) => GENERAL.includes(type) && millivoltsPer(unit) !== undefined);
}

function stimuliOf(presented: readonly Series[]): Series[] {
  const special = presented.filter(({ type, unit }) => type.endsWith('CurrentClampStimulusSeries') && isCurrentUnit(unit));
  return special.length > 0 ? special : presented.filter(({ type, unit }) => GENERAL.includes(type) && isCurrentUnit(unit));
}

/** Names of an electrode's two channels. */
function responseChannel({ electrode }: Series): string {
  return `${electrode} response`.trim();
}

function stimulusChannel({ electrode }: Series): string {
  return `${electrode} stimulus`.trim();
}

function channelName(series: Series): string {
  return millivoltsPer(series.unit) === undefined ? stimulusChannel(series) : responseChannel(series);
}

function channelsOf(series: readonly Series[]): Channel[] {
  const channels = new Map(series.map((one) => [`${channelName(one)}\n${one.unit}`, { name: channelName(one), unit: one.unit }]));
  return [...channels.values()];
}

/** Types with their units, each once, a few of them. */
function describeTypes(series: readonly Series[]): string[] {
  return [...new Set(series.map(({ type, unit }) => `${type} (${unit})`))].slice(0, 5);
}

function inNoFile(path: string): string {
  return `${path} lies in another file, or nowhere`;
}

function chosenElectrode(file: string, others: readonly string[], voltages: readonly Series[], chosen: string | undefined): string {
  const [first] = voltages;
  if (first === undefined)
    throw refusal('RECORDING_CHANNEL', file, {
      rule: 'a CurrentClampSeries in volts is needed in /acquisition',
      got: others.length === 0 ? 'no series' : others.join(', '),
    });
  const found = voltages.find((series) => chosen === undefined || responseChannel(series) === chosen || series.electrode === chosen);
  if (found !== undefined) return found.electrode;
  throw refusal('RECORDING_CHANNEL', file, {
    rule: 'voltageChannel must name the response of an electrode',
    got: `"${chosen}"`,
    remedy: `This file has ${[...new Set(voltages.map((series) => `"${responseChannel(series)}"`))].join(', ')}.`,
  });
}

function chosenStimuli(file: string, stimuli: readonly Series[], chosen: string | undefined): Series[] {
  const found = stimuli.filter((series) => chosen === undefined || stimulusChannel(series) === chosen || series.electrode === chosen);
  if (found.length > 0 || chosen === undefined) return found;
  throw refusal('RECORDING_CHANNEL', file, {
    rule: 'currentChannel must name the stimulus of an electrode',
    got: `"${chosen}"`,
    remedy:
      stimuli.length === 0
        ? 'This file has none.'
        : `This file has ${[...new Set(stimuli.map((series) => `"${stimulusChannel(series)}"`))].join(', ')}.`,
  });
}

/** Before anything is read: a damaged length must not take all memory. */
function checkSize(file: string, pairs: readonly Pair[]): void {
  const values = pairs.reduce((sum, { response, responsePart }) => sum + 2 * (responsePart?.count ?? response.samples), 0);
  if (values <= MOST_VALUES) return;
  throw refusal('RECORDING_UNSUPPORTED', file, {
    rule: `V and current of all sweeps may have ${MOST_VALUES} values`,
    got: String(values),
    remedy: 'Write the sweeps that you need into a file of their own.',
  });
}

/** What is to be told of sweeps, and of which. */
type Remarks = Map<string, number[]>;

function remark(remarks: Remarks, sweep: number, text: string): void {
  remarks.set(text, [...(remarks.get(text) ?? []), sweep]);
}

function told(remarks: Remarks): string[] {
  return [...remarks].map(([text, sweeps]) => `${sweeps.length === 1 ? 'Sweep' : 'Sweeps'} ${sweeps.join(', ')}: ${text}.`);
}

function readSweep(file: string, hdf5: Hdf5, pair: Pair, index: number, remarks: Remarks): Sweep {
  const { response, responsePart } = pair;
  const sampleMs = sampleMsOf(file, hdf5, response);
  checkSampling(file, sampleMs);
  const factor = millivoltsPer(response.unit) ?? NaN;
  const recorded = cut(valuesOf(file, hdf5, response), responsePart).map((value) => value * factor);
  const voltageMv = withoutPadding(recorded);
  if (voltageMv.length < recorded.length && voltageMv.length > 0)
    remark(remarks, index, `${recorded.length - voltageMv.length} samples at its end are not numbers (an aborted sweep) and are left out`);
  if (voltageMv.length === 0)
    throw refusal('RECORDING_CORRUPT', file, {
      place: response.path,
      rule: 'a response must have samples',
      got: `${recorded.length}, none of them a number`,
    });
  checkVoltage(file, index, voltageMv);
  const injected = stimulusOf(file, hdf5, pair, { index, sampleMs, whole: recorded.length, kept: voltageMv.length }, remarks);
  return { index, startMs: 0, sampleMs, voltageChannel: responseChannel(response), voltageMv, ...injected };
}

function cut(values: Float64Array, part: Part | undefined): Float64Array {
  return part === undefined ? values : values.subarray(part.from, part.from + part.count);
}

/** Programs fill the rest of an aborted sweep with NaN. */
function withoutPadding(values: Float64Array): Float64Array {
  let end = values.length;
  while (end > 0 && Number.isNaN(values[end - 1]!)) end -= 1;
  return values.subarray(0, end);
}

interface Sampling {
  readonly index: number;
  readonly sampleMs: number;
  /** samples of the response, and those of them that are kept */
  readonly whole: number;
  readonly kept: number;
}

function stimulusOf(
  file: string,
  hdf5: Hdf5,
  { response, responsePart, stimulus, stimulusPart }: Pair,
  { index, sampleMs, whole, kept }: Sampling,
  remarks: Remarks,
): Pick<Sweep, 'current' | 'stimulus'> {
  const unknown = (why: string): Pick<Sweep, 'current' | 'stimulus'> => {
    remark(remarks, index, `${why}, so the current is not known`);
    return { current: new Float64Array(kept), stimulus: UNKNOWN };
  };
  if (response.type === 'IZeroClampSeries') {
    const none: RecordedStimulus = { source: 'header', channel: 'amplifier', unit: 'pA', kind: 'constant' };
    return { current: new Float64Array(kept), stimulus: none };
  }
  if (stimulus === undefined) return unknown('no stimulus belongs to it');
  if (Math.abs(sampleMsOf(file, hdf5, stimulus) - sampleMs) > 1e-6 * sampleMs) return unknown('its stimulus has another sampling rate');
  const factor = currentFactor(stimulus.unit, 'pA') ?? NaN;
  const presented = cut(valuesOf(file, hdf5, stimulus), stimulusPart).map((value) => value * factor);
  const lateMs = responsePart === undefined ? ((response.startS ?? 0) - (stimulus.startS ?? 0)) * 1000 : 0;
  const from = presented.length === whole ? 0 : Math.round(lateMs / sampleMs);
  if (from < 0 || from + kept > presented.length) return unknown('its stimulus does not last as long');
  const current = presented.subarray(from, from + kept);
  const wrong = current.findIndex((value) => !Number.isFinite(value));
  if (wrong !== -1) return unknown(`sample ${wrong} of its stimulus is no number`);
  const biasPa = (numberAt(hdf5, `${response.path}/bias_current`) ?? 0) * 1e12;
  if (Number.isFinite(biasPa) && biasPa !== 0)
    remark(remarks, index, `the amplifier added a bias current of ${Number(biasPa.toPrecision(6))} pA, which is not in the stimulus`);
  return { current, stimulus: { source: 'stored', channel: stimulusChannel(stimulus), unit: 'pA', kind: traceKind(current) } };
}

function leftOut(acquired: readonly Series[], voltages: readonly Series[], responses: readonly Series[]): string[] {
  const clamped = acquired.filter(({ type }) => type.endsWith('VoltageClampSeries'));
  const others = voltages.length - responses.length;
  return [
    ...(clamped.length === 0 ? [] : [`${clamped.length} voltage-clamp series are left out.`]),
    ...(others === 0 ? [] : [`${others} responses of other electrodes are left out; voltageChannel names one.`]),
  ];
}

/** How the sweeps, which count from 0, are numbered in the file, where that differs. */
function numbering(pairs: readonly Pair[]): string[] {
  const numbers = pairs.map(({ response }) => response.sweepNumber);
  if (numbers.some((number) => number === undefined) || numbers.every((number, index) => number === index)) return [];
  return [
    `Sweeps 0 to ${pairs.length - 1} are numbered ${numbers.length > 6 ? `${numbers[0]} to ${numbers.at(-1)}` : numbers.join(', ')} in the file.`,
  ];
}

/** Does each sweep start as the one before it ends, to within a sample? */
function isContinuous(hdf5: Hdf5, pairs: readonly Pair[], sweeps: readonly Sweep[]): boolean {
  if (pairs.length < 2) return false;
  const starts = pairs.map(
    ({ response, responsePart }, index) => (startOf(hdf5, response) ?? NaN) * 1000 + (responsePart?.from ?? 0) * sweeps[index]!.sampleMs,
  );
  return sweeps.every(({ sampleMs }, index) => {
    const before = sweeps[index - 1];
    return before === undefined || Math.abs(starts[index]! - starts[index - 1]! - before.voltageMv.length * sampleMs) <= sampleMs;
  });
}
