type Values = Readonly<Record<string, number>>;
interface Answer {
  readonly parameters?: Values;
  readonly rmseMv?: number;
  readonly seconds?: number;
}
interface Draw {
  readonly bound?: Values;
  readonly network?: Answer;
  readonly likelihood?: Answer;
}
interface Summary {
  readonly n: number;
  readonly failed: number;
  readonly successes: number;
  readonly parameters: Readonly<
    Record<string, { bias: number; biasStandardError: number; rms: number; overBound: number; overLikelihood: number }>
  >;
}
export function summariseCase(one: object, draws: readonly Draw[]): { readonly methods: Readonly<Record<string, Summary>> };
export function isSuccess(answer: Answer | undefined, bound: Values | undefined): boolean;
export function bestOf(starts: readonly Answer[]): Answer;
export function wilson(successes: number, n: number): [number, number] | null;
