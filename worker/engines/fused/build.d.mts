/** Types of build.mjs, which is no TypeScript because it runs before anything is built. */

export declare const FLAGS: readonly string[];

export interface Compiler {
  readonly program: string;
  readonly args: readonly string[];
  readonly version: string;
}

export declare function instructionSets(arch?: string): Readonly<Record<string, readonly string[]>>;
export declare function builtAddon(): string | null;
export declare function ensureAddon(): Promise<string>;
export declare function findCompiler(): Promise<Compiler>;
