/** A calibration that a user names: the summary.json of a run whose data have truths, or the folder of that run. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LoligoError, messageOf, throwIfAny } from '../../schemas/errors.ts';
import type { Calibration, CalibrationConditions, Summary } from '../../schemas/generated/types.ts';
import { parseCalibration } from '../../schemas/parse.ts';
import { conditionViolations } from './conditions.ts';
import { FEWEST } from './coverage-summary.ts';

export interface NamedCalibration {
  /** of the sweep */
  readonly name: string;
  readonly sweep: string;
  readonly calibration: Calibration & { readonly conditions: CalibrationConditions };
}

/** Throws CALIBRATION_INVALID. */
export function readCalibration(path: string): NamedCalibration {
  const { sweep, calibration } = parsed(path);
  const invalid = (rule: string, got: string, remedy: string): LoligoError =>
    new LoligoError([{ code: 'CALIBRATION_INVALID', where: path, rule, got, remedy }]);
  const remedy = `Run sweeps/calibration.yaml or one like it: ${FEWEST} truths or more, drawn from distributions (docs/calibration.md).`;
  if (calibration === undefined) throw invalid(`must have ${FEWEST} data sets with truths`, 'a run without calibration', remedy);
  if (calibration.truths < FEWEST) throw invalid(`must have ${FEWEST} different truths`, String(calibration.truths), remedy);
  const { conditions } = calibration;
  if (conditions === undefined)
    throw invalid('must say what it was made with', 'nothing of it', 'Make its report again: loligo report DIR.');
  return { name: sweep.name, sweep: sweep.id, calibration: { ...calibration, conditions } };
}

/** Throws CALIBRATION_DIFFERS with everything in which the run differs. */
export function checkConditions({ calibration }: NamedCalibration, run: CalibrationConditions): void {
  throwIfAny(conditionViolations(run, calibration.conditions));
}

function parsed(path: string): Summary {
  try {
    const file = statSync(path).isDirectory() ? join(path, 'summary.json') : path;
    return parseCalibration(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    if (cause instanceof LoligoError) throw cause;
    const violation = {
      code: 'CALIBRATION_INVALID',
      where: path,
      rule: 'must be a run directory with a summary.json, or that file',
    } as const;
    throw new LoligoError([{ ...violation, got: messageOf(cause) }], { cause });
  }
}
