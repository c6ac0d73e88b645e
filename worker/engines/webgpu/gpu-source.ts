/** The GPU of an engine, opened anew when it was lost: a driver that was reset or updated, a run beyond the driver's time limit. */
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../../schemas/errors.ts';
import type { Gpu } from './device.ts';

/** Before each try to open one: a driver that was reset is back in seconds. */
const PAUSES_MS: readonly number[] = [0, 1000, 5000];

export class GpuSource {
  private readonly open: () => Promise<Gpu>;
  private readonly pausesMs: readonly number[];
  /** The last cohort was given up. */
  struggles = false;
  private current: Promise<Gpu | string>;
  private closed = false;

  /** `first` was opened by `open`; absent: opened when one is asked for. */
  constructor(open: () => Promise<Gpu>, first: Gpu | undefined, pausesMs = PAUSES_MS) {
    this.open = open;
    this.pausesMs = pausesMs;
    this.current = Promise.resolve(first ?? 'none was opened yet');
  }

  /** A GPU that works, or the reason why there is none. */
  async get(): Promise<Gpu | string> {
    if (this.closed) throw new Error('internal: the engine is closed');
    const known = this.current;
    const gpu = await known;
    if (typeof gpu === 'object' && gpu.lost === null) return gpu;
    // cohorts that lost it together open one
    if (this.current === known) this.current = this.reopen();
    return this.current;
  }

  private async reopen(): Promise<Gpu | string> {
    let why = '';
    for (const pauseMs of this.pausesMs) {
      await delay(pauseMs);
      try {
        return await this.open();
      } catch (error) {
        why = messageOf(error);
      }
    }
    return why;
  }

  async close(): Promise<void> {
    this.closed = true;
    const gpu = await this.current;
    if (typeof gpu === 'object') gpu.device.destroy();
  }
}
