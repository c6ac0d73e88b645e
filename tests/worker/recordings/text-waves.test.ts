/** Axon text (ATF) and Igor text (ITX). */
import { describe, expect, test } from 'vitest';
import { importRecording } from '../../../worker/recordings/importers.ts';
import type { ChannelChoice, Recording } from '../../../worker/recordings/recording.ts';
import { temporaryFiles } from '../../helpers/temporary-file.ts';

const { write } = temporaryFiles();

function read(text: string, choice: ChannelChoice = {}): Promise<Recording> {
  return importRecording(write('cell.txt', text), choice);
}

const values = ({ sweeps }: Recording): number[][][] =>
  sweeps.map(({ voltageMv, current }) => [voltageMv, current].map((one) => Array.from(one, (value) => Number(value.toFixed(6)))));

/** As Clampfit writes it: two signals, two sweeps. */
const ATF = [
  'ATF\t1.0',
  '3\t5',
  '"AcquisitionMode=Episodic Stimulation"',
  '"Comment="',
  '"Signals="\t"Im"\t"Vm"\t"Im"\t"Vm"',
  '"Time (s)"\t"Trace #1 (pA)"\t"Trace #1 (mV)"\t"Trace #2 (pA)"\t"Trace #2 (mV)"',
  '0\t1\t-70\t2\t-60',
  '0.0001\t1\t-71\t2\t-61',
  '0.0002\t1\t-72\t2\t-62',
  '',
].join('\r\n');

describe('Axon text', () => {
  test('has a sweep in each column of a signal', async () => {
    const recording = await read(ATF);
    expect(recording).toMatchObject({
      format: 'ATF 1.0',
      channels: [
        { name: 'Im', unit: 'pA' },
        { name: 'Vm', unit: 'mV' },
      ],
    });
    expect(values(recording)).toEqual([
      [
        [-70, -71, -72],
        [1, 1, 1],
      ],
      [
        [-60, -61, -62],
        [2, 2, 2],
      ],
    ]);
    expect(recording.sweeps[1]).toMatchObject({
      index: 1,
      sampleMs: 0.1,
      startMs: 0,
      voltageChannel: 'Vm',
      stimulus: { source: 'stored', channel: 'Im', unit: 'pA' },
    });
  });

  test('without names of signals tells them by their unit', async () => {
    const text = ATF.replace(/"Signals=.*/, '"Other=1"')
      .replaceAll('pA', 'nA')
      .replace('Time (s)', 'Time (ms)');
    const recording = await read(text);
    expect(recording.channels.map(({ unit }) => unit)).toEqual(['nA', 'mV']);
    expect(recording.sweeps.map(({ sampleMs }) => sampleMs)).toEqual([0.0001, 0.0001]);
  });

  test('without a current has none that is known', async () => {
    const recording = await read('ATF 1.0\n0 2\n"Time (s)"\t"Trace #1 (V)"\n0\t-0.07\n0.001\t-0.06\n');
    expect(values(recording)).toEqual([
      [
        [-70, -60],
        [0, 0],
      ],
    ]);
    expect(recording.sweeps[0]!.stimulus.source).toBe('none');
  });

  test.each([
    ['another number of titles', ATF.replace('3\t5', '3\t4'), /line 6: the titles of 4 columns.*got 5 cells/],
    ['another number of records', ATF.replace('3\t5', '9\t5'), /line 12: the titles of 5 columns/],
    ['a short row', ATF.replace('\t-71\t2\t-61', ''), /line 8: every row must have 5 cells; got 2/],
    ['a word for a number', ATF.replace('-71', 'low'), /line 8, column 3: must be a finite number; got "low"/],
    ['no time', ATF.replace('Time (s)', 'Point'), /line 6: the first column must be time/],
    ['uneven times', ATF.replace('0.0002', '0.0005'), /time must rise by the same interval/],
    ['one row', ATF.split('\r\n').slice(0, 7).join('\n'), /at least two rows.*got 1/],
    ['no voltage', ATF.replaceAll('mV', 'pA'), /a channel in mV or V is needed.*RECORDING_CHANNEL/],
  ])('is refused that has %s', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });
});

const ITX = [
  'IGOR',
  'WAVES/D\tv0\ti0',
  'BEGIN',
  '\t-0.07\t0',
  '\t-0.06\t1e-11',
  '\t-0.05\t2e-11',
  'END',
  'X SetScale/P x 0,5e-05,"s", v0, i0; SetScale d 0,0,"V", v0',
  'X SetScale y 0,0,"A", i0',
  'X Display v0',
  "WAVES/O/N=(3) 'v 1'",
  'BEGIN',
  '-0.04',
  '-0.03',
  '-0.02',
  'END',
  'X SetScale/I x 0,0.1,"ms", \'v 1\'; SetScale d 0,0,"V", \'v 1\'',
  'WAVES i1',
  'BEGIN',
  '3e-11',
  '3e-11',
  '3e-11',
  'END',
  'X SetScale x 0,0.00015,"s", i1; SetScale d 0,0,"A", i1',
  '',
].join('\r');

describe('Igor text', () => {
  test('has waves with units and sampling; those of voltage are sweeps, in their order', async () => {
    const recording = await read(ITX);
    expect(recording.channels).toEqual([
      { name: 'v0', unit: 'V' },
      { name: 'i0', unit: 'A' },
    ]);
    expect(values(recording).map(([mv]) => mv)).toEqual([
      [-70, -60, -50],
      [-40, -30, -20],
    ]);
    expect(recording.sweeps.map(({ current }) => current[2])).toEqual([2e-11, 3e-11]);
    expect(recording.sweeps.map(({ sampleMs }) => sampleMs)).toEqual([0.05, 0.05]);
    expect(recording.sweeps[1]!.stimulus).toMatchObject({ source: 'stored', channel: 'i0', unit: 'A', kind: 'constant' });
  });

  test('has a sweep in each column of a wave of two dimensions', async () => {
    const text =
      'IGOR\nWAVES/N=(3,2) V\nBEGIN\n-70 -60\n-71 -61\n-72 -62\nEND\nX SetScale/P x 2,0.1,"ms", V; SetScale/P y 0,1,"", V; SetScale d -80,0,"mV", V\n';
    const recording = await read(text);
    expect(values(recording).map(([mv]) => mv)).toEqual([
      [-70, -71, -72],
      [-60, -61, -62],
    ]);
    expect(recording.sweeps[0]).toMatchObject({ startMs: 2, sampleMs: 0.1 });
  });

  test('takes the waves that are named', async () => {
    const recording = await read(ITX, { voltageChannel: 'v 1', currentChannel: 'i1' });
    expect(values(recording).map(([mv]) => mv)).toEqual([[-40, -30, -20]]);
    expect(recording.sweeps[0]!.current[0]).toBe(3e-11);
  });

  test('with another number of currents than of voltages tells so, and the current is not known', async () => {
    const recording = await read(ITX.slice(0, ITX.indexOf('WAVES i1')));
    expect(recording.sweeps.map(({ stimulus }) => stimulus.source)).toEqual(['none', 'none']);
    expect(recording.notes).toEqual(['"v0" has 2 sweeps and "i0" 1: what goes together is not known.']);
  });

  test.each([
    ['no end', ITX.replaceAll('END', ''), /line 2: WAVES must be followed by BEGIN, rows and END/],
    ['a word for a number', ITX.replace('-0.06', 'low'), /line 5: must be 2 finite numbers/],
    ['a short row', ITX.replace('-0.06\t', ''), /line 5: must be 2 finite numbers/],
    ['more waves than columns', ITX.replace('v0\ti0', 'v0 i0 t0'), /line 4: a row must have a number for each of 3 waves; got 2/],
    ['no units', ITX.replaceAll(/SetScale [dy]/g, 'Other'), /waves must have a unit.*"v0" \(no unit\).*RECORDING_CHANNEL/],
    ['a sampling in m', ITX.replaceAll('"s"', '"m"'), /wave v0: points must be apart in s or ms/],
    ['no wave', 'IGOR\nX Display v0\n', /waves must have a unit of voltage or current; got no wave/],
    ['sixty flags and no name', `IGOR\nWAVES${'/a=1'.repeat(60)}\nBEGIN\n1 2\nEND\n`, /got no wave/],
    ['other samples of current', ITX.replace('0.00015', '0.0003'), /sweep 1: voltage and current must have the same samples/],
  ])('is refused that has %s', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });
});
