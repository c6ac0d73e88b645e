export interface RunnerDescription {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cores: string | null;
}
export interface Runner {
  readonly name: string;
  close(): Promise<void>;
  slice(): Promise<number>;
}
type OnAbsent = (name: string, reason: string) => void;
export declare function startAll(descriptions: readonly RunnerDescription[], onAbsent: OnAbsent): Promise<Runner[]>;
export declare function alternate(runners: readonly Runner[], slices: number, onAbsent: OnAbsent): Promise<Record<string, number[]>>;
export declare function closeAll(runners: readonly Runner[]): Promise<void>;
