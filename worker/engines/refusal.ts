/** What engines that train only the plain network, or only gates in the narrow sense, refuse: named once so that each refuses it in the same words. */
import { isPlainGate } from '../models/model.ts';
import type { Settings, Shape } from './engine.ts';

/** The first variant of network or weighting beyond a plain multilayer perceptron with fixed weights, as the spec names it; null: none. */
export function beyondPlainNetwork(shape: Shape, settings: Settings): string | null {
  if (shape.architecture !== 'mlp') return `network.architecture: ${shape.architecture}`;
  if (shape.factorisation !== 'none') return `network.factorisation: ${shape.factorisation}`;
  if (shape.scale !== 'fixed') return `network.scale: ${shape.scale}`;
  return settings.weighting === 'fixed' ? null : `loss.weighting: ${settings.weighting}`;
}

/** The model's pools, and the gates that read them; null: none. */
export function beyondPlainGates({ model }: Shape): string | null {
  const others = model.gates.filter((gate) => !isPlainGate(gate)).map(({ name }) => name);
  return others.length === 0 ? null : `pools: ${others.join(', ')} (model ${model.name})`;
}
