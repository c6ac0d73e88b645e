export declare function median(values: readonly number[]): number;
export declare function pairedRatio(a: readonly number[], b: readonly number[]): number;
export declare function answeredRate(line: string): number;
export declare function listOf(text: string): string[];
export declare function lastLine(text: string): string;
export declare function matrixProductFlops(size: {
  readonly samples: number;
  readonly features: number;
  readonly depth: number;
  readonly width: number;
  readonly outputs?: number;
}): number;
export declare function tableOf(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string;
