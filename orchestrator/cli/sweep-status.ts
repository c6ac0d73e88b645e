/** How a sweep stands: by what its orchestrator says on a server, or by its run directory, with or without a process that writes it. */
import type { SweepNotice, WorkerCard } from '../../schemas/generated/types.ts';
import { expansionOf } from '../expand/expansion.ts';
import { plural } from '../report/number-format.ts';
import { readIndex, type OutcomeIndex } from '../results/outcome-index.ts';
import { readProgress } from '../results/progress-file.ts';
import { readRun, type Run } from '../results/run-directory.ts';
import { writerOf } from '../results/writer-lock.ts';
import { describeSeconds } from '../run/progress-line.ts';
import { SILENT_MS, type StoredNotice } from './sweep-notices.ts';

export interface SweepStatus extends SweepNotice {
  readonly workers: WorkerCard[];
  /** Since its process last spoke; null when none ever did. */
  readonly silentSeconds: number | null;
  /** Whether a process runs it now. */
  readonly alive: boolean;
}

/** By a server. `running` counts what workers hold of this sweep. */
export function statusOfNotice({ notice, storedAt }: StoredNotice, cards: readonly WorkerCard[], nowMs: number): SweepStatus {
  const silentMs = Math.max(0, nowMs - storedAt);
  const running = cards.reduce((sum, card) => sum + (card.sweeps[notice.sweep] ?? 0), 0);
  return {
    ...notice,
    running,
    workers: [...cards],
    silentSeconds: silentMs / 1000,
    alive: notice.state === 'running' && silentMs <= SILENT_MS,
  };
}

/** By a run directory: its log is the truth, its writer's last notice tells the pace. Throws RUN_NOT_FOUND, RUN_CORRUPT. */
export function statusOfDirectory(path: string, nowMs: number): SweepStatus {
  const { lock } = readRun(path);
  const { replicas: planned } = expansionOf(lock.resolved);
  return statusOfRun({ path, lock }, planned, readIndex(path, planned), nowMs);
}

/** The same where the log was read already. */
export function statusOfRun(
  { path, lock }: Pick<Run, 'path' | 'lock'>,
  planned: number,
  outcomes: OutcomeIndex,
  nowMs: number,
): SweepStatus {
  const finished = outcomes.finished.size;
  const writer = writerOf(path);
  const last = readProgress(path);
  const notice = last?.sweep === lock.sweep ? last : undefined;
  const alive = writer !== undefined;
  const pace = alive ? notice : undefined;
  return {
    sweep: lock.sweep,
    name: lock.resolved.name,
    state: stateOf(finished >= planned, alive, notice),
    at: notice?.at ?? 0,
    by: writer === undefined ? (notice?.by ?? '') : `${writer.host}:${writer.pid}`,
    engine: lock.engine,
    planned,
    finished,
    running: pace?.running ?? 0,
    byOutcome: { ...outcomes.counts },
    failures: { ...outcomes.failures },
    dead: outcomes.dead.size,
    malformed: notice?.malformed ?? 0,
    replicasPerSecond: pace?.replicasPerSecond ?? null,
    secondsLeft: pace?.secondsLeft ?? null,
    workers: pace?.workers ?? [],
    silentSeconds: notice === undefined ? null : Math.max(0, nowMs - notice.at) / 1000,
    alive,
  };
}

function stateOf(complete: boolean, alive: boolean, notice: SweepNotice | undefined): SweepNotice['state'] {
  if (alive) return 'running';
  if (complete) return 'finished';
  return notice === undefined || notice.state === 'running' || notice.state === 'finished' ? 'interrupted' : notice.state;
}

/** For people. `goesOn` is how to start it again. */
export function describeStatus(status: SweepStatus, goesOn: string): string {
  const { name, sweep, finished, planned, byOutcome, workers, dead, malformed } = status;
  const outcomes = Object.entries(byOutcome)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind}`);
  const failures = Object.entries(status.failures).map(([code, count]) => `${count} ${code}`);
  return [
    `${name} (${sweep.slice(0, 12)}): ${finished} of ${planned} finished${outcomes.length === 0 ? '' : ` (${outcomes.join(', ')})`}, ${describeState(status, goesOn)}`,
    ...describePace(status),
    ...(failures.length === 0 ? [] : [`failed: ${failures.join(', ')}`]),
    ...(dead === 0 ? [] : [`given up: ${plural(dead, 'replica')}; "loligo dead list" shows them, "loligo dead retry" puts them back`]),
    ...(malformed === 0 ? [] : [`put aside: ${plural(malformed, 'malformed message')}`]),
    ...(workers.length === 0 && status.alive ? ['no worker answers'] : []),
    ...workers.map((card) => describeWorker(card, sweep)),
  ].join('\n');
}

function describeState({ state, alive, silentSeconds, by, finished, planned }: SweepStatus, goesOn: string): string {
  if (state === 'running' && !alive)
    return `its orchestrator (${by}) has not spoken for ${describeSeconds(silentSeconds ?? 0)}: it is gone or cut off; ${goesOn}`;
  if (state === 'running') return `running (${by})`;
  return finished < planned ? `${state}; ${goesOn}` : state;
}

function describePace({ running, replicasPerSecond, secondsLeft, alive, finished, planned }: SweepStatus): string[] {
  const parts = running > 0 ? [`${running} running`] : [];
  if (alive && replicasPerSecond !== null) parts.push(`${Number(replicasPerSecond.toPrecision(3))} replicas a second`);
  if (alive && secondsLeft !== null && finished < planned) parts.push(`${describeSeconds(secondsLeft)} left`);
  return parts.length === 0 ? [] : [parts.join(', ')];
}

function describeWorker(card: WorkerCard, sweep: string): string {
  const { worker, engine, threads, memoryMb, device, running, health, refuses } = card;
  const reasons = refuses.filter((refusal) => refusal.sweep === sweep).map(({ reason }) => `; cannot train all of it: ${reason}`);
  return `  ${worker}: ${engine}, ${plural(threads, 'thread')}, ${(memoryMb / 1000).toFixed(0)} GB, ${device.model} (${device.arithmetic}), ${running} running, ${health}${reasons.join('')}`;
}
