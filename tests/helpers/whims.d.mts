export declare function whims(seed: number): () => number;
