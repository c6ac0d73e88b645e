/**
 * Names of a Brian2 script: those of the model, changed where Brian2 or Python has a meaning for them, and those of the rates of its gates, all
 * different from each other. Not their units: unit-words.ts.
 */
import type { ModelFile } from '../../schemas/generated/types.ts';

/** What Brian2 2.9 and Python keep for themselves and a model file lets through, and the names of the script. */
const RESERVED = new Set(
  [
    't dt i j N e pi inf lastspike not_refractory t_in_timesteps stimulus stretch',
    'abs arccos arcsin arctan ceil clip cos expm1 floor int log10 log1p poisson rand randn sign sin tan timestep',
    'None True False as assert async await def del elif except from global is lambda nonlocal pass raise',
  ].flatMap((line) => line.split(' ')),
);
/** Units, with prefixes and powers, and the noise terms xi, xi_1 ... */
const UNIT =
  /^(?:[YZEPTGMkhdcmunpfazy]|da)?(?:volt|amp|ampere|siemens|second|farad|met(?:re|er)|mole?|molar|hertz|ohm|watt|joule|coulomb|newton|pascal|weber|tesla|henry|lumen|lux|becquerel|gray|sievert|katal|kelvin|(?:kilo)?gram(?:me)?|candle|radian|steradian|lit(?:re|er)|[mu][AFMSVm]|[np][AFMS]|Hz|[mu]s|cm)[23]?$/;
const NOISE = /^xi(?:_|$)/;

export interface ScriptNames {
  /** Of a state, parameter, function or current. */
  readonly own: (name: string) => string;
  /** Of a rate, time constant or steady state of a gate. */
  readonly rate: (kind: 'alpha' | 'beta' | 'inf' | 'tau', gate: string) => string;
}

export function scriptNames(file: ModelFile): ScriptNames {
  const taken = new Set<string>(['V']);
  const free = (wish: string): string => {
    let name = wish;
    while (taken.has(name) || RESERVED.has(name) || UNIT.test(name) || NOISE.test(name)) name += '_';
    taken.add(name);
    return name;
  };
  const gates = Object.keys(file.gates ?? {});
  const sections = [file.parameters, file.functions, file.pools, file.currents, file.tied];
  const names = new Set([...gates, ...sections.flatMap((section) => Object.keys(section ?? {}))]);
  const own = new Map([...names].map((name) => [name, free(name)]));
  const rates = new Map(gates.flatMap((gate) => KINDS.map((kind) => [`${kind}_${gate}`, free(`${kind}_${gate}`)])));
  return { own: (name) => own.get(name) ?? name, rate: (kind, gate) => rates.get(`${kind}_${gate}`)! };
}

const KINDS = ['alpha', 'beta', 'inf', 'tau'] as const;
