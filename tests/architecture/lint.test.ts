/** The lint rules that style.md rests on, each proved by a planted violation; without type awareness half of them would pass silently. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../schemas/package-root.ts';

const ROOT = packageRoot();

/** rule -> a line that breaks it. */
const VIOLATIONS: Readonly<Record<string, string>> = {
  'typescript(no-floating-promises)': 'export function dropped(): void { later(); }',
  'typescript(no-misused-promises)': 'export const misused = (): void => [1].forEach(async () => { await later(); });',
  'typescript(no-explicit-any)': 'export const loose: any = 1;',
  'typescript(switch-exhaustiveness-check)': "export function half(kind: 'p' | 'q'): void { switch (kind) { case 'p': break; } }",
  'typescript(consistent-type-imports)': "import { Stats } from 'node:fs';\nexport type S = Stats;",
  'typescript(only-throw-error)': "export function fail(): never { throw 'text'; }",
  'import(no-default-export)': 'export default function nameless(): void {}',
  'oxc(no-barrel-file)': "export * from './other.ts';",
  'eslint(no-eval)': "export const evil: unknown = eval('1');",
};

let folder = '';
let report = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'loligo-lint-'));
  writeFileSync(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "module": "nodenext", "strict": true, "noEmit": true } }');
  writeFileSync(join(folder, 'other.ts'), 'export const other = 1;\n');
  Object.values(VIOLATIONS).forEach((line, index) =>
    writeFileSync(join(folder, `violation-${index}.ts`), `async function later(): Promise<void> { await Promise.resolve(); }\n${line}\n`),
  );
  const oxlint = join(ROOT, 'node_modules/oxlint/bin/oxlint');
  report = spawnSync(process.execPath, [oxlint, '--config', join(ROOT, '.oxlintrc.json'), '--format', 'unix', folder], {
    cwd: ROOT,
    encoding: 'utf8',
  }).stdout;
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each(Object.keys(VIOLATIONS))('%s is found where it is broken', (rule) => {
  const file = `violation-${Object.keys(VIOLATIONS).indexOf(rule)}.ts`;
  const hits = report.split('\n').filter((line) => line.includes(file) && line.includes(rule));
  expect(hits, report).not.toHaveLength(0);
});
