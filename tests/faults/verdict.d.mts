import type { Problem } from './schedule.mjs';

export interface JournalEntry {
  readonly what: 'begin' | 'end';
  readonly index: number;
  readonly pid: number;
  readonly thread: number;
  readonly attempt: number;
  readonly ms: number;
}
export interface Disturbance {
  readonly kind: string;
  readonly touches: 'all' | readonly number[];
  readonly messages?: number;
  readonly from: number;
  readonly to: number;
}
export interface Found {
  readonly plan: {
    readonly replicas: number;
    readonly workers: number;
    readonly threads: number;
    readonly places: number;
    readonly ackWaitMs: number;
    readonly reconcileMs: number;
    readonly poison: Readonly<Record<number, string>>;
  };
  readonly lines: readonly { index: number; attempts: number; outcome: { kind: string; error?: { code: string } } }[];
  readonly journal: readonly JournalEntry[];
  readonly disturbances: readonly Disturbance[];
  readonly stored: ReadonlyMap<number, number>;
  readonly parquet: { readonly rows: number; readonly replicas: number };
  readonly summary: { readonly counts: { readonly finished: number } };
  readonly canonical: string;
  readonly reference: string;
}
export declare function readJournal(text: string): JournalEntry[];
export declare function judge(found: Found): Problem[];
