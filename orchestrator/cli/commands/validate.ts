/** `loligo validate SPEC` */
import type { CommandModule } from 'yargs';
import { plural } from '../../report/number-format.ts';
import { refusalsOf, refuseIfLacking } from '../engine-refusals.ts';
import { loadSweep, notesOf, type LoadedSweep } from '../load-sweep.ts';
import { print, say } from '../output.ts';

export const validate: CommandModule<object, { spec: string; engine: string | undefined }> = {
  command: 'validate <spec>',
  describe: 'check a sweep spec: every error at once, with path, rule, value and way out',
  builder: (yargs) =>
    yargs
      .positional('spec', { type: 'string', demandOption: true, describe: 'YAML or JSON file' })
      .option('engine', { type: 'string', requiresArg: true, describe: 'also check that this engine trains all of it' })
      .example('$0 validate sweeps/demo.yaml', 'check the demo sweep'),
  handler: async ({ spec, engine: name }) => {
    const sweep = await loadSweep(spec);
    if (name !== undefined) await checkEngine(sweep, name);
    const { resolved, expansion } = sweep;
    for (const note of notesOf(sweep)) say(`note: ${note}`);
    print(
      `${spec}: valid, ${resolved.name} has ${plural(expansion.replicas, 'replica')} in ${plural(expansion.configurations, 'configuration')}`,
    );
  },
};

async function checkEngine(sweep: LoadedSweep, name: string): Promise<void> {
  // engines take most of the program's start: loaded where they are used
  const { openEngine } = await import('../../../worker/engines/registry.ts');
  const { engine } = await openEngine(name, (candidate) => refusalsOf(sweep, candidate)[0] ?? null);
  await engine.close();
  refuseIfLacking(sweep, engine);
}
