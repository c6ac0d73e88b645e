/**
 * Stands in for vitest where only Node is: runs the contract suite of engines in the offline GPU bundle. Groups and tests in order, one after
 * the other, with vitest's own `expect`. Not for use in the repository, where vitest is.
 */
import { format } from 'node:util';
import { getState, JestAsymmetricMatchers, JestChaiExpect, JestExtend, setState } from '@vitest/expect';
import * as chai from 'chai';

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

export function expect(value, message) {
  return chai.expect(value, message);
}
Object.assign(expect, chai.expect, globalThis[Symbol.for('$$jest-asymmetric-matchers-object')] ?? {});
expect.getState = () => getState(expect);
setState({ assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null, environment: 'node' }, expect);
globalThis[Symbol.for('expect-global')] = expect;

/** Groups that are being described, the innermost last. */
const stack = [{ title: '', entries: [], before: [], after: [] }];

export function describe(title, body) {
  const group = { title, entries: [], before: [], after: [] };
  stack.at(-1).entries.push(group);
  stack.push(group);
  body();
  stack.pop();
}
export function test(title, body) {
  stack.at(-1).entries.push({ title, body });
}
describe.each = each(describe);
test.each = each(test);
export const beforeAll = (hook) => stack.at(-1).before.push(hook);
export const afterAll = (hook) => stack.at(-1).after.push(hook);

function each(declare) {
  return (cases) => (title, body) => {
    for (const one of cases) {
      const values = Array.isArray(one) ? one : [one];
      const places = title.match(/%[sd]/g)?.length ?? 0;
      declare(format(title, ...values.slice(0, places)), () => body(...values));
    }
  };
}

async function run(group, path, chosen, results) {
  if (!chosen(path)) return;
  for (const hook of group.before) await hook();
  for (const entry of group.entries) {
    const title = `${path} > ${entry.title}`;
    if (entry.body === undefined) {
      await run(entry, title, chosen, results);
      continue;
    }
    const began = performance.now();
    let failure = null;
    try {
      await entry.body();
    } catch (error) {
      failure = String(error?.message ?? error);
    }
    const seconds = (performance.now() - began) / 1000;
    results.push({ title, seconds, failure });
    console.log(`${failure === null ? 'ok  ' : 'FAIL'} ${seconds.toFixed(1)} s ${title}${failure === null ? '' : `\n     ${failure}`}`);
  }
  for (const hook of group.after) await hook();
}

/** Everything described so far; a line per test. `chosen`: by its path, whether a group is run. */
export async function runAll(chosen) {
  const results = [];
  await run(stack[0], '', chosen, results);
  return results;
}
