/**
 * What leaves the program for another simulator: a model, the stretches of data that were fitted, and one neuron for each replica and stretch,
 * with its parameters and initial state. The median stands before the replicas, once on each stretch.
 */
import type { ModelFile } from '../../schemas/generated/types.ts';
import type { Model } from '../models/model.ts';
import { readDefinitions, type Definition } from '../models/definitions.ts';
import { readModelFile } from '../models/model-file.ts';
import { compileModel } from '../models/compile.ts';

export interface Ensemble {
  /** of the sweep */
  readonly name: string;
  /** where it comes from, for the head of a file: sweep, program, filter */
  readonly origin: readonly string[];
  readonly source: ModelSource;
  readonly stretches: readonly Stretch[];
  readonly neurons: readonly Neuron[];
}

/** One stimulus: linear between samples, as everywhere. */
export interface Stretch {
  readonly label: string;
  readonly sampleMs: number;
  /** in the model's unit */
  readonly current: Float64Array;
}

export interface Neuron {
  /** `median`, or the replica's id */
  readonly label: string;
  /** place among the stretches */
  readonly stretch: number;
  /** every parameter but tied ones, in the model's units */
  readonly parameters: Readonly<Record<string, number>>;
  /** V (mV) and every gate at the first sample */
  readonly initial: Readonly<Record<string, number>>;
}

/** A model as its file writes it, beside the compiled one. */
export interface ModelSource {
  readonly model: Model;
  readonly file: ModelFile;
  readonly definitions: readonly Definition[];
}

/** `text` was compiled before. */
export function modelSource(text: string, name: string): ModelSource {
  const read = readModelFile(text, name);
  if (read.kind === 'refused') throw new Error(`internal: the stored model ${name} is not valid`);
  return { model: compileModel(text, name), file: read.model, definitions: readDefinitions(read.model, read.text).definitions };
}
