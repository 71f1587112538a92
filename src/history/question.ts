import { addDays, dayAt, dayOf, parseDate, startOfDate, weekAt } from '../../streams/calendar.ts';
import type { EpochMs } from '../../streams/record.ts';
import { localDate, utcOffsetMs } from '../../streams/time-zone.ts';
import { ConfigError, type ConfigFault } from '../config.ts';

const granularities = ['PT30M', 'PT1H', 'P1D', 'P1W'] as const;
export type Granularity = (typeof granularities)[number];

const fills = ['none', 'linear'] as const;
export type Fill = (typeof fills)[number];

/** As the platform's analytics name them; `call` is taken for `voice`. */
const mediaTypes: readonly string[] = [
  ...['voice', 'callback', 'chat', 'email', 'message', 'video', 'cobrowse', 'screenshare', 'internalmessage'],
];

/** What is to be known, of whatever queues. `startMs` and `endMs` are bounds of buckets. */
export interface Question {
  readonly startMs: EpochMs;
  /** Exclusive. */
  readonly endMs: EpochMs;
  readonly granularity: Granularity;
  readonly timeZone: string;
  /** Empty = all. */
  readonly media: readonly string[];
  readonly fill: Fill;
}

/** As a person wrote it. */
export interface Asked {
  /** A date, or an instant with `Z` or an offset. */
  readonly from: string;
  /** A date, which is included, or an instant, which is not. */
  readonly to: string;
  readonly granularity: string;
  readonly timeZone: string;
  readonly media: readonly string[];
  readonly fill: string;
}

export const halfHourMs = 1_800_000;
const hourMs = 3_600_000;
const daysMax = 3_660;

/** Widens the range to whole buckets. Throws a `ConfigError` that names every fault. */
export function readQuestion(asked: Asked): Question {
  const faults: ConfigFault[] = [];
  const fault = (where: string, value: string, allowed: string) => void faults.push({ where, value, allowed });
  const granularity = granularities.find((each) => each === asked.granularity);
  if (granularity === undefined) fault('--granularity', asked.granularity, granularities.join(', '));
  const fill = fills.find((each) => each === asked.fill);
  if (fill === undefined) fault('--fill', asked.fill, fills.join(', '));
  const isCalendar = granularity === 'P1D' || granularity === 'P1W';
  if (fill === 'linear' && granularity !== undefined && !isCalendar)
    fault('--fill', 'linear', `none with ${granularity}: only days and weeks are filled, counts of hours never`);
  const { timeZone } = asked;
  const isZone = isTimeZone(timeZone);
  if (!isZone) fault('--timezone', timeZone, 'the IANA name of a zone, as Europe/Berlin or UTC');
  const media = asked.media.map((each) => (each === 'call' ? 'voice' : each));
  for (const each of media) if (!mediaTypes.includes(each)) fault('--media', each, mediaTypes.join(', '));
  const allowed = 'a date YYYY-MM-DD, or an instant with Z or an offset, as 2026-03-01T08:00Z';
  const from = isZone ? boundOf(asked.from, timeZone, 0) : null;
  const to = isZone ? boundOf(asked.to, timeZone, 1) : null;
  if (isZone && from === null) fault('--from', asked.from, allowed);
  if (isZone && to === null) fault('--to', asked.to, `${allowed}; a date is included, an instant is not`);
  if (from !== null && to !== null && from >= to) fault('--to', asked.to, `later than --from=${asked.from}`);
  if (from !== null && to !== null && to - from > daysMax * 24 * hourMs)
    fault('--to', asked.to, `at most ${daysMax} days after --from=${asked.from}`);
  if (faults.length > 0 || granularity === undefined || fill === undefined || from === null || to === null)
    throw new ConfigError(faults);

  if (!isCalendar && !isOnHalfHours(from, to, timeZone)) {
    const wayOut = `P1D or P1W in ${timeZone}, whose days do not begin on a half hour, or another --timezone, as UTC`;
    throw new ConfigError([{ where: '--granularity', value: granularity, allowed: wayOut }]);
  }
  if (granularity === 'PT1H' && hourPhases(from, to, timeZone).size > 1) {
    const wayOut = `PT30M in ${timeZone}, whose clocks change by half an hour in this time, or another --timezone, as UTC`;
    throw new ConfigError([{ where: '--granularity', value: granularity, allowed: wayOut }]);
  }
  const bucketOf = (atMs: EpochMs) => bucketAround(atMs, granularity, timeZone);
  const [startMs, endMs] = [bucketOf(from).startMs, bucketOf(to - 1).endMs];
  return { startMs, endMs, granularity, timeZone, media, fill };
}

const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:?\d{2})$/;

function boundOf(text: string, timeZone: string, daysLater: number): EpochMs | null {
  if (parseDate(text) !== null) return startOfDate(addDays(text, daysLater), timeZone);
  const isInstant = instant.test(text) && parseDate(text.slice(0, 10)) !== null;
  const atMs = isInstant ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? null : atMs;
}

function isTimeZone(name: string): boolean {
  try {
    utcOffsetMs(0, name);
    return true;
  } catch {
    return false;
  }
}

/** Whether all days from one moment to another begin on a half hour of UTC: then they are made of whole half hours. */
export function isOnHalfHours(fromMs: EpochMs, toMs: EpochMs, timeZone: string): boolean {
  for (const startMs of dayStarts(fromMs, toMs, timeZone)) if (startMs % halfHourMs !== 0) return false;
  return true;
}

/** Where the local hours begin within those of UTC, in milliseconds; more than one where that changes. */
function hourPhases(fromMs: EpochMs, toMs: EpochMs, timeZone: string): ReadonlySet<number> {
  return new Set(Array.from(dayStarts(fromMs, toMs, timeZone), (atMs) => modulo(-utcOffsetMs(atMs, timeZone), hourMs)));
}

function* dayStarts(fromMs: EpochMs, toMs: EpochMs, timeZone: string): Generator<EpochMs> {
  let { date } = dayAt(fromMs, timeZone);
  for (;;) {
    const day = dayOf(date, timeZone);
    yield day.startMs;
    if (day.endMs >= toMs) {
      yield day.endMs;
      return;
    }
    date = addDays(date, 1);
  }
}

export interface Bucket {
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
  /** Of a day, or the Monday of a week; null for hours. */
  readonly date: string | null;
  /** The Sunday of a week. */
  readonly weekEnd: string | null;
}

/** The bucket that holds a moment. */
export function bucketAround(atMs: EpochMs, granularity: Granularity, timeZone: string): Bucket {
  switch (granularity) {
    case 'PT30M':
    case 'PT1H': {
      const sizeMs = granularity === 'PT30M' ? halfHourMs : hourMs;
      const phaseMs = modulo(-utcOffsetMs(atMs, timeZone), sizeMs);
      const startMs = Math.floor((atMs - phaseMs) / sizeMs) * sizeMs + phaseMs;
      return { startMs, endMs: startMs + sizeMs, date: null, weekEnd: null };
    }
    case 'P1D': {
      const { date, startMs, endMs } = dayAt(atMs, timeZone);
      return { startMs, endMs, date, weekEnd: null };
    }
    case 'P1W': {
      const { date, startMs, endMs, lastDate } = weekAt(atMs, timeZone);
      return { startMs, endMs, date, weekEnd: lastDate };
    }
  }
}

/** Without the buckets that are yet to come, of which there is nothing to tell and nothing to draw. */
export function untilNow(question: Question, nowMs: EpochMs): Question {
  const running = bucketAround(nowMs, question.granularity, question.timeZone);
  return { ...question, endMs: Math.min(question.endMs, running.endMs) };
}

/** Whether the clocks of the zone change in the range: then a local time may come twice. */
export function changesClocks({ startMs, endMs, timeZone }: Question): boolean {
  return new Set(Array.from(dayStarts(startMs, endMs, timeZone), (atMs) => utcOffsetMs(atMs, timeZone))).size > 1;
}

/** For people: the first and the last date of a range, in its zone. */
export function datesOf({ startMs, endMs, timeZone }: Question): string {
  const [first, last] = [localDate(startMs, timeZone), localDate(endMs - 1, timeZone)];
  return first === last ? first : `${first} to ${last}`;
}

const modulo = (value: number, by: number) => ((value % by) + by) % by;
