import { describe, expect, test } from 'vitest';
import { importRecording } from '../../../worker/recordings/importers.ts';
import type { Recording } from '../../../worker/recordings/recording.ts';
import { temporaryFiles } from '../../helpers/temporary-file.ts';

const { write } = temporaryFiles();
const COLUMNS = { timeMs: 't', voltageMv: 'V', currentPa: 'I' };
let written = 0;

function read(text: string | Uint8Array, options: object = { columns: COLUMNS }): Promise<Recording> {
  written += 1;
  return importRecording(write(`${written}.csv`, text), options);
}

function values({ sweeps }: Recording): number[][] {
  const { voltageMv, current } = sweeps[0]!;
  return [Array.from(voltageMv), Array.from(current)];
}

describe('a CSV recording', () => {
  test.each([
    ['commas', 't,V,I\n0,-65,1\n0.1,-64,2\n0.2,-63,3\n'],
    ['semicolons and CRLF', 't;V;I\r\n0;-65;1\r\n0.1;-64;2\r\n0.2;-63;3'],
    ['tabs and CR', 't\tV\tI\r0\t-65\t1\r0.1\t-64\t2\r0.2\t-63\t3\r'],
    ['quotes, spaces and another column', '"t", "V" ,I,"a ""b"", c"\n0,"-65",1,x\n 0.1 , -64 ,2,"y, z"\n0.2,-63,3,\n'],
    ['a byte order mark, comments and blank lines', '\ufeff# squid\n\nt,V,I\n# start\n0,-65,1\n\n0.1,-64,2\n0.2,-63,3\n\n'],
    ['exponents', 't,V,I\n0,-6.5e1,1e0\n1e-1,-640E-1,2\n2e-1,-63,3\n'],
  ])('may have %s', async (_, text) => {
    const recording = await read(text);
    expect(values(recording)).toEqual([
      [-65, -64, -63],
      [1, 2, 3],
    ]);
    expect(recording.sweeps[0]).toMatchObject({
      sampleMs: 0.1,
      startMs: 0,
      voltageChannel: 'V',
      stimulus: { source: 'stored', channel: 'I', unit: 'pA' },
    });
    expect(recording).toMatchObject({
      format: 'CSV',
      channels: [
        { name: 'V', unit: 'mV' },
        { name: 'I', unit: 'pA' },
      ],
    });
  });

  test('has its units from the keys', async () => {
    const recording = await read('s,v,j\n1,-0.065,1\n1.001,-0.064,2\n1.002,-0.063,3\n', {
      columns: { timeS: 's', voltageV: 'v', currentUaPerCm2: 'j' },
    });
    expect(recording.sweeps[0]).toMatchObject({ startMs: 1000, sampleMs: 1, stimulus: { unit: 'uA/cm2' } });
    expect(values(recording)[0]!.map((mv) => Number(mv.toFixed(9)))).toEqual([-65, -64, -63]);
  });

  test('needs no names where the columns are called like the keys', async () => {
    expect(values(await read('timeMs,voltageMv,currentNa\n0,-65,1\n1,-64,1\n', {}))).toEqual([
      [-65, -64],
      [1, 1],
    ]);
  });

  test('needs a current unless the caller says otherwise', async () => {
    await expect(read('t,V\n0,-65\n1,-64\n', { columns: { timeMs: 't', voltageMv: 'V' } })).rejects.toThrow(
      /one column of current is needed.*currentPa.*RECORDING_CHANNEL/,
    );
    const { sweeps } = await read('t,V\n0,-65\n1,-64\n', { columns: { timeMs: 't', voltageMv: 'V' }, currentOptional: true });
    expect(sweeps[0]!.stimulus).toMatchObject({ source: 'none', kind: 'unknown' });
  });

  test.each([
    ['constant', () => 10],
    ['steps', (i: number) => (i > 10 && i < 20 ? 5 : 0)],
    ['pulses', (i: number) => (i % 5 === 0 ? 5 : 0)],
    ['ramp', (i: number) => Math.max(0, i - 10)],
    ['unknown', (i: number) => Math.sin(i)],
  ])('says that its current is: %s', async (kind, current) => {
    const rows = Array.from({ length: 60 }, (_, i) => `${i / 10},-65,${current(i)}`);
    expect((await read(`t,V,I\n${rows.join('\n')}\n`)).sweeps[0]!.stimulus.kind).toBe(kind);
  });

  test('may have times that are rounded to a hundredth of the interval', async () => {
    const rows = Array.from({ length: 1000 }, (_, i) => `${(i / 30).toFixed(4)},-65,0`);
    expect((await read(`t,V,I\n${rows.join('\n')}\n`)).sweeps[0]!.sampleMs).toBeCloseTo(1 / 30, 6);
  });
});

describe('a wrong CSV is refused', () => {
  const table = (rows: string): string => `t,V,I\n${rows}\n`;
  test.each([
    ['with the line of a row that is too short', table('0,-65,1\n1,-64'), /line 3: every row must have 3 cells.*got 2.*RECORDING_CORRUPT/],
    ['with the line of a row that is too long', table('0,-65,1\n1,-64,1,1'), /line 3: .*got 4/],
    ['with line and column of a word', table('0,-65,1\n1,abc,1'), /line 3, column "V": must be a finite number; got "abc"/],
    ['with line and column of NaN', table('0,-65,NaN\n1,-64,1'), /line 2, column "I".*got "NaN"/],
    ['with line and column of an empty cell', table('0,,1\n1,-64,1'), /line 2, column "V".*got ""/],
    ['with line and column of an infinity', table('0,-65,1\n1,-64,1e999'), /line 3, column "I".*got "1e999"/],
    ['with the way out of decimal commas', 't;V;I\n0;-65,5;1\n1;-64;1', /got "-65,5".*decimals with a point/],
    [
      'where time goes back',
      table('0,-65,1\n1,-64,1\n0.5,-63,1\n2,-62,1'),
      /line 4: time must rise by the same interval.*got 0.5 ms after 1 ms/,
    ],
    ['where time stands', table('0,-65,1\n1,-64,1\n1,-63,1\n2,-62,1'), /line 4: time must rise/],
    ['where a sample is missing', table('0,-65,1\n1,-64,1\n3,-63,1\n4,-62,1\n5,-62,1'), /line 4: .*got 3 ms after 1 ms/],
    ['where voltages are impossible', table('0,-65,1\n1,1e300,1'), /sweep 0, sample 1: a membrane voltage must lie within.*1e\+300 mV/],
    ['where the interval is impossible', table('0,-65,1\n1e9,-64,1'), /samples must be 1e-05|samples must be 0\.00001 to 1000 ms apart/],
    ['where a quote stays open', table('0,"-65,1\n1,-64,1'), /line 2: a quoted cell must end on its line/],
    ['with fewer than two rows', 't,V,I\n0,-65,1\n', /at least two rows.*got 1/],
    ['without names', '0,-65,1\n1,-64,1\n', /first row must name the columns/],
    ['with two columns of one name', 't,V,V\n0,-65,1\n', /different names.*"V" twice/],
    ['without a table', 'just some words\nand more\n', /whose first row names its columns.*RECORDING_FORMAT/],
    ['with only comments', '# nothing\n# here\n', /got no row at all.*RECORDING_FORMAT/],
  ])('%s', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
    await expect(read(text)).rejects.toMatchObject({ exitCode: 2 });
  });

  test('with every column that is missing, and the columns that there are', async () => {
    await expect(read('time,V,I\n0,-65,1\n', { columns: { timeMs: 't', voltageMv: 'Vm', currentPa: 'I' } })).rejects.toMatchObject({
      violations: [
        { code: 'RECORDING_CHANNEL', rule: 'columns.timeMs must name a column', got: '"t"', remedy: 'The columns are "time", "V", "I".' },
        { rule: 'columns.voltageMv must name a column', got: '"Vm"' },
      ],
    });
  });

  test('with a channel that is asked for, as its columns are named by their keys', async () => {
    const said = /no channels to choose from; got Vm\. Name its columns in "columns".*\[RECORDING_CHANNEL\]/;
    await expect(read(table('0,-65,1\n1,-64,1'), { columns: COLUMNS, voltageChannel: 'Vm' })).rejects.toThrow(said);
  });

  test('with two columns for one role', async () => {
    const columns = { timeMs: 't', voltageMv: 'V', currentPa: 'I', currentNa: 'J' };
    await expect(read('t,V,I,J\n0,-65,1,1\n', { columns })).rejects.toThrow(/exactly one column of current is needed; got 2/);
  });

  test('with at most five bad cells at once', async () => {
    const rows = Array.from({ length: 50 }, (_, i) => `${i},x,y`);
    await expect(read(table(rows.join('\n')))).rejects.toMatchObject({ violations: { length: 5 } });
  });
});
