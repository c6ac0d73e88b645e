export interface Link {
  readonly url: string;
  slow(latencyMs: number, bytesPerSecond: number): void;
  cut(): void;
  tear(): void;
  silence(): void;
  forget(): void;
  mend(): void;
  mendAnew(): void;
  close(): void;
}

export function openLink(targetUrl: string): Promise<Link>;
