/**
 * Units of voltage and current as files and models spell them, and the factors between them. Two kinds of current do not convert
 * into each other: whole-cell current (pA) and current density (uA/cm2); that needs the membrane's area, which no file here holds.
 */

const MV_PER: ReadonlyMap<string, number> = new Map(Object.entries({ mV: 1, V: 1e3, uV: 1e-3 }));
const PA_PER: ReadonlyMap<string, number> = new Map(Object.entries({ pA: 1, nA: 1e3, uA: 1e6, mA: 1e9, A: 1e12 }));
const UA_PER_CM2_PER: ReadonlyMap<string, number> = new Map(Object.entries({ 'uA/cm2': 1, 'nA/cm2': 1e-3, 'mA/cm2': 1e3 }));

/** As NWB and Igor files spell them. */
const WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    volt: 'V',
    millivolt: 'mV',
    microvolt: 'uV',
    amp: 'A',
    ampere: 'A',
    milliampere: 'mA',
    microampere: 'uA',
    nanoampere: 'nA',
    nanoamp: 'nA',
    picoampere: 'pA',
    picoamp: 'pA',
  }),
);

/** `µA/cm^2` and `uA/cm**2` are `uA/cm2`, `Volts` is `V`. */
function plain(unit: string): string {
  const word = WORDS.get(unit.trim().toLowerCase().replace(/s$/, ''));
  if (word !== undefined) return word;
  return unit
    .trim()
    .replace(/[\u00b5\u03bc]/g, 'u')
    .replace(/\s+/g, '')
    .replace(/\^|\*\*/g, '')
    .replace('\u00b2', '2');
}

/** mV per unit of voltage; undefined for anything else. */
export function millivoltsPer(unit: string): number | undefined {
  return MV_PER.get(plain(unit));
}

/** Is it a unit of whole-cell current? */
export function isCurrentUnit(unit: string): boolean {
  return PA_PER.has(plain(unit));
}

/** The factor that takes a current from one unit to another; undefined when they are not of one kind or not known. */
export function currentFactor(from: string, to: string): number | undefined {
  for (const table of [PA_PER, UA_PER_CM2_PER]) {
    const [numerator, denominator] = [table.get(plain(from)), table.get(plain(to))];
    if (numerator !== undefined && denominator !== undefined) return numerator / denominator;
  }
  return undefined;
}
