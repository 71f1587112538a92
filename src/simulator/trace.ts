import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import { SimulatorError, TraceError } from './errors.ts';
import { addDays, dateIn, midnightMs, weekdayOf } from './local-date.ts';

const name = z.string().min(1);
const seconds = z.number().nonnegative();
const at = { t: seconds };

const lineSchema = z.union([
  z.discriminatedUnion('ev', [
    z.object({ ...at, ev: z.literal('arrival'), id: name, q: name, pri: z.int().nonnegative().default(0) }),
    z.object({ ...at, ev: z.literal('answer'), id: name, q: name, agent: name, wait: seconds }),
    z.object({ ...at, ev: z.literal('abandon'), id: name, q: name, wait: seconds }),
    z.object({ ...at, ev: z.literal('end'), id: name, q: name, agent: name, handle: seconds }),
    z.discriminatedUnion('state', [
      z.object({ ...at, ev: z.literal('agent'), agent: name, state: z.literal('on'), queues: z.array(name) }),
      z.object({ ...at, ev: z.literal('agent'), agent: name, state: z.literal('off') }),
    ]),
  ]),
]);

/** One event of a trace; `t` = seconds since 00:00 of its day 0, local time. */
export type TraceLine = z.output<typeof lineSchema>;

/** A call trace in memory, with what must be known before its first event: who works where. */
export interface Trace {
  readonly lines: readonly TraceLine[];
  /** Days since day 0, of the first and the last line. */
  readonly firstDay: number;
  readonly lastDay: number;
  readonly queues: readonly string[];
  /** Agent → the union of the queues he ever went on with. */
  readonly agents: ReadonlyMap<string, ReadonlySet<string>>;
}

const daySeconds = 86_400;
/** What day 0 is called, so that weekdays can be kept. */
const dayZero = '1999-01-01';

/** Reads a trace from `.jsonl` or `.jsonl.gz`. Throws a `TraceError` for a bad line, a `SimulatorError` for a bad file. */
export async function readTrace(path: string): Promise<Trace> {
  let text: string;
  try {
    const bytes = await readFile(path);
    text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    const message = `Trace ${path} cannot be read (${cause}); name a readable .jsonl or .jsonl.gz file.`;
    throw new SimulatorError('QC_TRACE_UNREADABLE', message, { cause: error });
  }
  return parseTrace(text, path);
}

/** Reads a trace from its text; `file` is only named in errors. */
export function parseTrace(text: string, file: string): Trace {
  const lines: TraceLine[] = [];
  const queues = new Set<string>();
  const agents = new Map<string, Set<string>>();
  let lastSeconds = 0;
  text.split('\n').forEach((row, index) => {
    if (row.trim() === '') return;
    const line = parseTraceLine(row, file, index + 1);
    if (line.t < lastSeconds) {
      throw new TraceError(file, index + 1, `t ${line.t} is before ${lastSeconds} of the line above`);
    }
    lastSeconds = line.t;
    lines.push(line);
    if (line.ev !== 'agent') queues.add(line.q);
    if ('agent' in line) {
      const served = agents.get(line.agent) ?? new Set();
      agents.set(line.agent, served);
      if ('queues' in line) for (const queue of line.queues) served.add(queue);
    }
  });
  const [first] = lines;
  if (first === undefined) throw new TraceError(file, 1, 'the trace holds no event');
  for (const served of agents.values()) for (const queue of served) queues.add(queue);
  return { lines, firstDay: dayOf(first), lastDay: Math.floor(lastSeconds / daySeconds), queues: [...queues], agents };
}

/** One event of a trace from its line; the file and number are only named in errors. */
export function parseTraceLine(row: string, file: string, number: number): TraceLine {
  let value: unknown;
  try {
    value = JSON.parse(row);
  } catch (error) {
    throw new TraceError(file, number, `not a JSON object: ${shorten(row)}`, { cause: error });
  }
  const parsed = lineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new TraceError(file, number, `${place}${issue?.message ?? 'not an event'} in ${shorten(row)}`);
}

function shorten(row: string): string {
  return row.length <= 120 ? row : `${row.slice(0, 120)}...`;
}

function dayOf(line: TraceLine): number {
  return Math.floor(line.t / daySeconds);
}

/**
 * The date to show for the first day of a trace: the newest one of the same weekday for which the whole trace lies in
 * the past, all of its days being over at `nowMs`.
 */
export function shiftedDate(days: Pick<Trace, 'firstDay' | 'lastDay'>, nowMs: EpochMs, timeZone: string): string {
  const dayCount = days.lastDay - days.firstDay + 1;
  const weekday = weekdayOf(addDays(dayZero, days.firstDay));
  let date = addDays(dateIn(timeZone, nowMs), -dayCount);
  while (weekdayOf(date) !== weekday) date = addDays(date, -1);
  return date;
}

/**
 * Each line with its moment when the first day of the trace is `date`: midnight of its day in the zone, plus its
 * seconds. Never goes back: on a day of 23 hours the last one runs into the next day.
 */
export function* timedLines(
  trace: Trace,
  date: string,
  timeZone: string,
): Generator<{ readonly atMs: EpochMs; readonly line: TraceLine }> {
  let day = Number.NaN;
  let dayStartMs = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const line of trace.lines) {
    if (dayOf(line) !== day) {
      day = dayOf(line);
      dayStartMs = midnightMs(addDays(date, day - trace.firstDay), timeZone);
    }
    lastMs = Math.max(lastMs, dayStartMs + Math.round((line.t - day * daySeconds) * 1000));
    yield { atMs: lastMs, line };
  }
}
