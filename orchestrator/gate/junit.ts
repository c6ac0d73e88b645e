/**
 * A comparison as JUnit XML, in the form that Jenkins, GitLab and GitHub's reporters read: a test case for everything that is compared,
 * failed where it regressed, skipped where it is undecided or not compared.
 */
import type { Comparison } from './comparison.ts';
import { comparisonRows, headline, type ComparisonRow } from './comparison-rows.ts';

export function comparisonJunit(comparison: Comparison): string {
  const rows = comparisonRows(comparison);
  const failures = rows.filter(({ verdict }) => verdict === 'regressed').length;
  const skipped = rows.filter(isSkipped).length;
  const counts = `tests="${rows.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
  const said = [headline(comparison, rows), ...comparison.notes].join('\n');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${escaped(`loligo compare: ${comparison.name}`)}" ${counts}>`,
    ...rows.map((row) => testCase(row)),
    `    <system-out>${escaped(said)}</system-out>`,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function isSkipped({ verdict }: ComparisonRow): boolean {
  return verdict === 'undecided' || verdict === 'not compared';
}

function testCase(row: ComparisonRow): string {
  const { group, name, before, after, shift, tolerance, verdict, remark } = row;
  const told = escaped(`${before} to ${after}, shift ${shift}, tolerance ${tolerance}: ${verdict}${remark === '' ? '' : `, ${remark}`}`);
  const inside =
    verdict === 'regressed'
      ? `<failure message="${told}"/>`
      : isSkipped(row)
        ? `<skipped message="${told}"/>`
        : `<system-out>${told}</system-out>`;
  return `    <testcase classname="${escaped(`loligo.${group}`)}" name="${escaped(name)}">${inside}</testcase>`;
}

/** XML has no way to write control characters at all; `\p{Cc}` are these. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/(?![\n\t])\p{Cc}/gu, ' ');
}
