/** The bootstrap's random words: a fixed stream, so that the same results always give the same interval. */
import { philox, streamName } from '../../schemas/random.ts';
import type { WordSource } from './bootstrap.ts';

/** Words of the stream of that name under seed 0; block b of resample r has the counter [b, r]. */
export function bootstrapWords(name: string): WordSource {
  const [name0, name1] = streamName(name).words;
  const block = new Uint32Array(4);
  return (resample, out) => {
    for (let i = 0; i < out.length; i += 4) {
      philox(i >>> 2, resample, name0, name1, 0, 0, block);
      // past the end nothing is written; a subarray per block would cost more than the block
      for (let k = 0; k < 4; k++) out[i + k] = block[k]!;
    }
  };
}
