import { z } from 'zod';
import type { Clock } from '../../sinks/clock.ts';
import { aggregateMetrics, aggregatesPage, createAggregateTable, nextPage } from '../../streams/aggregates.ts';
import type { AggregatesPage } from '../../streams/aggregates.ts';
import { GenesysError } from '../genesys/errors.ts';
import type { Rest } from '../genesys/rest.ts';
import { paths, readAnswer } from '../genesys/snapshot.ts';
import { type PieceAnswer, toCells } from './cells.ts';
import type { Piece } from './plan.ts';

export interface Fetching {
  readonly rest: Rest;
  /** Platform time. */
  readonly clock: Clock;
  readonly timeZone: string;
  /** Empty = all. */
  readonly media: readonly string[];
}

const jobsPath = '/api/v2/analytics/conversations/aggregates/jobs';
/** Groups a page of a job; each brings all of its buckets. */
const pageSize = 25;
const pollMsMin = 1_000;
const pollMsMax = 10_000;
const jobMsMax = 1_800_000;

const submitted = z.object({ jobId: z.string().min(1) });
const jobState = z.object({ state: z.string(), errorMessage: z.string().nullish() });

/** Asks for a piece, by a job if it is large. Rejects with a `GenesysError`. */
export async function fetchPiece(
  { rest, clock, timeZone, media }: Fetching,
  piece: Piece,
  signal: AbortSignal,
): Promise<PieceAnswer> {
  const query = queryOf(piece, timeZone, media);
  const table = createAggregateTable();
  const take = (page: AggregatesPage) => {
    try {
      table.take(page);
    } catch (cause) {
      const message = `The platform's answer is not what its contract says: ${String(cause)}`;
      throw new GenesysError('QC_GENESYS_REFUSED', message, { cause });
    }
  };
  if (piece.isLarge) {
    const { jobId } = readAnswer(submitted, await rest.post(jobsPath, query, signal));
    const path = `${jobsPath}/${encodeURIComponent(jobId)}`;
    await untilFulfilled(rest, clock, path, signal);
    for await (const page of jobPages(rest, path, signal)) take(page);
  } else {
    take(readAnswer(aggregatesPage, (await rest.post(paths.aggregates, query, signal)) ?? {}));
  }
  return { cells: toCells(table.rows(), piece, timeZone), observedAtMs: clock.nowMs() };
}

function queryOf({ startMs, endMs, granularity, queueIds }: Piece, timeZone: string, media: readonly string[]): object {
  const anyOf = (dimension: string, values: readonly string[]) => ({
    type: 'or',
    predicates: values.map((value) => ({ type: 'dimension', dimension, operator: 'matches', value })),
  });
  const ofQueues = anyOf('queueId', queueIds);
  return {
    interval: `${new Date(startMs).toISOString()}/${new Date(endMs).toISOString()}`,
    granularity,
    ...(granularity === 'P1D' ? { timeZone } : {}),
    groupBy: ['queueId', 'mediaType'],
    filter: media.length === 0 ? ofQueues : { type: 'and', clauses: [ofQueues, anyOf('mediaType', media)] },
    metrics: aggregateMetrics,
  };
}

async function untilFulfilled(rest: Rest, clock: Clock, path: string, signal: AbortSignal): Promise<void> {
  const sinceMs = clock.nowMs();
  for (let pauseMs = pollMsMin; ; pauseMs = Math.min(pollMsMax, pauseMs * 2)) {
    await clock.sleep(pauseMs, signal);
    const { state, errorMessage } = readAnswer(jobState, await rest.get(path, signal));
    if (state === 'FULFILLED') return;
    if (state !== 'QUEUED' && state !== 'PENDING') {
      const told = errorMessage === undefined || errorMessage === null ? '' : ` (${errorMessage})`;
      const message = `The job ${path} ended as ${state}${told}: start again, what was read before is kept`;
      throw new GenesysError('QC_GENESYS_REFUSED', message);
    }
    if (clock.nowMs() - sinceMs > jobMsMax) {
      const message = `The job ${path} is ${state} after ${jobMsMax / 60_000} minutes: start again later, what was read before is kept`;
      throw new GenesysError('QC_GENESYS_UNREACHABLE', message);
    }
  }
}

async function* jobPages(rest: Rest, path: string, signal: AbortSignal): AsyncGenerator<AggregatesPage> {
  const followed = new Set<string>();
  for (let query = `pageSize=${pageSize}`; ;) {
    const page = readAnswer(aggregatesPage, (await rest.get(`${path}/results?${query}`, signal)) ?? {});
    yield page;
    const next = nextPage(followed, page.cursor);
    if (next.kind === 'end') return;
    if (next.kind === 'loop') {
      const message = `${path}/results names the cursor ${next.cursor} twice, its pages have no end: nothing of them is taken. Start again`;
      throw new GenesysError('QC_GENESYS_REFUSED', message);
    }
    followed.add(next.cursor);
    query = `pageSize=${pageSize}&cursor=${encodeURIComponent(next.cursor)}`;
  }
}
