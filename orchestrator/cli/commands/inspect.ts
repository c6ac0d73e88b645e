/** `loligo inspect RECORDING` */
import type { CommandModule } from 'yargs';
import { LoligoError } from '../../../schemas/errors.ts';
import type { CsvColumns } from '../../../schemas/generated/types.ts';
import { COLUMN_KEYS } from '../../../worker/recordings/csv.ts';
import { importRecording } from '../../../worker/recordings/importers.ts';
import { describeInspection, inspectRecording } from '../../../worker/recordings/inspect.ts';
import type { Recording } from '../../../worker/recordings/recording.ts';
import { print, printJson, say, writeNamed } from '../output.ts';

interface InspectArguments {
  recording: string;
  sweep: number | undefined;
  columns: string[] | undefined;
  json: boolean;
  plot: string | undefined;
}

export const inspect: CommandModule<object, InspectArguments> = {
  command: 'inspect <recording>',
  describe: 'channels, units, stimulus and spikes of a recording',
  builder: (yargs) =>
    yargs
      .positional('recording', { type: 'string', demandOption: true, describe: 'ABF 2 or CSV file' })
      .option('sweep', { requiresArg: true, type: 'number', describe: 'this sweep only, from 0' })
      .option('columns', {
        requiresArg: true,
        type: 'string',
        array: true,
        describe: 'columns of a CSV file as key=name, keys as in a spec',
      })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' })
      .option('plot', { requiresArg: true, type: 'string', describe: 'write an SVG picture to this file' })
      .example('$0 inspect cell.abf --plot cell.svg', 'what is in this recording?')
      .example('$0 inspect cell.csv --columns timeMs=t voltageMv=V currentPa=I', 'a CSV file says no units by itself'),
  handler: async ({ recording: file, sweep, columns, json, plot }) => {
    const recording = chosen(await importRecording(file, columns === undefined ? {} : { columns: parseColumns(columns) }), sweep);
    const inspection = inspectRecording(recording);
    if (json) printJson(inspection);
    else print(describeInspection(inspection));
    if (plot === undefined) return;
    const sweeps = recording.sweeps.map((entry, i) => ({
      index: entry.index,
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
