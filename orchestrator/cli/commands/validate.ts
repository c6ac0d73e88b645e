/** `loligo validate SPEC` */
import type { CommandModule } from 'yargs';
import { plural } from '../../report/number-format.ts';
import { loadSweep, notesOf } from '../load-sweep.ts';
import { print, say } from '../output.ts';
import { openSweepEngine } from '../sweep-engine.ts';

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
    if (name !== undefined) await (await openSweepEngine(name, sweep)).engine.close();
    const { resolved, expansion } = sweep;
    for (const note of notesOf(sweep)) say(`note: ${note}`);
    print(
      `${spec}: valid, ${resolved.name} has ${plural(expansion.replicas, 'replica')} in ${plural(expansion.configurations, 'configuration')}`,
    );
  },
};
