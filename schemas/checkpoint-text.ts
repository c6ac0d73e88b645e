/**
 * A checkpoint as bytes, on the disk and on the wire: the SHA-256 of its JSON, a line feed, the JSON. What was cut, mixed or damaged does not match its
 * hash, and whoever reads it starts anew.
 */
import { endianness } from 'node:os';
import { sha256 } from './content-id.ts';
import { LoligoError } from './errors.ts';
import type { Checkpoint } from './generated/types.ts';
import { parseCheckpoint } from './parse.ts';

/** L-BFGS with its default history of 10 pairs and 50,000 weights takes 11 MB. */
export const MAX_CHECKPOINT_BYTES = 32 * 1024 * 1024;
const HASH_LENGTH = 64;

export function writeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const json = JSON.stringify(checkpoint);
  return new TextEncoder().encode(`${sha256(json)}\n${json}`);
}

/** Throws SCHEMA_MESSAGE. */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  if (bytes.length > MAX_CHECKPOINT_BYTES) throw damaged(`must have at most ${MAX_CHECKPOINT_BYTES} bytes`, `${bytes.length}`);
  const text = new TextDecoder().decode(bytes);
  const json = text.slice(HASH_LENGTH + 1);
  if (text.slice(0, HASH_LENGTH + 1) !== `${sha256(json)}\n`) throw damaged('must match its hash', `${bytes.length} bytes that do not`);
  return parseCheckpoint(JSON.parse(json));
}

export function packNumbers(values: Float64Array): string {
  mustBeLittleEndian();
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

/** Throws SCHEMA_MESSAGE. */
export function unpackNumbers(text: string): Float64Array {
  mustBeLittleEndian();
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % Float64Array.BYTES_PER_ELEMENT !== 0) throw damaged('must hold whole numbers of 8 bytes', `${bytes.length} bytes`);
  // its own memory, aligned: a Buffer may lie anywhere in a shared one
  return new Float64Array(Uint8Array.from(bytes).buffer);
}

function damaged(rule: string, got: string): LoligoError {
  return new LoligoError([{ code: 'SCHEMA_MESSAGE', where: 'checkpoint', rule, got }]);
}

/** Node runs on no other machine that engines are built for. */
function mustBeLittleEndian(): void {
  if (endianness() !== 'LE') throw new Error('internal: checkpoints are little-endian');
}
