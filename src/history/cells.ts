import { type AggregateRow, totalsOf } from '../../streams/aggregates.ts';
import { dayAt } from '../../streams/calendar.ts';
import type { IntervalTotals } from '../../streams/kpis.ts';
import type { EpochMs } from '../../streams/record.ts';
import { GenesysError } from '../genesys/errors.ts';
import type { Piece } from './plan.ts';
import { halfHourMs } from './question.ts';

/** What was told of one queue and media type in one half hour or day. */
export interface Cell {
  readonly startMs: EpochMs;
  readonly queueId: string;
  readonly mediaType: string;
  readonly totals: IntervalTotals;
}

/** The answer to a piece. */
export interface PieceAnswer {
  /** By start, queue and media type. */
  readonly cells: readonly Cell[];
  /** When it arrived; if it came by pages, the last of them. */
  readonly observedAtMs: EpochMs;
}

/** Rows as cells. Throws `QC_GENESYS_REFUSED` for one that was not asked for: added to others it would be a wrong number. */
export function toCells(rows: readonly AggregateRow[], piece: Piece, timeZone: string): readonly Cell[] {
  const asked = new Set(piece.queueIds);
  return rows.map(({ startMs, endMs, queueId, mediaType, sums }) => {
    const interval = `${new Date(startMs).toISOString()}/${new Date(endMs).toISOString()}`;
    if (queueId === null || mediaType === null) {
      throw unasked(`names no ${queueId === null ? 'queue' : 'media type'} for ${interval}, though asked by both`);
    }
    if (!asked.has(queueId)) throw unasked(`tells of the queue ${queueId}, which it was not asked about`);
    if (!isBucket(startMs, endMs, piece, timeZone))
      throw unasked(`tells of ${interval}, which is no bucket of ${piece.granularity} in what it was asked about`);
    return { startMs, queueId, mediaType, totals: totalsOf(sums) };
  });
}

function isBucket(startMs: EpochMs, endMs: EpochMs, piece: Piece, timeZone: string): boolean {
  if (startMs < piece.startMs || endMs > piece.endMs) return false;
  if (piece.granularity === 'PT30M') return startMs % halfHourMs === 0 && endMs - startMs === halfHourMs;
  const day = dayAt(startMs, timeZone);
  return startMs === day.startMs && endMs === Math.min(day.endMs, piece.endMs);
}

function unasked(what: string): GenesysError {
  return new GenesysError(
    'QC_GENESYS_REFUSED',
    `The platform's answer to an aggregates query ${what}: nothing of it is taken. Try another --granularity or --timezone.`,
  );
}
