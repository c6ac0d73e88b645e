/** Finds model files: built-in names in this folder, everything else as a path relative to the file that names it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LoligoError } from '../../schemas/errors.ts';
import { packageRoot } from '../../schemas/package-root.ts';
import { didYouMean } from '../../schemas/wording.ts';
import { compileModel } from './compile.ts';
import type { Model } from './model.ts';

export interface LoadedModel {
  readonly model: Model;
  /** The file as it was read: it goes into the run's objects by its hash. */
  readonly text: string;
  /** Absolute path. */
  readonly file: string;
}

const EXTENSION = '.yaml';

/** Names of the models that come with loligo, sorted. */
export function builtinModels(): string[] {
  return readdirSync(builtinFolder())
    .filter((file) => file.endsWith(EXTENSION))
    .map((file) => file.slice(0, -EXTENSION.length))
    .toSorted();
}

/** A built-in by name, or a file by its path from `baseFolder`. Throws MODEL_NOT_FOUND, or what compileModel throws. */
export function loadModel(nameOrPath: string, baseFolder: string): LoadedModel {
  const builtin = builtinModels().includes(nameOrPath);
  const file = builtin ? join(builtinFolder(), `${nameOrPath}${EXTENSION}`) : resolve(baseFolder, nameOrPath);
  const text = readText(file, nameOrPath);
  return { model: compileModel(text, builtin ? `${nameOrPath}${EXTENSION}` : nameOrPath), text, file };
}

function readText(file: string, nameOrPath: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const rule = existsSync(file)
      ? 'must be a file that can be read'
      : `must be one of ${builtinModels().join(', ')}, or the path of a model file`;
    const remedy = didYouMean(nameOrPath, builtinModels()) ?? 'Paths are relative to the file that names them.';
    throw new LoligoError([{ code: 'MODEL_NOT_FOUND', where: nameOrPath, rule, got: file, remedy }], { cause });
  }
}

function builtinFolder(): string {
  return join(packageRoot(), 'worker', 'models', 'builtin');
}
