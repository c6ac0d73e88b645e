/** Parameters tied by a spec: written into the text of its model file, so that the text, and its hash, say all that a replica's model is. */
import { parseDocument } from 'yaml';
import { LoligoError, type Violation } from '../../schemas/errors.ts';
import { compileModel } from './compile.ts';
import type { LoadedModel } from './library.ts';

/**
 * The model with each parameter of `tied` replaced by its equation; a tie of the file's own gives way. Throws what compileModel throws: what
 * is wrong with the ties at `where`.
 */
export function tieParameters(loaded: LoadedModel, tied: Readonly<Record<string, string>>, where: string): LoadedModel {
  if (Object.keys(tied).length === 0) return loaded;
  const document = parseDocument(loaded.text);
  for (const [name, equation] of Object.entries(tied)) document.setIn(['tied', name], equation);
  const text = document.toString({ lineWidth: 0 });
  try {
    return { ...loaded, text, model: compileModel(text, loaded.model.name) };
  } catch (error) {
    if (!(error instanceof LoligoError)) throw error;
    const [first, ...rest] = error.violations.map((violation) => placedAt(violation, where));
    throw first === undefined ? error : new LoligoError([first, ...rest]);
  }
}

/** `model.tied.gK (file:line:column)` is a place in a text that the user never saw. */
function placedAt(violation: Violation, where: string): Violation {
  const name = /^model\.tied\.(\w+)/.exec(violation.where)?.[1];
  return name === undefined ? violation : { ...violation, where: `${where}.${name}` };
}
