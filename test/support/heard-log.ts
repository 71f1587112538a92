import { type Logger, pino } from 'pino';

/** A log and the lines it was given. */
export function heardLog(level: string): { log: Logger; lines: () => readonly Record<string, unknown>[] } {
  const lines: string[] = [];
  const log = pino({ level }, { write: (line: string) => void lines.push(line) });
  return { log, lines: () => lines.map((line): Record<string, unknown> => JSON.parse(line)) };
}
