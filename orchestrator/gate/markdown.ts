/** A comparison as a comment on a merge request: what is not "same" first, the rest folded away. GitHub and GitLab show `<details>`. */
import type { Comparison } from './comparison.ts';
import { comparisonRows, headline, type ComparisonRow } from './comparison-rows.ts';

export function comparisonMarkdown(comparison: Comparison): string {
  const rows = comparisonRows(comparison);
  const calm = rows.filter(({ verdict }) => verdict === 'same' || verdict === 'not compared');
  const others = rows.filter((row) => !calm.includes(row));
  const table = (some: readonly ComparisonRow[]): string[] => [
    '| what | baseline | this run | shift (95 %) | tolerance | verdict |',
    '| --- | ---: | ---: | ---: | ---: | --- |',
    ...some.map((row) => `| ${cells(row).map(escaped).join(' | ')} |`),
  ];
  return [
    `### ${escaped(headline(comparison, rows))}`,
    '',
    ...comparison.notes.flatMap((note) => [`- ${escaped(note)}`]),
    ...(comparison.notes.length > 0 ? [''] : []),
    ...(others.length > 0 ? [...table(others), ''] : []),
    ...(calm.length > 0 ? [`<details><summary>${calm.length} more</summary>`, '', ...table(calm), '', '</details>', ''] : []),
  ].join('\n');
}

function cells({ name, before, after, shift, tolerance, verdict, remark }: ComparisonRow): string[] {
  const bold = verdict === 'regressed' ? '**regressed**' : verdict;
  return [name, before, after, shift, tolerance, remark === '' ? bold : `${bold}: ${remark}`];
}

/** Names are the model's and the user's. */
function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
}
