import { type Clock, systemClock } from '../../sinks/clock.ts';
import { isoTime } from '../compose.ts';
import type { Latest } from '../latest.ts';
import { renderPlain, renderTable, tableRows } from '../table.ts';

const redrawMs = 250;
const plainEveryMs = 10_000;

export interface Screen {
  /** Shows the queues from now on: before, nobody knows whether what was written is to be gone on with. */
  show(): void;
  /** Writes a line of the log to stderr without spoiling the table. */
  log(line: string): void;
  stop(): Promise<void>;
}

export interface ScreenSettings {
  readonly latest: Latest;
  readonly platformClock: Clock;
  /** IANA name of the zone whose time is shown. */
  readonly timeZone: string;
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WritableStream;
}

/** A place for the queues: a table that is redrawn in a terminal, now and then a plain line a queue elsewhere. */
export function createScreen(settings: ScreenSettings): Screen {
  const { latest, platformClock, timeZone, out, err } = settings;
  const stopped = new AbortController();
  const localTime = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'full', timeStyle: 'medium' });
  let height = 0;

  function erase(): void {
    if (height > 0) out.write(`\u001b[${height}A\u001b[J`);
    height = 0;
  }

  function draw(): void {
    const nowMs = platformClock.nowMs();
    const rows = tableRows(latest, nowMs);
    const body = rows.length === 0 ? ['waiting for the first snapshot ...'] : renderTable(rows);
    const title = `${localTime.format(nowMs)}, ${timeZone}`;
    // What does not fit would scroll, and the next redraw could not find its top again.
    const fitting = [title, ...body].slice(0, Math.max(1, out.rows - 2)).map((line) => line.slice(0, out.columns));
    erase();
    out.write(fitting.map((line) => `${line}\n`).join(''));
    height = fitting.length;
  }

  function printLines(): boolean {
    const nowMs = platformClock.nowMs();
    const rows = tableRows(latest, nowMs);
    for (const row of rows) out.write(`${renderPlain(row, isoTime(nowMs))}\n`);
    return rows.length > 0;
  }

  async function keepShowing(): Promise<void> {
    // The first lines come as soon as there are any.
    let dueMs = 0;
    for (;;) {
      await systemClock.sleep(redrawMs, stopped.signal);
      if (out.isTTY) draw();
      else if (systemClock.nowMs() >= dueMs && printLines()) dueMs = systemClock.nowMs() + plainEveryMs;
    }
  }

  let showing: Promise<void> | undefined;
  return {
    show() {
      showing ??= keepShowing().catch((error: unknown) => {
        if (!stopped.signal.aborted) throw error;
      });
    },
    log(line) {
      if (out.isTTY) erase();
      err.write(line);
    },
    async stop() {
      stopped.abort();
      if (showing === undefined) return;
      await showing;
      if (out.isTTY) draw();
      else printLines();
    },
  };
}
