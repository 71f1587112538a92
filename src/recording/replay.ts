import { type Clock, systemClock } from '../../sinks/clock.ts';
import type { EpochMs } from '../../streams/record.ts';
import type { Arrival } from '../genesys/arrival.ts';
import type { DrainableSource } from '../sources/channel-source.ts';
import { RecordingError } from './errors.ts';
import { isTorn, LineFault, parseFirstLine, parseLine } from './format.ts';
import { readLines, type TextLine } from './lines.ts';

export interface ReplaySettings {
  readonly path: string;
  readonly batchEventsMax: number;
  /** How often ticks are made for a recording that has none. */
  readonly tickMs: number;
}

/** A recording as a source: it ends at the end of the file, or before the first line that is wrong. */
export interface Replay extends DrainableSource<Arrival> {
  readonly organizationId: string;
  /** Shows the stamp of what was handed over last. */
  readonly clock: Clock;
  /** The line that ended it early, or a last line that was cut off when its writer died. */
  fault(): { readonly error: RecordingError; readonly isTorn: boolean } | undefined;
}

/** Reads what a recording begins with. Rejects with a `RecordingError` for what is none. */
export async function openReplay({ path, batchEventsMax, tickMs }: ReplaySettings): Promise<Replay> {
  const head = await readHead(path);
  let nowMs = head.receivedAtMs;
  let isDraining = false;
  let fault: ReturnType<Replay['fault']>;

  return {
    organizationId: head.organizationId,
    clock: { nowMs: () => nowMs, sleep: (ms, signal) => systemClock.sleep(ms, signal) },
    fault: () => fault,
    drain: () => (isDraining = true),
    async run(onBatch, signal) {
      const addTicks = (await hasTicks(path)) ? (arrival: Arrival) => [arrival] : ticksBetween(tickMs);
      let events: Arrival[] = [];
      let lastMs = head.receivedAtMs;
      const handOver = async () => {
        signal.throwIfAborted();
        const batch = events;
        events = [];
        nowMs = lastMs;
        if (batch.length > 0) await onBatch({ events: batch, position: 0 });
      };
      for await (const lines of readLines(path)) {
        for (const line of lines) {
          const read = readArrival(path, line, lastMs);
          if (read instanceof RecordingError) {
            fault = { error: read, isTorn: !line.hasEnd && isTorn(line.text) };
            isDraining = true;
          } else if (read !== undefined) {
            lastMs = read.receivedAtMs;
            events.push(...addTicks(read));
          }
          if (events.length >= batchEventsMax || isDraining) await handOver();
          if (isDraining) return;
        }
      }
      await handOver();
    },
  };
}

async function readHead(path: string): Promise<ReturnType<typeof parseFirstLine>> {
  for await (const [line] of readLines(path)) {
    if (line === undefined) continue;
    try {
      return parseFirstLine(line.text);
    } catch (error) {
      throw malformed(path, line, error);
    }
  }
  throw new RecordingError('QC_RECORDING_UNREADABLE', `Recording ${path} is empty: name another file`);
}

/** Stamps never go back. */
function readArrival(path: string, line: TextLine, lastMs: EpochMs): Arrival | RecordingError | undefined {
  if (line.text.trim() === '') return undefined;
  try {
    const arrival = parseLine(line.text);
    if (arrival !== undefined && arrival.receivedAtMs < lastMs) {
      throw new LineFault(`receivedAtMs: ${arrival.receivedAtMs} is before ${lastMs} of a line above`);
    }
    return arrival;
  } catch (error) {
    return malformed(path, line, error);
  }
}

function malformed(path: string, { number }: TextLine, error: unknown): RecordingError {
  if (!(error instanceof LineFault)) throw error;
  const message = `${path}, line ${number}: ${error.message}. What came before this line is kept; correct or remove it, and replay into a new journal`;
  return new RecordingError('QC_RECORDING_MALFORMED', message, { cause: error });
}

/** A recording of ours has them from its first second on. */
async function hasTicks(path: string): Promise<boolean> {
  for await (const lines of readLines(path)) {
    if (lines.some(({ text }) => /"kind":\s*"tick"/.test(text))) return true;
  }
  return false;
}

/** Puts a tick before the first arrival of each `tickMs`; what is heard until then is the last frame, unless a gap is open. */
function ticksBetween(tickMs: number): (arrival: Arrival) => readonly Arrival[] {
  let tickedMs: EpochMs | undefined;
  let heardUntilMs: EpochMs | null = null;
  let isDeaf = false;
  return (arrival) => {
    const dueMs = Math.floor(arrival.receivedAtMs / tickMs) * tickMs;
    const isDue = tickedMs !== undefined && dueMs > tickedMs;
    tickedMs = Math.max(tickedMs ?? dueMs, dueMs);
    const tick = { kind: 'tick', receivedAtMs: dueMs, heardUntilMs } as const;
    if (arrival.kind === 'channel-gap') {
      isDeaf = arrival.endMs === null;
      heardUntilMs = arrival.endMs ?? arrival.startMs;
    } else if (arrival.kind === 'frame' && !isDeaf) heardUntilMs = arrival.receivedAtMs;
    return isDue ? [tick, arrival] : [arrival];
  };
}
