/**
 * The folder that docker/tfjs-node.sh installed TensorFlow for Node into: TFJS_NODE, else ~/.cache/loligo/tfjs-node. With CI=true it has to be there,
 * but where TFJS_NODE_ABSENT says why it cannot: .ci/run sets it when the disk has no room.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const FOLDER = process.env['TFJS_NODE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'loligo/tfjs-node');

/** Null where there is none. */
export function installedTensorFlow(): string | null {
  if (existsSync(join(FOLDER, 'node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node'))) return FOLDER;
  const reason =
    process.env['TFJS_NODE_ABSENT'] ?? `nothing in ${FOLDER}: docker/tfjs-node.sh makes it (42 s, 0.9 GB), TFJS_NODE names another`;
  if (process.env['CI'] === 'true' && process.env['TFJS_NODE_ABSENT'] === undefined) throw new Error(`no TensorFlow: ${reason}`);
  console.warn(`skipped: no TensorFlow, ${reason}`);
  return null;
}
