/**
 * The scale that a parameter's statistics are computed on: the logarithm for positive parameters, which are fitted as logarithms and
 * spread by factors; the value itself for others. Results come back in the parameter's unit.
 */
export interface Scale {
  readonly name: 'log' | 'linear';
  forward(value: number): number;
  back(value: number): number;
  /** A spread `s` on the scale around `centre` (in the unit), in the unit: from the centre to the upper edge centre + s on the scale. */
  spread(s: number, centre: number): number;
}

const LOG: Scale = { name: 'log', forward: Math.log, back: Math.exp, spread: (s, centre) => centre * Math.expm1(s) };
const LINEAR: Scale = { name: 'linear', forward: (value) => value, back: (value) => value, spread: (s) => s };

export function scaleOf(parameter: { readonly positive: boolean }): Scale {
  return parameter.positive ? LOG : LINEAR;
}

/** Whether a value can be an estimate of that parameter. */
export function isEstimate(value: number | undefined, parameter: { readonly positive: boolean }): value is number {
  return value !== undefined && Number.isFinite(value) && (!parameter.positive || value > 0);
}
