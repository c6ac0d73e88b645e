/**
 * Importer of Axon Binary Format 2.x (Clampex 10 and later): episodic and gap-free recordings. Not ABF 1, and not waves that lie in
 * other files; a command that cannot be rebuilt is said to be unknown and never guessed.
 *
 * The current is the command of the enabled output (DAC) in a unit of current; else a stored channel in such a unit; else none. The
 * command comes first because it has neither the offset nor the lag nor the noise of a measured current; `currentChannel` names
 * either one explicitly.
 */
import { isRebuildable, protocolKind, rebuildCommand } from './abf2-command.ts';
import { readHeader } from './abf2-header.ts';
import type { Abf2Header, Dac } from './abf2-header.ts';
import { decodeChannel } from './abf2-samples.ts';
import type { SampleLayout } from './abf2-samples.ts';
import type { FileBytes } from './abf2-sections.ts';
import { checkSampling, checkVoltage, chooseVoltage } from './channels.ts';
import type { Channel, ChannelChoice, RecordedStimulus, Recording, Sweep } from './recording.ts';
import { refusal } from './refusal.ts';
import { traceKind } from './trace-kind.ts';
import { isCurrentUnit } from './units.ts';

const GAP_FREE = 3;
const EPISODIC = 5;

/** Every sweep of the file. LoligoError RECORDING_* with the file and the place. */
export function importAbf2(bytes: FileBytes, choice: ChannelChoice): Recording {
  const header = readHeader(bytes);
  checkSampling(bytes.file, header.sampleMs);
  const layout = sampleLayout(bytes.file, header);
  const voltage = chooseVoltage(bytes.file, header.adcs, choice.voltageChannel);
  const voltageMv = decodeChannel(bytes, layout, voltage.index).map((sweep) => sweep.map((value) => value * voltage.millivoltsPer));
  const { currents, stimulus } = injectedCurrent(bytes, header, layout, choice.currentChannel);
  const sweeps = voltageMv.map((mv, index): Sweep => {
    checkVoltage(bytes.file, index, mv);
    return {
      index,
      startMs: 0,
      sampleMs: header.sampleMs,
      voltageChannel: voltage.name,
      voltageMv: mv,
      current: currents?.[index] ?? new Float64Array(mv.length),
      stimulus,
    };
  });
  return {
    file: bytes.file,
    format: `ABF ${header.version}`,
    channels: header.adcs.map(({ name, unit }) => ({ name, unit })),
    sweeps,
    continuous: isContinuous(header, layout),
  };
}

/** How many sweeps of how many samples; refuses what does not fill the sample section exactly. */
function sampleLayout(file: string, header: Abf2Header): SampleLayout {
  const { operationMode, samples: section, episodes, adcs, samplesPerEpisode, synch, format } = header;
  if (operationMode !== GAP_FREE && operationMode !== EPISODIC)
    throw refusal('RECORDING_UNSUPPORTED', file, {
      place: 'nOperationMode',
      rule: 'gap-free (3) and episodic (5) recordings are read',
      got: String(operationMode),
      remedy: 'Export the sweeps as CSV.',
    });
  const bytesPerSample = format === 'int16' ? 2 : 4;
  if (section.recordBytes !== bytesPerSample)
    throw refusal('RECORDING_CORRUPT', file, {
      place: 'Data section',
      rule: `a ${format} sample has ${bytesPerSample} bytes`,
      got: String(section.recordBytes),
    });
  const sweeps = operationMode === GAP_FREE ? 1 : episodes;
  const perSweep = section.records / (sweeps * adcs.length);
  if (!Number.isInteger(perSweep))
    throw refusal('RECORDING_CORRUPT', file, {
      place: 'Data section',
      rule: 'samples must divide evenly into sweeps and channels',
      got: `${section.records} samples, ${sweeps} sweeps, ${adcs.length} channels`,
    });
  const lengths = operationMode === EPISODIC ? [samplesPerEpisode, ...synch.map(({ samples }) => samples)] : [];
  const other = lengths.find((length) => length !== perSweep * adcs.length);
  if (other !== undefined)
    throw refusal('RECORDING_CORRUPT', file, {
      place: 'Data section',
      rule: `every sweep must have the ${other} samples that its header gives it`,
      got: `${perSweep * adcs.length}`,
    });
  return { section, format, sweeps, perSweep, adcs };
}

function injectedCurrent(
  bytes: FileBytes,
  header: Abf2Header,
  layout: SampleLayout,
  chosen: string | undefined,
): { currents?: Float64Array[]; stimulus: RecordedStimulus } {
  const named = ({ name }: Channel): boolean => chosen === undefined || name === chosen;
  const [outputs, stored] = [commandOutputs(header), header.adcs.filter(({ unit }) => isCurrentUnit(unit))];
  // Of several outputs or channels the first: by convention it serves the first electrode.
  const [dac, adc] = [outputs.find(named), stored.find(named)];
  if (dac !== undefined) {
    const currents = rebuildCommand(bytes.file, dac, layout.sweeps, layout.perSweep);
    return { currents, stimulus: { source: 'header', channel: dac.name, unit: dac.unit, kind: protocolKind(dac) } };
  }
  if (adc !== undefined) {
    const currents = decodeChannel(bytes, layout, header.adcs.indexOf(adc));
    return { currents, stimulus: { source: 'stored', channel: adc.name, unit: adc.unit, kind: traceKind(currents[0]!) } };
  }
  if (chosen === undefined) return { stimulus: { source: 'none', channel: '', unit: 'pA', kind: 'unknown' } };
  throw noCurrent(bytes.file, [...outputs, ...stored], chosen);
}

/** Enabled outputs in a unit of current whose whole command is in the header. */
function commandOutputs({ operationMode, commandOverridden, dacs }: Abf2Header): Dac[] {
  return operationMode === EPISODIC && !commandOverridden ? dacs.filter((dac) => isRebuildable(dac) && isCurrentUnit(dac.unit)) : [];
}

function noCurrent(file: string, known: readonly Channel[], chosen: string): Error {
  return refusal('RECORDING_CHANNEL', file, {
    rule: 'currentChannel must name a stored channel or an enabled output in a unit of current',
    got: `"${chosen}"`,
    remedy:
      known.length === 0 ? 'This file has none.' : `This file has ${known.map(({ name, unit }) => `"${name}" (${unit})`).join(', ')}.`,
  });
}

/** Do sweeps follow each other without a gap, to within one sample? */
function isContinuous({ synch, sampleMs }: Abf2Header, { sweeps, perSweep }: SampleLayout): boolean {
  if (sweeps < 2 || synch.length !== sweeps) return false;
  return synch.every(
    ({ startMs }, index) => index === 0 || Math.abs(startMs - synch[index - 1]!.startMs - perSweep * sampleMs) <= sampleMs,
  );
}
