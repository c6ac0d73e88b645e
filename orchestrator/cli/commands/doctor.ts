/** `loligo doctor` */
import { cpus } from 'node:os';
import type { CommandModule } from 'yargs';
import { packageVersion } from '../../../schemas/package-root.ts';
import { readInstructionSets } from '../instruction-sets.ts';
import { print, printJson } from '../output.ts';

export const doctor: CommandModule<object, { json: boolean }> = {
  command: 'doctor',
  describe: 'engines found and lacking and why, versions, a two-second speed test',
  builder: (yargs) =>
    yargs
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' })
      .example('$0 doctor', 'what does this machine have?'),
  handler: async ({ json }) => {
    // engines take long to load: not for the help of another command
    const { availableEngines } = await import('../../../worker/engines/registry.ts');
    const findings = {
      loligo: packageVersion(),
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      cpu: { model: cpus()[0]?.model.trim() ?? 'unknown', instructionSets: readInstructionSets() },
      engines: await availableEngines(),
      nats: { url: null, reachable: false, version: null },
    };
    if (json) return printJson(findings);
    print(`loligo ${findings.loligo}, Node ${findings.node}, ${findings.platform}`);
    print(`processor: ${findings.cpu.model} (${findings.cpu.instructionSets.join(', ') || 'instruction sets unknown'})`);
    for (const { name, available, reason, stepsPerSecond } of findings.engines)
      print(
        `engine ${name}: ${available ? `${reason}; ${stepsPerSecond!.toFixed(0)} Adam replica-steps a second` : `not available, ${reason}`}`,
      );
    return print('NATS: not used by this version');
  },
};
