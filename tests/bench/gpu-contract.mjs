/**
 * Runs compiled tests of engines without vitest, in the offline GPU bundle: node gpu-contract.mjs RESULTS.json NAME FILE...
 * Only the groups of engine NAME.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runAll } from './contract-runner.mjs';

const [target, name, ...files] = process.argv.slice(2);
for (const file of files) await import(pathToFileURL(resolve(file)).href);
const results = await runAll((path) => path === '' || path.includes(`engine contract: ${name}`));
const failed = results.filter(({ failure }) => failure !== null).length;
console.log(`${results.length} tests, ${failed} failed`);
writeFileSync(target, JSON.stringify({ tests: results.length, failed, results }, null, 1));
process.exit(failed === 0 ? 0 : 1);
