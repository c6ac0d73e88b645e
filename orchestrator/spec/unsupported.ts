/**
 * What the interface names and a later version brings: recognised and refused as "not available", with what there is, instead of as an
 * unknown key. A stand-in takes its place, so that the rest of the spec is still checked.
 */
import type { Violation } from '../../schemas/errors.ts';
import { shown, whereOf, type Place } from '../../schemas/violations.ts';

const SAMPLERS = ['sobol', 'latinHypercube', 'tpe'];
const OPTIMIZERS = ['lbfgs'];

/** The spec with a stand-in for each part that is not available, and a violation SPEC_UNSUPPORTED for each. */
export function withoutUnsupported(value: unknown, place: Place): { value: unknown; violations: Violation[] } {
  if (!isRecord(value)) return { value, violations: [] };
  const sampler = withoutSampler(value['sampler'], place);
  const stages = Array.isArray(value['training'])
    ? value['training'].map((stage: unknown, index) => withoutStage(stage, index, place))
    : [];
  return {
    value: {
      ...value,
      ...('sampler' in value ? { sampler: sampler.value } : {}),
      ...(stages.length > 0 ? { training: stages.map((stage) => stage.value) } : {}),
    },
    violations: [sampler, ...stages].flatMap(({ violations }) => violations),
  };
}

interface Replaced {
  readonly value: unknown;
  readonly violations: readonly Violation[];
}

function withoutSampler(sampler: unknown, place: Place): Replaced {
  const names = typeof sampler === 'string' ? [sampler] : isRecord(sampler) ? Object.keys(sampler) : [];
  const name = names.find((key) => SAMPLERS.includes(key));
  if (name === undefined) return { value: sampler, violations: [] };
  const where = whereOf(['sampler'], place);
  return { value: 'grid', violations: [refusal(where, `the sampler "${name}"`, sampler, 'grid, { random: N }')] };
}

function withoutStage(stage: unknown, index: number, place: Place): Replaced {
  if (!isRecord(stage)) return { value: stage, violations: [] };
  const where = whereOf(['training', index], place);
  if ('finish' in stage) return { value: STAND_IN, violations: [refusal(where, 'the stage "finish"', stage, STAGES)] };
  const { optimizer } = stage;
  if (typeof optimizer !== 'string' || !OPTIMIZERS.includes(optimizer)) return { value: stage, violations: [] };
  return { value: STAND_IN, violations: [refusal(where, `the optimizer "${optimizer}"`, stage, STAGES)] };
}

const STAND_IN = { optimizer: 'adam', steps: 1, warmup: 0 };
const STAGES = 'optimizer: adam, optimizer: levenberg-marquardt';

function refusal(where: string, subject: string, got: unknown, available: string): Violation {
  return {
    code: 'SPEC_UNSUPPORTED',
    where,
    rule: `${subject} is not available in this version`,
    got: shown(got),
    remedy: `Available: ${available}.`,
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
