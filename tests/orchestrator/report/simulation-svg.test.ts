import { expect, test } from 'vitest';
import { inspectionSvg, simulationSvg } from '../../../orchestrator/report/simulation-svg.ts';
import { simulateSquid } from '../../helpers/squid.ts';
import { SQUID } from '../../helpers/ensemble-fixture.ts';
import { unbalancedTags } from '../../helpers/markup-balance.ts';

const { V, ...gates } = simulateSquid(SQUID, 10, 501, 0.1);
const tMs = V.map((_, i) => i * 0.1);
const current = V.map(() => 10);

test('a simulation is drawn with V, gates and stimulus, as a file that stands alone', () => {
  const svg = simulationSvg({ title: 'squid <10>', tMs, voltageMv: V, current, currentUnit: 'uA/cm2', gates });
  expect(svg).toMatch(/^<\?xml/);
  expect(unbalancedTags(svg)).toEqual([]);
  for (const text of ['V (mV)', 'm solid, h dashed, n dotted', 'I (\u00b5A/cm\u00b2)', 'time (ms)', 'squid &#60;10&#62;'])
    expect(svg).toContain(text);
  expect(svg).not.toMatch(/NaN/);
});

test('many gates take several panels, and each pool one of its own, with its unit', () => {
  const { m, h, n } = gates;
  const Ca = { unit: 'uM', values: V.map((value) => 0.1 + (value + 65) / 100) };
  const svg = simulationSvg({
    title: 'five',
    tMs,
    voltageMv: V,
    current,
    currentUnit: 'pA',
    gates: { m, h, n, p: n, q: m },
    pools: { Ca },
  });
  for (const text of ['m solid, h dashed, n dotted', 'p solid, q dashed', 'Ca (\u00b5M)']) expect(svg).toContain(text);
  expect(unbalancedTags(svg)).toEqual([]);
});

test('gates are left out where there are none', () => {
  expect(simulationSvg({ title: 'squid', tMs, voltageMv: V, current, currentUnit: 'uA/cm2' })).not.toContain('solid');
});

test('sweeps of a recording are drawn over each other, at most twelve of them, the last among them, with their spikes', () => {
  const sweeps = Array.from({ length: 20 }, (_, index) => ({
    index,
    startMs: 1000,
    sampleMs: 0.1,
    voltageMv: V,
    current,
    spikesMs: index === 19 ? [1004, 1005] : [1004],
  }));
  const svg = inspectionSvg({ title: 'cell.abf', currentUnit: 'pA', sweeps });
  expect(unbalancedTags(svg)).toEqual([]);
  expect(svg).toContain('cell.abf, 12 of 20 sweeps');
  expect(svg).toContain('13 spikes');
  expect(svg).toContain('>1,040<');
});

test('a recording without stimulus has V alone', () => {
  const svg = inspectionSvg({ title: 'cell.csv', currentUnit: 'pA', sweeps: [{ index: 0, sampleMs: 0.1, voltageMv: V }] });
  expect(svg).not.toContain('I (pA)');
  expect(svg).toContain('time (ms)');
});

test('a long recording makes no large file', () => {
  const long = Float64Array.from({ length: 200_000 }, (_, i) => Math.sin(i));
  const svg = simulationSvg({ title: 'long', tMs: long.map((_, i) => i), voltageMv: long, current: long, currentUnit: 'pA' });
  expect(svg.length).toBeLessThan(100_000);
});
