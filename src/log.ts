import { type Logger, pino } from 'pino';

/** One JSON line an event, to wherever logs go. Secrets have no field that is ever logged; the list is the net under it. */
export function createLog(level: string, write: (line: string) => void): Logger {
  const redact = ['clientSecret', '*.clientSecret', 'authorization', '*.authorization', 'connectUri', '*.connectUri'];
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact }, { write });
}
