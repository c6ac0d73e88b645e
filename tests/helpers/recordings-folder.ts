/**
 * The shared real recordings, which are beside the project and not in it. Where they are absent a test is skipped with the reason;
 * under CI their absence is a failure.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../schemas/package-root.ts';

const FOLDER = join(packageRoot(), '..', 'shared', 'recordings');

/** Why tests on real recordings cannot run here; undefined when they can (or must). */
export const recordingsAbsent: string | undefined =
  existsSync(FOLDER) || process.env['CI'] !== undefined ? undefined : `no real recordings at ${FOLDER}`;

/** Path of one of the shared files, as recordings/README.md names it. */
export function sharedRecording(name: string): string {
  return join(FOLDER, name);
}
