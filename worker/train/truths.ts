/**
 * The cells of a `synthetic` entry: one with the parameters as they are written, or as many as it has truths, with parameters drawn from
 * their distributions.
 *
 * A drawn value is a function of the sweep's seed, the parameter's name and the truth's number alone: more truths change none that were
 * there, and entries with other stimuli or noise have the same cells.
 */
import { distributionViolations, POSITIVE, sampleContinuous, UNLIMITED } from '../../schemas/distribution.ts';
import type { Violation } from '../../schemas/errors.ts';
import type { ContinuousDistribution, Synthetic, TrueValue } from '../../schemas/generated/types.ts';
import { randomStream } from '../../schemas/random.ts';
import type { Model } from '../models/model.ts';
import { findParameter } from '../models/parameter-values.ts';

/** An entry of one cell, with its parameters. */
export interface SyntheticCell extends Omit<Synthetic, 'parameters' | 'truths'> {
  readonly parameters?: Readonly<Record<string, number>>;
}

export interface Truth {
  readonly cell: SyntheticCell;
  /** "truth 3"; undefined of a cell as it is written */
  readonly name?: string;
}

/** Distributions that reach where a positive parameter cannot be. */
export function truthViolations({ parameters = {} }: Synthetic, where: string, model: Model): Violation[] {
  const positive = (name: string): boolean => findParameter(model.untied ?? model, name)?.positive === true;
  return Object.entries(parameters)
    .filter(([name]) => positive(name))
    .flatMap(([name, value]) => distributionViolations(value, [], { code: 'SPEC_INVALID', root: `${where}.parameters.${name}` }, POSITIVE));
}

/** `entry` has no violation; unknown names are kept for the check of the cell. */
export function truthsOf({ parameters = {}, truths = 1, ...common }: Synthetic, model: Model, seed: number): Truth[] {
  const values = Object.entries(parameters);
  const written = values.filter((value): value is [string, number] => !isDrawn(value[1]));
  if (written.length === values.length) return [{ cell: { ...common, parameters: Object.fromEntries(written) } }];
  const sources = values.map(([name, value]) => [name, sourceOf(name, value, model, seed)] as const);
  return Array.from({ length: truths }, (_, k) => ({
    cell: { ...common, parameters: Object.fromEntries(sources.map(([name, at]) => [name, at(k)])) },
    name: `truth ${k + 1}`,
  }));
}

function sourceOf(name: string, value: TrueValue, model: Model, seed: number): (truth: number) => number {
  if (!isDrawn(value)) return () => value;
  const limits = findParameter(model.untied ?? model, name)?.positive === true ? POSITIVE : UNLIMITED;
  const stream = randomStream(seed, `truth:${name}`);
  return (truth) => sampleContinuous(value, stream, truth, limits);
}

function isDrawn(value: TrueValue): value is ContinuousDistribution {
  return typeof value !== 'number';
}
