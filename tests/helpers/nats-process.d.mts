export interface NatsServer {
  readonly url: string;
  readonly pid: number;
  /** kill -9, or another signal. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** On the same port and disk. */
  start(): Promise<void>;
  wipe(): void;
  pause(): void;
  resume(): void;
}
export declare function startNats(binary: string, folder: string, config?: string): Promise<NatsServer>;
