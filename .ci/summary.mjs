/**
 * `node .ci/summary.mjs REPORT CHECK TESTS`: one line of counts from vitest's JSON report, exit code 1 when anything failed. CHECK and
 * TESTS are 1 when that stage failed. A test file that could not even be loaded has no tests and counts as one failure, and so
 * does a test run that left no report or failed without naming a test.
 */
import { readFileSync } from 'node:fs';

const [path, check, tests] = process.argv.slice(2);

function countReport(text) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of JSON.parse(text).testResults) {
    const statuses = file.assertionResults.map(({ status }) => status);
    for (const status of statuses) counts[status === 'passed' || status === 'failed' ? status : 'skipped'] += 1;
    if (file.status === 'failed' && !statuses.includes('failed')) counts.failed += 1;
  }
  return counts;
}

const text = readFileSync(path, 'utf8');
const counts = text === '' ? { passed: 0, failed: 0, skipped: 0 } : countReport(text);
if (tests === '1' && counts.failed === 0) counts.failed += 1;
if (check === '1') counts.failed += 1;
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = counts.failed === 0 ? 0 : 1;
