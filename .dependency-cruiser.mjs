/**
 * Which way imports go: towards schemas/. `orchestrator/` and `worker/` meet in schemas/ only; orchestrator/cli is the one
 * composition root that may import both. Each rule is proved by a planted violation in tests/architecture/imports.test.ts,
 * which also fails when this tool sees fewer modules than there are (with TypeScript 7 it sees none and passes silently).
 */
/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'orchestrator-knows-no-worker',
      comment:
        'The orchestrator knows sweeps, queues and statistics and nothing of neurons. Meet in schemas/; compose in orchestrator/cli.',
      severity: 'error',
      from: { path: '^orchestrator/', pathNot: '^orchestrator/cli/' },
      to: { path: '^worker/' },
    },
    {
      name: 'worker-knows-no-orchestrator',
      comment: 'The worker knows neurons, recordings and arithmetic and nothing of sweeps. Meet in schemas/.',
      severity: 'error',
      from: { path: '^worker/' },
      to: { path: '^orchestrator/' },
    },
    {
      name: 'schemas-know-nobody',
      comment: 'Messages depend on neither side.',
      severity: 'error',
      from: { path: '^schemas/' },
      to: { path: '^(orchestrator|worker)/' },
    },
    {
      name: 'nobody-imports-the-cli',
      comment: 'The composition root is the top: what others need from it belongs into a room of its own.',
      severity: 'error',
      from: { path: '^(orchestrator|worker|schemas)/', pathNot: '^orchestrator/cli/' },
      to: { path: '^orchestrator/cli/' },
    },
    {
      name: 'no-cycle',
      comment: 'Two files that need each other are one file, or share a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-tests-from-source',
      comment: 'Source does not know its tests.',
      severity: 'error',
      from: { pathNot: '^tests/' },
      to: { path: '^tests/' },
    },
    {
      name: 'no-orphan',
      comment: 'A file that imports nothing and that nobody imports is forgotten.',
      severity: 'error',
      from: { orphan: true, pathNot: '[.](mjs|d[.]m?ts)$' },
      to: {},
    },
    {
      name: 'not-resolvable',
      comment: 'The import leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-undeclared-dependency',
      comment: 'An npm package that package.json does not list works by luck.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-bundled'] },
    },
    {
      name: 'no-dev-dependency-from-source',
      comment: 'Absent after "npm ci --omit=dev". Only the build scripts (*.mjs) run where development packages are.',
      severity: 'error',
      from: { path: '^(orchestrator|worker|schemas)/', pathNot: '[.]mjs$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    // Type imports count: they too make one side know the other.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
