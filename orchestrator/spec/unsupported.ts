/**
 * What the interface names and a later version brings: recognised and refused as "not available", with what there is, instead of as an
 * unknown key. A stand-in takes its place, so that the rest of the spec is still checked.
 */
import type { Violation } from '../../schemas/errors.ts';
import { shown, whereOf, type Place } from '../../schemas/violations.ts';

const SAMPLERS = ['sobol', 'latinHypercube', 'tpe'];

/** The spec with a stand-in for what is not available, and a violation SPEC_UNSUPPORTED for it. */
export function withoutUnsupported(value: unknown, place: Place): { value: unknown; violations: Violation[] } {
  if (!isRecord(value)) return { value, violations: [] };
  const { sampler } = value;
  const names = typeof sampler === 'string' ? [sampler] : isRecord(sampler) ? Object.keys(sampler) : [];
  const name = names.find((key) => SAMPLERS.includes(key));
  if (name === undefined) return { value, violations: [] };
  const refusal: Violation = {
    code: 'SPEC_UNSUPPORTED',
    where: whereOf(['sampler'], place),
    rule: `the sampler "${name}" is not available in this version`,
    got: shown(sampler),
    remedy: 'Available: grid, { random: N }.',
  };
  return { value: { ...value, sampler: 'grid' }, violations: [refusal] };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
