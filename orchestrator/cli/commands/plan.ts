/** `loligo plan SPEC` */
import type { CommandModule } from 'yargs';
import { loadSweep } from '../load-sweep.ts';
import { print, printJson } from '../output.ts';
import { describePlan, planSweep } from '../plan-sweep.ts';
import { openSweepEngine } from '../sweep-engine.ts';

export const plan: CommandModule<object, { spec: string; json: boolean; engine: string }> = {
  command: 'plan <spec>',
  describe: 'replicas, shapes, cost and disk estimate, and what the data cannot identify; nothing is run',
  builder: (yargs) =>
    yargs
      .positional('spec', { type: 'string', demandOption: true, describe: 'YAML or JSON file' })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' })
      .option('engine', { requiresArg: true, type: 'string', default: 'auto', describe: 'engine to estimate the cost for' })
      .example('$0 plan sweeps/recovery.yaml', 'how long will the recovery study take?'),
  handler: async ({ spec, json, engine: name }) => {
    const sweep = await loadSweep(spec);
    const { engine } = await openSweepEngine(name, sweep);
    const planned = await planSweep(sweep, engine);
    await engine.close();
    if (json) printJson(planned);
    else print(describePlan(sweep.resolved.name, planned));
  },
};
