/** The import rules of .dependency-cruiser.mjs: each is proved by a planted violation, and the checker is proved to see the tree. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../schemas/package-root.ts';

const ROOT = packageRoot();
const ROOMS = ['orchestrator', 'worker', 'schemas'];

interface Cruise {
  readonly modules: readonly { source: string; dependencies: readonly { resolved: string; dependencyTypes: readonly string[] }[] }[];
  readonly summary: { readonly violations: readonly { rule: { name: string }; from: string; to: string }[] };
}

/** What dependency-cruiser says of the rooms of `folder`, by the rules of this project. */
function cruise(folder: string): Cruise {
  const command = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const rules = join(ROOT, '.dependency-cruiser.mjs');
  const rooms = ROOMS.filter((room) => readdirSync(folder).includes(room));
  const out = execFileSync(process.execPath, [command, '--config', rules, '--output-type', 'json', ...rooms], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  return JSON.parse(out) as Cruise; // the tool's documented output format
}

/** A tree with the layout of this project: path -> content. */
function plant(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-imports-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

const SOUND: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "planted", "type": "module", "dependencies": { "yaml": "*" }, "devDependencies": { "fast-check": "*" } }',
  'tsconfig.json': '{ "compilerOptions": { "module": "nodenext", "allowImportingTsExtensions": true, "noEmit": true } }',
  'schemas/task.ts': 'export interface Task { readonly id: string }',
  'schemas/errors.ts': "import type { Task } from './task.ts';\nexport const report = (task: Task): string => task.id;",
  'worker/pool.ts': "import { report } from '../schemas/errors.ts';\nimport { parse } from 'yaml';\nexport const run = [report, parse];",
  'orchestrator/run/sweep.ts': "import { report } from '../../schemas/errors.ts';\nexport const sweep = report;",
  'orchestrator/cli/main.ts': "import { sweep } from '../run/sweep.ts';\nimport { run } from '../../worker/pool.ts';\nvoid [sweep, run];",
  'tests/fixture.ts': 'export const fixture = 1;',
};

/** rule -> [file, its content, the import it breaks the rule with]. */
const VIOLATIONS: Readonly<Record<string, readonly [file: string, content: string, to: RegExp]>> = {
  'orchestrator-knows-no-worker': ['orchestrator/run/bad.ts', "import '../../worker/pool.ts';", /^worker\/pool\.ts$/],
  'worker-knows-no-orchestrator': [
    'worker/bad.ts',
    "import type { sweep } from '../orchestrator/run/sweep.ts';\nexport type S = typeof sweep;",
    /^orchestrator\/run\/sweep\.ts$/,
  ],
  'schemas-know-nobody': ['schemas/bad.ts', "import '../worker/pool.ts';", /^worker\/pool\.ts$/],
  'nobody-imports-the-cli': ['orchestrator/run/proud.ts', "import '../cli/main.ts';", /^orchestrator\/cli\/main\.ts$/],
  // reported from the alphabetically first file of the circle
  'no-cycle': ['worker/egg.ts', "import type { Hen } from './hen.ts';\nexport interface Egg { readonly hen: Hen }", /^worker\/hen\.ts$/],
  'no-tests-from-source': ['worker/cheat.ts', "import '../tests/fixture.ts';", /^tests\/fixture\.ts$/],
  'no-orphan': ['worker/forgotten.ts', 'export const forgotten = 1;', /^worker\/forgotten\.ts$/],
  'not-resolvable': ['worker/lost.ts', "import './nowhere.ts';", /nowhere/],
  'no-undeclared-dependency': ['worker/lucky.ts', "import 'typescript';", /typescript/],
  'no-dev-dependency-from-source': ['worker/dev.ts', "import 'fast-check';", /fast-check/],
};

describe('the import rules', () => {
  const folders: string[] = [];
  let found: Cruise['summary']['violations'] = [];

  beforeAll(() => {
    const planted = Object.values(VIOLATIONS).map(([file, content]) => [file, content] as const);
    const hen = "import type { Egg } from './egg.ts';\nexport interface Hen { readonly egg: Egg }";
    const folder = plant({ ...SOUND, ...Object.fromEntries(planted), 'worker/hen.ts': hen });
    folders.push(folder);
    found = cruise(folder).summary.violations;
  });
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

  test.each(Object.entries(VIOLATIONS))('%s is found where it is broken', (rule, [file, , to]) => {
    const hits = found.filter((violation) => violation.rule.name === rule);
    expect(hits.filter((violation) => violation.from === file && to.test(violation.to))).not.toHaveLength(0);
  });

  test('every rule has a planted violation', async () => {
    const config = (await import(join(ROOT, '.dependency-cruiser.mjs'))) as { default: { forbidden: { name: string }[] } }; // our own file
    expect(Object.keys(VIOLATIONS).toSorted()).toEqual(config.default.forbidden.map(({ name }) => name).toSorted());
  });

  test('a sound tree, whose cli imports both sides, breaks none', () => {
    const folder = plant(SOUND);
    folders.push(folder);
    expect(cruise(folder).summary.violations).toEqual([]);
  });
});

describe('the import checker', () => {
  const sources = ROOMS.flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((file) => /[.](ts|mjs)$/.test(file))
      .map((file) => `${room}/${file}`),
  );
  const seen = cruise(ROOT);

  test('sees every source file', () => {
    const modules = new Set(seen.modules.map(({ source }) => source));
    expect(sources.length).toBeGreaterThan(0);
    expect(sources.filter((source) => !modules.has(source))).toEqual([]);
  });

  test('sees type imports as edges', () => {
    const engine = seen.modules.find(({ source }) => source === 'worker/engines/engine.ts');
    expect(engine?.dependencies.map(({ resolved }) => resolved)).toContain('worker/models/model.ts');
  });
});
