export interface Problem {
  readonly kind: string;
  readonly text: string;
}
export interface Plan {
  readonly seed: number;
}
export interface Played {
  readonly problems: readonly Problem[];
  /** Faults injected, by kind. */
  readonly faults: Readonly<Record<string, number>>;
}
export declare function drawPlan(seed: number, options: { ackWaitMs: number; kinds?: readonly string[]; real?: boolean }): Plan;
export declare function playSchedule(plan: Plan, binary: string): Promise<Played>;
