/**
 * What computes this engine's tensors, as the engine sees it. Two of them: tensorflow-backend.ts and wasm-backend.ts; open-backend.ts chooses.
 *
 * TensorPlan is what they want to differ in how tensors are laid out, so that each is quick and no replica's bits depend on its cohort.
 */
export interface TensorPlan {
  /**
   * Replicas whose layers are multiplied in one batched product, at least and at most. Where a cohort has fewer, copies make up the number:
   * kernels are chosen by it, and other kernels round in another way.
   */
  readonly batch: readonly [least: number, most: number];
  /**
   * Each replica has a multiple of so many points, the last one repeated at no weight. Kernels compute what is left over behind their last
   * full vector in another way, and where a row begins would decide which elements those are.
   */
  readonly vector: number;
  /** Products take a transposed operand as it is. */
  readonly transposes: boolean;
}

export interface Backend extends TensorPlan {
  /** For people. */
  readonly text: string;
  /** As Engine.arithmetic. */
  readonly arithmetic: string;
  /** As Engine.company: a step is some 300 operations however many replicas they are for. */
  readonly company: number;
}
