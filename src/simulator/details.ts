import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import { refusal, type Routes } from './access.ts';
import type { Conversation } from './call.ts';
import { conversationEndMs, type ConversationHistory } from './conversation-history.ts';
import { detailRecord, segmentDimensions, surveyBodies } from './detail-record.ts';
import { filterSchema, selects, type Filter } from './filter.ts';
import { intervalSchema, type Interval } from './interval.ts';
import { createJobs } from './jobs.ts';
import { badRequest, fieldType, mustBe, notFound, ok, readBody, type RestRequest, type RouteAnswer } from './rest.ts';
import { isoTime } from './wire.ts';

const dayMs = 86_400_000;
const filters = z.array(filterSchema).default([]);
const orders = ['conversationStart', 'conversationEnd', 'segmentStart', 'segmentEnd'] as const;

const selectionSchema = z.object({
  interval: intervalSchema,
  conversationFilters: filters,
  segmentFilters: filters,
  evaluationFilters: filters,
  surveyFilters: filters,
  resolutionFilters: filters,
  order: fieldType('SortOrder', ['asc', 'desc', 'unordered']).default('asc'),
  orderBy: fieldType('OrderBy', orders).default('conversationStart'),
});
const wholeOf = (field: string, max: number, wanted: string) =>
  z.custom<number>((value) => z.int().min(1).max(max).safeParse(value).success, {
    error: ({ input }) => mustBe(field, input, wanted),
  });
const querySchema = selectionSchema.extend({
  paging: z
    .object({
      pageSize: wholeOf('pageSize', 100, '1 to 100'),
      pageNumber: wholeOf('pageNumber', Number.MAX_SAFE_INTEGER, '1 or more'),
    })
    .default({ pageSize: 25, pageNumber: 1 }),
});
const jobSchema = selectionSchema.extend({
  limit: z.int().min(1).optional(),
  startOfDayIntervalMatching: z.boolean().default(false),
});

type Selection = z.output<typeof selectionSchema>;

const root = '/api/v2/analytics/conversations/details';
const maxDays = { query: 7, jobs: 31 } as const;
const readers = ['analytics:conversationDetail:view', 'analytics:agentConversationDetail:view'];

/** Answers detail queries, at once and by jobs. What jobs see ends `jobLagMs` ago. */
export function createDetails(options: {
  readonly history: Pick<ConversationHistory, 'all' | 'find'>;
  readonly newSecret: () => string;
  readonly jobLagMs: number;
}): Routes {
  const { history, newSecret, jobLagMs } = options;
  const availableMs = (nowMs: EpochMs) => nowMs - jobLagMs;
  const availability = (nowMs: EpochMs) => ({ dataAvailabilityDate: isoTime(availableMs(nowMs)) });
  const jobs = createJobs({ root: `${root}/jobs`, rowsName: 'conversations', newSecret, pageExtra: availability });

  const query = (request: RestRequest): RouteAnswer => {
    const read = readBody(querySchema, request.body);
    if ('refused' in read) return read.refused;
    const { interval, paging } = read.value;
    if (tooLong(interval, maxDays.query)) return badRequest(`The interval may not exceed ${maxDays.query} days.`);
    const end = paging.pageNumber * paging.pageSize;
    if (end > 100_000) return badRequest('Pagination may not exceed 100000 results.');
    const days = { fromMs: startOfDay(interval.fromMs), toMs: startOfDay(interval.toMs - 1) + dayMs };
    const found = select(history.all(), read.value, ({ startedAtMs }) => within(days, startedAtMs));
    const page = found.slice(end - paging.pageSize, end);
    // Past the last page there are no conversations at all, not an empty list of them.
    return ok({ ...(page.length === 0 ? {} : { conversations: page.map(detailRecord) }), totalHits: found.length });
  };

  const submit = (request: RestRequest, nowMs: EpochMs): RouteAnswer => {
    const read = readBody(jobSchema, request.body);
    if ('refused' in read) return read.refused;
    const { interval, limit, startOfDayIntervalMatching } = read.value;
    if (tooLong(interval, maxDays.jobs)) return badRequest(`The interval may not exceed ${maxDays.jobs} days.`);
    const earliestMs = startOfDayIntervalMatching ? startOfDay(interval.fromMs) : -Infinity;
    const found = select(history.all(), read.value, (conversation) => {
      const { startedAtMs } = conversation;
      const endMs = conversationEndMs(conversation);
      const activeInside = startedAtMs < interval.toMs && (endMs ?? Infinity) >= interval.fromMs;
      return activeInside && startedAtMs >= earliestMs && (endMs ?? startedAtMs) < availableMs(nowMs);
    });
    return jobs.submit(found.slice(0, limit).map(detailRecord), nowMs);
  };

  return {
    answer(request, caller, nowMs) {
      const { method, path } = request;
      const single = /^\/api\/v2\/analytics\/conversations\/([^/]+)\/details$/.exec(path)?.[1];
      if (single !== undefined && method === 'GET') {
        const found = history.find(single);
        return (
          refusal(caller, ...readers) ?? (found === undefined ? notFound('Conversation') : ok(detailRecord(found)))
        );
      }
      if (!path.startsWith(`${root}/`)) return undefined;
      if (path === `${root}/jobs/availability` && method === 'GET') {
        return refusal(caller, 'analytics:conversationDetail:view') ?? ok(availability(nowMs));
      }
      const refused = refusal(caller, ...readers);
      if (refused !== undefined) return refused;
      if (path === `${root}/query` && method === 'POST') return query(request);
      if (path === `${root}/jobs` && method === 'POST') return submit(request, nowMs);
      return jobs.answer(request, nowMs);
    },
  };
}

function select(
  conversations: Iterable<Conversation>,
  selection: Selection,
  inTime: (conversation: Conversation) => boolean,
): Conversation[] {
  const { conversationFilters, segmentFilters, order, orderBy } = selection;
  const { evaluationFilters, surveyFilters, resolutionFilters } = selection;
  // No conversation here has an evaluation or a resolution.
  if (evaluationFilters.length + resolutionFilters.length > 0) return [];
  const found = [...conversations].filter(
    (each) =>
      inTime(each) &&
      fitsAll(conversationFilters, conversationDimensions(each)) &&
      (surveyFilters.length === 0 || fitsAll(surveyFilters, surveyDimensions(each))) &&
      (segmentFilters.length === 0 || fitsAll(segmentFilters, segmentDimensions(each))),
  );
  const timeOf = (each: Conversation) =>
    orderBy.endsWith('Start') ? each.startedAtMs : (conversationEndMs(each) ?? Infinity);
  const sign = order === 'desc' ? -1 : 1;
  return found.sort((a, b) => sign * (timeOf(a) === timeOf(b) ? 0 : timeOf(a) - timeOf(b)));
}

/** What conversation filters see: once for each medium that it went through. */
function conversationDimensions(conversation: Conversation): Readonly<Record<string, string>>[] {
  const endMs = conversationEndMs(conversation);
  const conversationEnd = endMs === undefined ? '' : isoTime(endMs);
  const shared = { conversationId: conversation.id, originatingDirection: 'inbound', conversationEnd };
  return [...new Set(conversation.calls.map((call) => call.mediaType))].map((mediaType) => ({ ...shared, mediaType }));
}

/** What survey filters see: what tells who was asked about whom, and what became of it. */
function surveyDimensions(conversation: Conversation): Readonly<Record<string, string>>[] {
  return surveyBodies(conversation).map(({ surveyId, surveyFormId, surveyStatus, queueId, userId }) => ({
    surveyId,
    surveyFormId,
    surveyStatus,
    queueId,
    userId,
  }));
}

/** Whether one thing passes all the filters together. */
function fitsAll(all: readonly Filter[], things: readonly Readonly<Record<string, string>>[]): boolean {
  return all.length === 0 || things.some((dimensions) => all.every((filter) => selects(filter, dimensions)));
}

function within({ fromMs, toMs }: Interval, atMs: EpochMs): boolean {
  return fromMs <= atMs && atMs < toMs;
}

function tooLong({ fromMs, toMs }: Interval, days: number): boolean {
  return toMs - fromMs > days * dayMs + 3_600_000;
}

function startOfDay(atMs: EpochMs): EpochMs {
  return Math.floor(atMs / dayMs) * dayMs;
}
