/** DuckDB in memory, for one piece of work on files: in little memory, on few threads. */
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection } from '@duckdb/node-api';

const MEMORY_LIMIT = '256MB';
/** Each holds a row group and blocks of lines, which for every core of a large machine would not fit. On any machine two: one alone writes other bytes. */
const THREADS = '2';

/** `workspace`: a folder for what does not fit into memory. */
export async function withDuckDb<T>(workspace: string, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: MEMORY_LIMIT,
    threads: THREADS,
    temp_directory: join(workspace, 'spill'),
  });
  try {
    const connection = await instance.connect();
    try {
      return await work(connection);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/** A text of SQL. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name of SQL. */
export function named(column: string): string {
  return `"${column.replaceAll('"', '""')}"`;
}
