/** `loligo doctor` */
import type { CommandModule } from 'yargs';
import { EXIT } from '../../../schemas/errors.ts';
import { packageVersion } from '../../../schemas/package-root.ts';
import { readInstructionSets } from '../instruction-sets.ts';
import { describeNats, examineNats, type NatsFindings } from '../nats-findings.ts';
import { print, printJson } from '../output.ts';
import { processorModel } from '../../../worker/engines/processor-model.ts';

export const doctor: CommandModule<object, { nats: string | undefined; json: boolean }> = {
  command: 'doctor',
  describe: 'engines found and lacking and why, a NATS server, versions, a two-second speed test',
  builder: (yargs) =>
    yargs
      .option('nats', { type: 'string', requiresArg: true, describe: 'server to ask; LOLIGO_NATS_URL when it is not given' })
      .option('json', { type: 'boolean', default: false, describe: 'print one JSON object' })
      .example('$0 doctor', 'what does this machine have?')
      .example('$0 doctor --nats nats://127.0.0.1:4222', 'and could a sweep run through that server?'),
  handler: async ({ nats: asked, json }) => {
    // engines take long to load: not for the help of another command
    const { availableEngines } = await import('../../../worker/engines/registry.ts');
    const findings = {
      loligo: packageVersion(),
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      cpu: { model: processorModel(), instructionSets: readInstructionSets() },
      engines: await availableEngines(),
      nats: await examineNats(asked ?? process.env['LOLIGO_NATS_URL'], process.env),
    };
    if (isLacking(findings.nats)) process.exitCode = EXIT.infrastructure;
    if (json) return printJson(findings);
    print(`loligo ${findings.loligo}, Node ${findings.node}, ${findings.platform}`);
    print(`processor: ${findings.cpu.model} (${findings.cpu.instructionSets.join(', ') || 'instruction sets unknown'})`);
    for (const { name, available, reason, stepsPerSecond } of findings.engines)
      print(
        `engine ${name}: ${available ? `${reason}; ${stepsPerSecond!.toFixed(0)} Adam replica-steps a second` : `not available, ${reason}`}`,
      );
    return print(describeNats(findings.nats));
  },
};

/** A server that was asked for and cannot serve. */
function isLacking({ reason }: NatsFindings): boolean {
  return reason !== null;
}
