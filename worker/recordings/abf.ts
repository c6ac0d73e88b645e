/**
 * Importer of Axon Binary Format 1 (pClamp 6 to 9) and 2 (Clampex 10 and later): episodic, gap-free and event-driven recordings. The two
 * differ in where their headers have things (abf1-header.ts, abf2-header.ts), not in what a recording is. Not waves that lie in other
 * files; a command that cannot be rebuilt is said to be unknown and never guessed.
 *
 * The current is the command of the enabled output (DAC) in a unit of current; else a stored channel in such a unit; else none. The
 * command comes first because it has neither the offset nor the lag nor the noise of a measured current; `currentChannel` names
 * either one explicitly.
 */
import { isRebuildable, protocolEpochs, protocolKind, rebuildCommand } from './abf-command.ts';
import type { AbfHeader, Dac, FileBytes } from './abf-header.ts';
import { decodeChannel, MODES, sweepStretches } from './abf-samples.ts';
import type { Stretch } from './abf-samples.ts';
import { checkSampling, checkVoltage, chooseVoltage } from './channels.ts';
import type { Channel, ChannelChoice, RecordedStimulus, Recording, Sweep } from './recording.ts';
import { refusal } from './refusal.ts';
import { traceKind } from './trace-kind.ts';
import { isCurrentUnit } from './units.ts';

/** Every sweep of the file. LoligoError RECORDING_* with the file and the place. */
export function importAbf(bytes: FileBytes, header: AbfHeader, choice: ChannelChoice): Recording {
  checkSampling(bytes.file, header.sampleMs);
  const stretches = sweepStretches(bytes.file, header);
  const voltage = chooseVoltage(bytes.file, header.adcs, choice.voltageChannel);
  const voltageMv = decodeChannel(bytes, header, stretches, voltage.index).map((sweep) =>
    sweep.map((value) => value * voltage.millivoltsPer),
  );
  const { currents, stimulus, protocol, notes = [] } = injectedCurrent(bytes, header, stretches, choice.currentChannel);
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
      ...(protocol === undefined ? {} : { epochs: protocolEpochs(protocol, index, mv.length) }),
    };
  });
  return {
    file: bytes.file,
    format: `ABF ${header.version}`,
    channels: header.adcs.map(({ name, unit }) => ({ name, unit })),
    sweeps,
    continuous: isContinuous(header, stretches),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

interface Injected {
  readonly currents?: Float64Array[];
  readonly stimulus: RecordedStimulus;
  readonly protocol?: Dac | undefined;
  readonly notes?: string[];
}

function injectedCurrent(bytes: FileBytes, header: AbfHeader, stretches: readonly Stretch[], chosen: string | undefined): Injected {
  const named = ({ name }: Channel): boolean => chosen === undefined || name === chosen;
  const [outputs, stored] = [commandOutputs(header), header.adcs.filter(({ unit }) => isCurrentUnit(unit))];
  // Of several outputs or channels the first: by convention it serves the first electrode.
  const [dac, adc] = [outputs.find(named), stored.find(named)];
  if (dac !== undefined) {
    const whole = stretches.reduce((most, { count }) => Math.max(most, count), 0);
    const currents = rebuildCommand(bytes.file, dac, stretches.length, whole).map((command, sweep) =>
      command.subarray(0, stretches[sweep]!.count),
    );
    const stimulus = { source: 'header', channel: dac.name, unit: dac.unit, kind: protocolKind(dac) } as const;
    return { currents, stimulus, protocol: dac, notes: chosen === undefined ? severalOutputs(outputs) : [] };
  }
  if (adc !== undefined) {
    const currents = decodeChannel(bytes, header, stretches, header.adcs.indexOf(adc));
    const stimulus = { source: 'stored', channel: adc.name, unit: adc.unit, kind: traceKind(currents[0]!) } as const;
    // the protocol has its times from the output whatever its unit is
    return { currents, stimulus, protocol: header.operationMode === MODES.episodic ? header.dacs.find(isRebuildable) : undefined };
  }
  if (chosen === undefined) return { stimulus: { source: 'none', channel: '', unit: 'pA', kind: 'unknown' } };
  throw noCurrent(bytes.file, [...outputs, ...stored], chosen);
}

/** Which electrode an output serves is in no file. */
function severalOutputs(outputs: readonly Dac[]): string[] {
  const [first, ...others] = outputs.map(({ name }) => `"${name}"`);
  return others.length === 0
    ? []
    : [`Outputs ${first} and ${others.join(', ')} are enabled; ${first} is taken for the current. currentChannel names another.`];
}

/** Enabled outputs in a unit of current whose whole command is in the header. */
function commandOutputs({ operationMode, commandOverridden, dacs }: AbfHeader): Dac[] {
  return operationMode === MODES.episodic && !commandOverridden ? dacs.filter((dac) => isRebuildable(dac) && isCurrentUnit(dac.unit)) : [];
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
function isContinuous({ synch, sampleMs }: AbfHeader, stretches: readonly Stretch[]): boolean {
  if (stretches.length < 2 || synch.length !== stretches.length) return false;
  return synch.every(
    ({ startMs }, index) =>
      index === 0 || Math.abs(startMs - synch[index - 1]!.startMs - stretches[index - 1]!.count * sampleMs) <= sampleMs,
  );
}
