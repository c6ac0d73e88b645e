/**
 * A runner (runners.mjs) around one engine: replica-steps per second of CPU time.
 * Arguments: the engine's name, size of the step as JSON (network-step.mjs), replicas of the cohort. SLICE: CPU seconds of one answer.
 */
import { openStep } from './network-step.mjs';
import { answerSlices } from './runner-answers.mjs';

const [engine, size, replicas] = process.argv.slice(2);
const slice = Number(process.env.SLICE ?? '0.3');

await answerSlices(async () => {
  const step = await openStep(engine, JSON.parse(size), Number(replicas));
  return { measure: () => step.run(slice), close: step.close };
});
