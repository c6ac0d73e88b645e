/** Which spikes of a recording the study fits, and the window of each: one spike to a window, cut short before the next, and no edge of a step in it. */
import { join } from 'node:path';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { importRecording } = await built('worker/recordings/importers.js');
const { spikeTimes } = await built('worker/recordings/spikes.js');
const { edgesMs, edgeSamples } = await built('worker/recordings/edges.js');

/** Between the end of a window and the next crossing, ms: its upstroke stays outside. */
const CLEAR_MS = 1.5;
/** The shortest window that still holds the after-hyperpolarisation, as a share of the one that was asked for. */
const SHORTEST = 0.6;

/** [from, to] in ms of the trace, `count` at most: evenly among those that fit, or in a row. */
export async function chosenWindows(cell, recordings, count) {
  const { sweeps } = await importRecording(join(recordings, cell.file));
  const chosen = cell.join === true ? sweeps : [sweeps[cell.sweep]];
  const { sampleMs } = chosen[0];
  const sweepMs = chosen[0].voltageMv.length * sampleMs;
  const spikes = chosen.flatMap((sweep, k) =>
    spikeTimes(sweep.voltageMv, sampleMs, { edgesMs: edgesMs(sweep) }).map((timeMs) => k * sweepMs + timeMs),
  );
  const edges = chosen.flatMap((sweep, k) => edgeSamples(sweep).map((at) => k * sweepMs + at * sampleMs));
  const { beforeMs, afterMs } = cell.window;
  const lastMs = chosen.length * sweepMs - sampleMs;
  const windows = spikes.flatMap((spikeMs, k) => {
    const from = spikeMs - beforeMs;
    const to = Math.min(spikeMs + afterMs, (spikes[k + 1] ?? Infinity) - CLEAR_MS, lastMs);
    const apart = from > (spikes[k - 1] ?? -Infinity) + CLEAR_MS;
    // a pulse is an edge by itself
    const steady = cell.stimulus === 'pulses' || !edges.some((edgeMs) => edgeMs > from - CLEAR_MS && edgeMs < to);
    return from >= 0 && steady && apart && to - spikeMs >= SHORTEST * afterMs ? [[rounded(from), rounded(to)]] : [];
  });
  if (cell.skip !== undefined) return windows.slice(cell.skip, cell.skip + count);
  if (windows.length <= count) return windows;
  return Array.from({ length: count }, (_, k) => windows[Math.round((k * (windows.length - 1)) / (count - 1))]);
}

function rounded(ms) {
  return Number(ms.toFixed(3));
}
