/**
 * The tables of a run directory for programs that know no dictionary: every column's unit stands in its name, as in `parameters.gNa (mS/cm2)`. As CSV
 * the replicas alone, lists as JSON; as Parquet the traces too. The dictionary lies beside them.
 */
import { join } from 'node:path';
import { named, quoted, withDuckDb } from './duckdb.ts';
import { onDisk } from './disk.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

export type TableFormat = 'csv' | 'parquet';

/** Paths of the files in `out`, all of whose names begin with `name`. The run directory was folded before (parquet.ts). Throws DISK. */
export async function exportTables(runDirectory: string, out: string, name: string, format: TableFormat): Promise<string[]> {
  const workspace = onDisk(tmpdir(), 'creating a folder', () => mkdtempSync(join(tmpdir(), 'loligo-export-')));
  try {
    return await withDuckDb(workspace, async (connection) => {
      const dictionary = `read_json(${quoted(join(runDirectory, 'dictionary.json'))})`;
      const files: string[] = [];
      const copy = async (query: string, file: string, options: string): Promise<void> => {
        const path = join(out, `${name}-${file}`);
        await connection.run(`COPY (${query}) TO ${quoted(path)} (${options})`);
        files.push(path);
      };
      for (const table of format === 'csv' ? ['replicas'] : ['replicas', 'traces']) {
        const reader = await connection.runAndReadAll(`SELECT "column", unit FROM ${dictionary} WHERE "table" = ${quoted(table)}`);
        const source = quoted(join(runDirectory, `${table}.parquet`));
        const lists = await listColumns(source);
        const columns = reader.getRows().map(([column, unit]) => columnOf(String(column), unit === null ? null : String(unit), lists));
        await copy(`SELECT ${columns.join(', ')} FROM ${source}`, `${table}.${format}`, OPTIONS[format]);
      }
      await copy(`SELECT * FROM ${dictionary}`, 'dictionary.csv', OPTIONS.csv);
      return files;

      async function listColumns(source: string): Promise<ReadonlySet<string>> {
        if (format === 'parquet') return new Set();
        const types = await connection.runAndReadAll(
          `SELECT column_name FROM (DESCRIBE SELECT * FROM ${source}) WHERE column_type LIKE '%[]'`,
        );
        return new Set(types.getRows().map(([column]) => String(column)));
      }
    });
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

const OPTIONS: Readonly<Record<TableFormat, string>> = {
  csv: 'FORMAT csv, HEADER',
  parquet: 'FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 10240',
};

function columnOf(column: string, unit: string | null, lists: ReadonlySet<string>): string {
  const withUnit = unit === null || unit === '1' ? column : `${column} (${unit})`;
  return `${lists.has(column) ? `to_json(${named(column)})` : named(column)} AS ${named(withUnit)}`;
}
