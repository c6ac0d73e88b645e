/** `loligo validate SPEC` */
import type { CommandModule } from 'yargs';
import { plural } from '../../report/number-format.ts';
import { loadSweep } from '../load-sweep.ts';
import { print, say } from '../output.ts';

export const validate: CommandModule<object, { spec: string }> = {
  command: 'validate <spec>',
  describe: 'check a sweep spec: every error at once, with path, rule, value and way out',
  builder: (yargs) =>
    yargs
      .positional('spec', { type: 'string', demandOption: true, describe: 'YAML or JSON file' })
      .example('$0 validate sweeps/demo.yaml', 'check the demo sweep'),
  handler: async ({ spec }) => {
    const { resolved, expansion, notes } = await loadSweep(spec);
    for (const note of notes) say(`note: ${note}`);
    print(
      `${spec}: valid, ${resolved.name} has ${plural(expansion.replicas, 'replica')} in ${plural(expansion.configurations, 'configuration')}`,
    );
  },
};
