/** A run directory behind the dashboard: its state as it is now, and the making of its report in a process of its own, so that the page goes on meanwhile. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DashboardState } from '../dashboard/dashboard-state.ts';
import { runView } from '../dashboard/run-view.ts';
import { expansionOf } from '../expand/expansion.ts';
import { readRun, type Run } from '../results/run-directory.ts';
import { statusOfRun } from './sweep-status.ts';

export interface DashboardRun {
  readonly look: () => Promise<DashboardState>;
  readonly makeReport: () => void;
  readonly close: () => void;
}

export function dashboardOf(opened: Run): DashboardRun {
  const view = runView(opened);
  const plan = plannedOf(opened);
  let making: ChildProcess | undefined;
  let failure: string | undefined;
  return {
    look: async () => {
      await view.refresh();
      const { run, planned } = plan();
      const status = statusOfRun(run, planned, view.outcomes, Date.now());
      const files = readdirSync(run.path);
      return {
        ...status,
        model: run.lock.resolved.problem.model.name,
        parameters: view.parameters(),
        sampled: view.sampled,
        files,
        report: making !== undefined ? 'being made' : files.includes('report.html') ? 'there' : 'none',
        ...(failure === undefined ? {} : { reportFailure: failure }),
      };
    },
    makeReport: () => {
      if (making !== undefined) return;
      failure = undefined;
      // the program itself, as it was started
      const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, 'report', opened.path], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      making = child;
      let said = '';
      child.stderr.on('data', (text: Buffer) => (said = `${said}${text.toString()}`.slice(-2000)));
      child.on('error', (error) => (said = error.message));
      child.on('close', (code) => {
        making = undefined;
        if (code !== 0) failure = said.trim() || `it ended with code ${code}`;
      });
    },
    close: () => making?.kill(),
  };
}

/** More replicas may be asked of a sweep while somebody looks: then its lock is another. */
function plannedOf(opened: Run): () => { readonly run: Run; readonly planned: number } {
  const path = join(opened.path, 'sweep.lock.json');
  const read = (run: Run) => ({ changed: statSync(path).mtimeMs, run, planned: expansionOf(run.lock.resolved).replicas });
  let known = read(opened);
  return () => {
    if (statSync(path).mtimeMs !== known.changed) known = read(readRun(opened.path));
    return known;
  };
}
