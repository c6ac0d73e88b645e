/**
 * From named waves with units (one per channel and sweep, as Axon and Igor text hold them) to a recording. The n-th wave of a channel of
 * voltage is sweep n; it belongs to the n-th wave of a channel of current.
 */
import { checkSampling, checkVoltage, chooseVoltage } from './channels.ts';
import type { Channel, ChannelChoice, RecordedStimulus, Recording, Sweep } from './recording.ts';
import { refusal } from './refusal.ts';
import { traceKind } from './trace-kind.ts';
import { isCurrentUnit, millivoltsPer } from './units.ts';

export interface Wave {
  readonly values: Float64Array;
  readonly startMs: number;
  readonly sampleMs: number;
}

export interface WaveChannel extends Channel {
  readonly waves: readonly [Wave, ...Wave[]];
}

/** RECORDING_CHANNEL without a voltage, RECORDING_CORRUPT for impossible values. */
export function waveRecording(file: string, format: string, channels: readonly WaveChannel[], choice: ChannelChoice): Recording {
  const { index, name, millivoltsPer: factor } = chooseVoltage(file, channels, choice.voltageChannel);
  const voltage = channels[index]!.waves;
  const current = chooseCurrent(file, channels, choice.currentChannel);
  const notes: string[] = [];
  if (current !== undefined && current.waves.length !== voltage.length)
    notes.push(`"${name}" has ${voltage.length} sweeps and "${current.name}" ${current.waves.length}: what goes together is not known.`);
  const paired = notes.length === 0 ? current : undefined;
  const sweeps = voltage.map(({ values, startMs, sampleMs }, sweep): Sweep => {
    checkSampling(file, sampleMs);
    const voltageMv = values.map((value) => value * factor);
    checkVoltage(file, sweep, voltageMv);
    return { index: sweep, startMs, sampleMs, voltageChannel: name, voltageMv, ...injected(file, paired, sweep, voltage[sweep]!) };
  });
  return {
    file,
    format,
    channels: channels.map((channel) => ({ name: channel.name, unit: channel.unit })),
    sweeps,
    continuous: false,
    ...(notes.length === 0 ? {} : { notes }),
  };
}

function chooseCurrent(file: string, channels: readonly WaveChannel[], chosen: string | undefined): WaveChannel | undefined {
  const currents = channels.filter(({ unit }) => isCurrentUnit(unit));
  const found = currents.find(({ name }) => chosen === undefined || name === chosen);
  if (found !== undefined || chosen === undefined) return found;
  throw refusal('RECORDING_CHANNEL', file, {
    rule: 'currentChannel must name a channel in a unit of current',
    got: `"${chosen}"`,
    remedy: currents.length === 0 ? 'This file has none.' : `This file has ${currents.map(({ name }) => `"${name}"`).join(', ')}.`,
  });
}

function injected(file: string, channel: WaveChannel | undefined, sweep: number, voltage: Wave): Pick<Sweep, 'current' | 'stimulus'> {
  const wave = channel?.waves[sweep];
  if (channel === undefined || wave === undefined) {
    const stimulus: RecordedStimulus = { source: 'none', channel: '', unit: 'pA', kind: 'unknown' };
    return { current: new Float64Array(voltage.values.length), stimulus };
  }
  if (wave.values.length !== voltage.values.length || Math.abs(wave.sampleMs - voltage.sampleMs) > 1e-6 * voltage.sampleMs)
    throw refusal('RECORDING_CORRUPT', file, {
      place: `sweep ${sweep}`,
      rule: 'voltage and current must have the same samples',
      got: `${voltage.values.length} every ${voltage.sampleMs} ms and ${wave.values.length} every ${wave.sampleMs} ms`,
    });
  return {
    current: wave.values,
    stimulus: { source: 'stored', channel: channel.name, unit: channel.unit, kind: traceKind(wave.values) },
  };
}

/** Is it a unit that a channel of a recording can have? */
export function isElectrical(unit: string): boolean {
  return millivoltsPer(unit) !== undefined || isCurrentUnit(unit);
}
