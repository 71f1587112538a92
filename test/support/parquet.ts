import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';

/** All rows of the Parquet files below a folder, file by file in the order of their names; none when it does not exist. */
export async function readParquetRows(dir: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const names = await readdir(dir, { recursive: true }).catch(() => []);
  const rows: Record<string, unknown>[] = [];
  for (const name of names.filter((each) => each.endsWith('.parquet')).sort()) {
    const bytes = await readFile(join(dir, name));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    rows.push(...(await parquetReadObjects({ file })));
  }
  return rows;
}

/** The files of a dataset and its manifests, by name, with their bytes. */
export async function contentOf(dir: string): Promise<readonly (readonly [string, string])[]> {
  const names = (await readdir(dir, { recursive: true })).filter((name) => /\.(parquet|jsonl)$/.test(name)).sort();
  return Promise.all(names.map(async (name) => [name, await readFile(join(dir, name), 'base64')] as const));
}
