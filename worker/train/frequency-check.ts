/** Whether a network's frequencies are dense enough for its window, said before anything is spent. */
import type { Task } from '../../schemas/generated/types.ts';

/**
 * Frequencies for each cycle that the bandwidth has in the window. Farther apart they leave gaps: of 100 ms with 0.64 the network missed the
 * maximum-likelihood conductances by 0.6 standard errors (3 draws), of 50 ms with 0.96 by 0.1 (6 draws).
 */
const FEWEST = 0.9;

/** A sentence with the way out; null when there are enough. */
export function sparseFrequencies({ configuration, data }: Task): string | null {
  const segments = data.segments?.length ?? 1;
  // segments lie a cycle apart (collocation.ts)
  const windowMs = (data.samples - segments) * data.sampleMs + (segments - 1) / configuration['network.bandwidthKhz'];
  const cycles = windowMs * configuration['network.bandwidthKhz'];
  const features = configuration['network.features'];
  if (configuration['network.frequencies'] !== 'random' || features >= FEWEST * cycles) return null;
  return (
    `${features} frequencies are few for ${Math.round(windowMs)} ms at ${configuration['network.bandwidthKhz']} kHz: the network may miss details. ` +
    `Raise network.features to ${Math.ceil(cycles)}, or take shorter windows.`
  );
}
