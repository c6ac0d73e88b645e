import { expect, test } from 'vitest';
import { comparisonRows, comparisonTable, headline } from '../../../orchestrator/gate/comparison-rows.ts';
import { compare } from '../../../orchestrator/gate/compare.ts';
import { comparisonJunit } from '../../../orchestrator/gate/junit.ts';
import { comparisonMarkdown } from '../../../orchestrator/gate/markdown.ts';
import { unbalancedTags } from '../../helpers/markup-balance.ts';
import { baselineNight, night, scaled } from './night.ts';

const comparison = compare(baselineNight({ processor: 'Loom "8" & <co>' }), night({ change: scaled(1, 1, 1, 1.5) }));
const rows = comparisonRows(comparison);

test('JUnit has a case for everything that is compared, and fails those that regressed', () => {
  const xml = comparisonJunit(comparison);
  expect(unbalancedTags(xml)).toEqual([]);
  expect(xml.match(/<testcase /g)).toHaveLength(rows.length);
  const failed = rows.filter(({ verdict }) => verdict === 'regressed');
  expect(failed.length).toBeGreaterThan(0);
  expect(xml.match(/<failure /g)).toHaveLength(failed.length);
  const skipped = rows.filter(({ verdict }) => verdict === 'undecided' || verdict === 'not compared').length;
  expect(xml).toContain(`<testsuites tests="${rows.length}" failures="${failed.length}" errors="0" skipped="${skipped}">`);
  expect(xml).toContain('name="misfit of the simulation (mV)"><failure message="');
});

test('JUnit escapes what is not its own', () => {
  expect(comparisonJunit(comparison)).toContain('Loom 9 instead of Loom &quot;8&quot; &amp; &lt;co&gt;');
});

test('Markdown shows what regressed first, and folds the rest away', () => {
  const text = comparisonMarkdown(comparison);
  const [shown = '', folded = ''] = text.split('<details>');
  expect(shown).toMatch(/^### night: regressed \(/);
  expect(shown).toMatch(/\| misfit of the simulation \(mV\) \|.*\*\*regressed\*\* \|/);
  expect(folded).toMatch(/\| gNa \(mS\/cm2\) \|.*\| same \|/);
  expect(folded).toContain('&lt;co>');
});

test('the table tells shift, interval and tolerance in per cent for ratios', () => {
  const line = comparisonTable(rows)
    .split('\n')
    .find((one) => one.includes('misfit of the simulation'));
  expect(line).toMatch(/^regressed .*\+50\u00a0% \(\+\d+\u00a0% to \+\d+\u00a0%\) +5\.0\u00a0%$/);
});

test('the headline says how the runs were paired', () => {
  expect(headline(comparison, rows)).toMatch(/^night: regressed \(\d+ regressed, .*; paired replica by replica, each draw counting once$/);
});
