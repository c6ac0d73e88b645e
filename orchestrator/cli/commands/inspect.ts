/** `loligo inspect RECORDING` */
import type { CommandModule } from 'yargs';
import { LoligoError } from '../../../schemas/errors.ts';
import type { Corrections, CsvColumns } from '../../../schemas/generated/types.ts';
import { correctRecording } from '../../../worker/recordings/corrections.ts';
import { COLUMN_KEYS } from '../../../worker/recordings/csv.ts';
import { importRecording } from '../../../worker/recordings/importers.ts';
import { describeInspection, inspectRecording } from '../../../worker/recordings/inspect.ts';
import { describePassive, readPassive } from '../../../worker/recordings/passive/describe-passive.ts';
import type { Recording } from '../../../worker/recordings/recording.ts';
import { print, printJson, say, writeNamed } from '../output.ts';

interface InspectArguments {
  recording: string;
  sweep: number | undefined;
  columns: string[] | undefined;
  'voltage-channel': string | undefined;
  'current-channel': string | undefined;
  bridge: string | undefined;
  junction: number | undefined;
  blank: number | undefined;
  passive: boolean;
  json: boolean;
  plot: string | undefined;
}

export const inspect: CommandModule<object, InspectArguments> = {
  command: 'inspect <recording>',
  describe: 'channels, units, stimulus and spikes of a recording',
  builder: (yargs) =>
    yargs
      .positional('recording', { type: 'string', demandOption: true, describe: 'ABF, NWB, ATF, Igor text or CSV file' })
      .option('sweep', { requiresArg: true, type: 'number', describe: 'this sweep only, from 0' })
      .option('columns', {
        requiresArg: true,
        type: 'string',
        array: true,
        describe: 'columns of a CSV file as key=name, keys as in a spec',
      })
      .option('voltage-channel', { requiresArg: true, type: 'string', describe: 'channel of V; the first in mV or V otherwise' })
      .option('current-channel', { requiresArg: true, type: 'string', describe: 'channel or output of the injected current' })
      .option('bridge', { requiresArg: true, type: 'string', describe: 'subtract so many MOhm times the current from V; or estimate' })
      .option('junction', { requiresArg: true, type: 'number', describe: 'subtract a junction potential of so many mV' })
      .option('blank', { requiresArg: true, type: 'number', describe: 'ignore so many ms after each edge of the current' })
      .option('passive', {
        type: 'boolean',
        default: false,
        describe: 'capacitance, input conductance and series resistance from current steps',
      })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' })
      .option('plot', { requiresArg: true, type: 'string', describe: 'write an SVG picture to this file' })
      .example('$0 inspect cell.abf --plot cell.svg', 'what is in this recording?')
      .example('$0 inspect cell.abf --passive', 'what capacitance should a fit hold fixed?')
      .example('$0 inspect cell.csv --columns timeMs=t voltageMv=V currentPa=I', 'a CSV file says no units by itself'),
  handler: async ({
    recording: file,
    sweep,
    columns,
    'voltage-channel': voltageChannel,
    'current-channel': currentChannel,
    passive,
    json,
    plot,
    ...asked
  }) => {
    const options = {
      ...(columns === undefined ? {} : { columns: parseColumns(columns) }),
      ...(voltageChannel === undefined ? {} : { voltageChannel }),
      ...(currentChannel === undefined ? {} : { currentChannel }),
    };
    const whole = corrected(await importRecording(file, options), asked);
    const recording = chosen(whole, sweep);
    const inspected = inspectRecording(whole);
    const inspection = { ...inspected, sweeps: inspected.sweeps.filter(({ index }) => sweep === undefined || index === sweep) };
    const reading = passive ? readPassive(recording) : undefined;
    if (json) printJson(reading === undefined ? inspection : { ...inspection, passive: reading });
    else print([describeInspection(inspection), ...(reading === undefined ? [] : ['', describePassive(reading)])].join('\n'));
    if (plot === undefined) return;
    const sweeps = recording.sweeps.map((entry, i) => ({
      index: entry.index,
      startMs: entry.startMs,
      sampleMs: entry.sampleMs,
      voltageMv: entry.voltageMv,
      ...(entry.stimulus.source === 'none' ? {} : { current: entry.current }),
      spikesMs: inspection.sweeps[i]!.spikes,
    }));
    const { inspectionSvg } = await import('../../report/simulation-svg.ts'); // charts take long to load
    writeNamed(plot, inspectionSvg({ title: file, currentUnit: recording.sweeps[0]?.stimulus.unit ?? '', sweeps }));
    say(`wrote ${plot}`);
  },
};

const CORRECTION_OPTIONS = { bridgeMohm: '--bridge', junctionPotentialMv: '--junction', blankMs: '--blank' } as const;

/** As `correct` of a recording in a spec. */
function corrected(recording: Recording, { bridge, junction, blank }: Pick<InspectArguments, 'bridge' | 'junction' | 'blank'>): Recording {
  const bridgeMohm = bridge === undefined || bridge === 'estimate' ? bridge : Number(bridge);
  const corrections: Corrections = {
    ...(bridgeMohm === undefined ? {} : { bridgeMohm }),
    ...(junction === undefined ? {} : { junctionPotentialMv: junction }),
    ...(blank === undefined ? {} : { blankMs: blank }),
  };
  const usage = (where: string, reason: { rule: string; got: string; remedy?: string }) =>
    new LoligoError([{ code: 'USAGE', where, ...reason }]);
  for (const [key, value] of Object.entries(corrections)) {
    const mustBePositive = key === 'blankMs';
    if (value === 'estimate' || (Number.isFinite(value) && (!mustBePositive || value > 0))) continue;
    const rule = key === 'bridgeMohm' ? 'must be a number, or estimate' : `must be a number${mustBePositive ? ' greater than 0' : ''}`;
    const got = key === 'bridgeMohm' ? String(bridge) : Number.isNaN(value) ? 'no number' : String(value);
    throw usage(CORRECTION_OPTIONS[key as keyof Corrections], { rule, got }); // keys of corrections
  }
  if (Object.keys(corrections).length === 0) return recording;
  return correctRecording(recording, corrections, (key, reason) => usage(CORRECTION_OPTIONS[key], reason));
}

function chosen(recording: Recording, sweep: number | undefined): Recording {
  if (sweep === undefined) return recording;
  const sweeps = recording.sweeps.filter(({ index }) => index === sweep);
  if (sweeps.length > 0) return { ...recording, sweeps };
  throw new LoligoError([
    { code: 'USAGE', where: '--sweep', rule: `${recording.file} has sweeps 0 to ${recording.sweeps.length - 1}`, got: String(sweep) },
  ]);
}

function parseColumns(pairs: readonly string[]): CsvColumns {
  const columns: CsvColumns = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const key = COLUMN_KEYS.find((candidate) => candidate === pair.slice(0, at));
    if (key === undefined)
      throw new LoligoError([
        { code: 'USAGE', where: '--columns', rule: `must be key=name with a key of ${COLUMN_KEYS.join(', ')}`, got: pair },
      ]);
    columns[key] = pair.slice(at + 1);
  }
  return columns;
}
