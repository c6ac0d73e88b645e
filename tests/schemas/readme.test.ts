import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../../schemas/errors.ts';
import { packageRoot } from '../../schemas/package-root.ts';

test('schemas/README.md lists exactly the error codes of errors.ts, with their exit codes and meanings', () => {
  const section = readFileSync(join(packageRoot(), 'schemas/README.md'), 'utf8').split('## Error codes')[1] ?? '';
  const rows = [...section.matchAll(/^\| ([A-Z_]+) +\| (\d+) +\| (.*?) +\|$/gm)].map(([, code, exit, text]) => `${code} ${exit} ${text}`);
  expect(rows).toEqual(Object.entries(ERROR_CODES).map(([code, { exit, text }]) => `${code} ${exit} ${text}`));
});
