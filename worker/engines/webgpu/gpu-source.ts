/** The GPU of an engine, opened anew when it was lost: a driver that was reset or updated, a run beyond the driver's time limit. */
import { messageOf } from '../../../schemas/errors.ts';
import type { Gpu } from './device.ts';

export class GpuSource {
  private readonly open: () => Promise<Gpu>;
  private current: Promise<Gpu> | undefined;
  private closed = false;

  /** `first` was opened by `open`; absent: opened when one is asked for. */
  constructor(open: () => Promise<Gpu>, first: Gpu | undefined) {
    this.open = open;
    this.current = first === undefined ? undefined : Promise.resolve(first);
  }

  /** A GPU that works, or the reason why there is none. */
  async get(): Promise<Gpu | string> {
    if (this.closed) throw new Error('internal: the engine is closed');
    try {
      const gpu = await this.current;
      if (gpu?.lost === null) return gpu;
    } catch {
      // tried again below: a driver may be back by now
    }
    this.current = this.open();
    return this.current.catch(messageOf);
  }

  async close(): Promise<void> {
    this.closed = true;
    const gpu = await this.current?.catch(() => null);
    gpu?.device.destroy();
  }
}
