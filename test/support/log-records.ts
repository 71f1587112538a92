import type { LogRecord } from '../../sinks/log/log-tail.ts';
import { openLogTail } from '../../sinks/log/log-tail.ts';

/** Every record of a log, from an offset on. */
export async function readAllRecords(dir: string, fromOffset = 0): Promise<LogRecord[]> {
  const tail = openLogTail(dir, fromOffset);
  const records: LogRecord[] = [];
  try {
    for (let read = await tail.read(); read !== undefined; read = await tail.read()) records.push(...read);
  } finally {
    await tail.close();
  }
  return records;
}
