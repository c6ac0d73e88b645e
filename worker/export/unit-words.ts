/** Units of model files in the words of other simulators: Brian2 spells them out (`msiemens/cmeter**2`). */
import { LoligoError } from '../../schemas/errors.ts';

const BASES: Readonly<Record<string, string>> = {
  V: 'volt',
  S: 'siemens',
  A: 'amp',
  F: 'farad',
  s: 'second',
  m: 'meter',
  M: 'molar',
  K: 'kelvin',
  Hz: 'hertz',
};
const PREFIXES = ['f', 'p', 'n', 'u', 'm', 'c', 'k', 'M', 'G'];
/** What may stand behind the colon of an equation there: no prefixes but that of mmolar, which is mole/meter**3, and no parentheses. */
const DIMENSIONS: Readonly<Record<string, string>> = { ...BASES, M: 'mmolar' };

interface Factor {
  readonly prefix: string;
  readonly base: string;
  readonly power: number;
}

/** `1` for a plain number. Throws SPEC_UNSUPPORTED. */
export function brianUnit(unit: string): string {
  return spelled(unit, ({ prefix, base }) => `${prefix}${BASES[base]}`);
}

/** The same as a dimension. */
export function brianDimension(unit: string): string {
  return spelled(unit, ({ base }) => DIMENSIONS[base]!);
}

function spelled(unit: string, word: (factor: Factor) => string): string {
  const factors = factorsOf(unit);
  const part = (one: Factor): string => `${word(one)}${Math.abs(one.power) === 1 ? '' : `**${Math.abs(one.power)}`}`;
  const above = factors.filter(({ power }) => power > 0).map(part);
  const below = factors.filter(({ power }) => power < 0).map(part);
  return [above.length === 0 ? '1' : above.join('*'), ...below].join('/');
}

/** "mS/cm2" is mS times cm to -2; a space or * multiplies, and / divides by what follows, up to the end of its parentheses. */
function factorsOf(unit: string): Factor[] {
  const factors: Factor[] = [];
  const outer: number[] = [];
  let sign = 1; // of the parentheses that we are in
  let next = 1; // of the next factor in them
  for (const [, name = '', power = '1', mark = ''] of unit.matchAll(/([A-Za-z]+)\^?(\d*)|([()*/])/g)) {
    if (mark === '/') next = -1;
    else if (mark === '(') {
      outer.push(sign);
      sign *= next;
      next = 1;
    } else if (mark === ')') {
      sign = outer.pop() ?? 1;
      next = 1;
    } else if (mark === '') {
      factors.push({ ...named(name, unit), power: sign * next * Number(power === '' ? 1 : power) });
      next = 1;
    }
  }
  return factors;
}

function named(name: string, unit: string): Pick<Factor, 'prefix' | 'base'> {
  const fits = (base: string): boolean => name === base || (name.endsWith(base) && PREFIXES.includes(name.slice(0, -base.length)));
  const base = Object.keys(BASES).find(fits);
  if (base === undefined) throw unknownUnit(unit);
  return { prefix: name.slice(0, -base.length), base };
}

function unknownUnit(unit: string): LoligoError {
  return new LoligoError([
    {
      code: 'SPEC_UNSUPPORTED',
      where: 'export',
      rule: 'must have units made of V, S, A, F, s, m, M and K',
      got: unit,
      remedy: 'Write the model file with such units.',
    },
  ]);
}
