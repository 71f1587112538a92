import { dayAt, weekAt } from './calendar.ts';
import type { EpochMs } from './record.ts';

/** A stretch of time, its end left out. */
export interface Span {
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
}

/** A way to cut time into windows: side by side or, with a hop shorter than the size, overlapping; or by the calendar of a zone. */
export type WindowSize =
  | { readonly label: string; readonly every: 'day' | 'week' }
  | { readonly label: string; readonly sizeMs: number; readonly hopMs: number };

const unitsMs = { s: 1_000, m: 60_000, h: 3_600_000 } as const;
const quarterMs = 900_000;
export const halfHourMs = 1_800_000;
const durationMsMax = 86_400_000;

/** What `parseWindowSize` takes, for people. */
export const windowSizeWords =
  'such as 30s, 1m, 1h, 1d, 1w, or 1h/15m for windows of an hour every 15 minutes; 1s to 24h, 1d, 1w';

/**
 * Reads `15m`, `1d`, `1h/15m`. Its label, of which keys are made, is an ISO 8601 duration: `PT15M`, `P1D`, `PT1H-PT15M`. Null for
 * anything else, and for a hop that does not divide its size.
 */
function parseWindowSize(text: string): WindowSize | null {
  if (text === '1d') return { label: 'P1D', every: 'day' };
  if (text === '1w') return { label: 'P1W', every: 'week' };
  const [size = '', hop, ...rest] = text.split('/');
  const sizeMs = parseDurationMs(size);
  const hopMs = hop === undefined ? sizeMs : parseDurationMs(hop);
  if (rest.length > 0 || sizeMs === null || hopMs === null || sizeMs % hopMs !== 0) return null;
  return { label: hopMs === sizeMs ? isoOf(sizeMs) : `${isoOf(sizeMs)}-${isoOf(hopMs)}`, sizeMs, hopMs };
}

/** Reads a list, `1m,1h,1d`; null where a part of it cannot be read, or comes twice. */
export function parseWindowSizes(text: string): readonly WindowSize[] | null {
  const sizes = text.split(',').map((part) => parseWindowSize(part.trim()));
  const read = sizes.filter((size) => size !== null);
  return read.length < sizes.length || new Set(read.map(({ label }) => label)).size < read.length ? null : read;
}

function parseDurationMs(text: string): number | null {
  const [, digits, unit] = /^(\d{1,5})([smh])$/.exec(text) ?? [];
  if (digits === undefined || (unit !== 's' && unit !== 'm' && unit !== 'h')) return null;
  const durationMs = Number(digits) * unitsMs[unit];
  return durationMs >= unitsMs.s && durationMs <= durationMsMax ? durationMs : null;
}

function isoOf(durationMs: number): string {
  const [hours, minutes, seconds] = [
    Math.floor(durationMs / unitsMs.h),
    Math.floor((durationMs % unitsMs.h) / unitsMs.m),
    (durationMs % unitsMs.m) / unitsMs.s,
  ];
  return `PT${hours > 0 ? `${hours}H` : ''}${minutes > 0 ? `${minutes}M` : ''}${seconds > 0 ? `${seconds}S` : ''}`;
}

/** The longest windows of which all these can be made up. Days begin at a quarter of an hour in every zone. */
export function commonSizeMs(sizes: readonly WindowSize[]): number {
  return sizes.map((size) => ('every' in size ? quarterMs : size.hopMs)).reduce(greatestCommonDivisor);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The windows that hold an instant, in order of time. `timeZone` is an IANA name. */
export function spansAt(size: WindowSize, atMs: EpochMs, timeZone: string): readonly Span[] {
  if ('every' in size) return [size.every === 'day' ? dayAt(atMs, timeZone) : weekAt(atMs, timeZone)];
  const { sizeMs, hopMs } = size;
  const lastStartMs = Math.floor(atMs / hopMs) * hopMs;
  const spans: Span[] = [];
  for (let startMs = lastStartMs - sizeMs + hopMs; startMs <= lastStartMs; startMs += hopMs) {
    spans.push({ startMs, endMs: startMs + sizeMs });
  }
  return spans;
}

/** The window that begins next after this one. */
export function spanAfter(size: WindowSize, { startMs, endMs }: Span, timeZone: string): Span {
  if ('every' in size) return size.every === 'day' ? dayAt(endMs, timeZone) : weekAt(endMs, timeZone);
  return { startMs: startMs + size.hopMs, endMs: endMs + size.hopMs };
}

/** Whether a window consists of whole half hours, of which the platform tells totals. */
export const hasWholeHalfHours = ({ startMs, endMs }: Span): boolean =>
  startMs % halfHourMs === 0 && endMs % halfHourMs === 0;
