/** Checkpoints of a local run: one file for each replica, named by its id, in RUN/checkpoints/. The folder is gone when the sweep is done. */
import { readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointName, CheckpointStore } from '../../schemas/checkpoint-store.ts';
import { makeFolder, onDisk, systemCode, writeAtomically } from './disk.ts';

export interface CheckpointFiles extends CheckpointStore {
  /** The sweep is done: what a death left behind belongs to replicas with an outcome. */
  removeAll(): void;
}

/** Nothing is made before the first write. */
export function openCheckpointFiles(runDirectory: string): CheckpointFiles {
  const folder = join(runDirectory, 'checkpoints');
  const fileOf = ({ replica }: CheckpointName): string => join(folder, replica);
  /** So that a sweep of short replicas asks the disk once, and not for each. */
  const present = new Set(namesIn(folder));
  return {
    read: async (name) => (present.has(name.replica) ? readFile(fileOf(name)) : undefined),
    write: async (name, checkpoint) => {
      makeFolder(folder);
      writeAtomically(fileOf(name), checkpoint);
      present.add(name.replica);
    },
    forget: async (name) => {
      if (present.delete(name.replica)) onDisk(fileOf(name), 'removing a file', () => rmSync(fileOf(name), { force: true }));
    },
    removeAll: () => {
      present.clear();
      onDisk(folder, 'removing a folder', () => rmSync(folder, { recursive: true, force: true }));
    },
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
