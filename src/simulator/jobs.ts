import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import { badRequest, mustBe, notFound, ok, type RestRequest, type RouteAnswer } from './rest.ts';
import { isoTime } from './wire.ts';

/** Queries that are answered later, page by page. */
export interface Jobs {
  /** Takes a query whose rows are known; shows them only when the job is done. */
  submit(rows: readonly unknown[], nowMs: EpochMs): RouteAnswer;
  /** `GET {root}/{id}` and `{root}/{id}/results`, `DELETE {root}/{id}`; undefined for other requests. */
  answer(request: RestRequest, nowMs: EpochMs): RouteAnswer | undefined;
}

interface Job {
  readonly rows: readonly unknown[];
  readonly submittedMs: EpochMs;
}

const queuedMs = 1_000;
const doneMs = 3_000;
const lifeMs = 86_400_000;
/** The oldest job is forgotten for a new one. */
const jobsMax = 100;
const pageSchema = z.coerce.number().int().min(1).max(10_000).default(1000);

/** `rowsName` is what the answer calls its rows; `rowsMax` how many all jobs but the newest may have; `pageExtra` what each page carries besides. */
export function createJobs(options: {
  readonly root: string;
  readonly rowsName: string;
  readonly newSecret: () => string;
  readonly rowsMax?: number;
  readonly pageExtra?: (nowMs: EpochMs) => object;
}): Jobs {
  const { root, rowsName, newSecret, rowsMax = Infinity, pageExtra = () => ({}) } = options;
  const jobs = new Map<string, Job>();

  const stateOf = ({ submittedMs }: Job, nowMs: EpochMs) => {
    const ageMs = nowMs - submittedMs;
    if (ageMs < queuedMs) return 'QUEUED';
    if (ageMs < doneMs) return 'PENDING';
    return ageMs < lifeMs ? 'FULFILLED' : 'EXPIRED';
  };

  const describe = (job: Job, nowMs: EpochMs): RouteAnswer => {
    const state = stateOf(job, nowMs);
    const done = state === 'FULFILLED' || state === 'EXPIRED';
    return ok({
      state,
      submissionDate: isoTime(job.submittedMs),
      ...(done ? { completionDate: isoTime(job.submittedMs + doneMs) } : {}),
      expirationDate: isoTime(job.submittedMs + lifeMs),
    });
  };

  const results = (job: Job, { query }: RestRequest, nowMs: EpochMs): RouteAnswer => {
    const state = stateOf(job, nowMs);
    if (state !== 'FULFILLED') return badRequest(`The job is ${state}; its results can be read when it is FULFILLED.`);
    const size = pageSchema.safeParse(query.get('pageSize') ?? undefined);
    const from = readCursor(query.get('cursor'));
    if (!size.success) return badRequest(mustBe('pageSize', query.get('pageSize'), '1 to 10000'));
    if (from === undefined) return badRequest(mustBe('cursor', query.get('cursor'), 'that of the page before'));
    const end = from + size.data;
    return ok({
      [rowsName]: job.rows.slice(from, end),
      ...(end < job.rows.length ? { cursor: Buffer.from(`at/${end}`).toString('base64url') } : {}),
      ...pageExtra(nowMs),
    });
  };

  return {
    submit(rows, nowMs) {
      const jobId = newSecret();
      jobs.set(jobId, { rows, submittedMs: nowMs });
      let rowCount = [...jobs.values()].reduce((sum, job) => sum + job.rows.length, 0);
      for (const [oldest, job] of jobs) {
        if (jobs.size <= jobsMax && (rowCount <= rowsMax || oldest === jobId)) break;
        jobs.delete(oldest);
        rowCount -= job.rows.length;
      }
      return { status: 202, body: { jobId } };
    },
    answer(request, nowMs) {
      if (!request.path.startsWith(`${root}/`)) return undefined;
      const [id = '', part, ...rest] = request.path.slice(root.length + 1).split('/');
      if (rest.length > 0) return undefined;
      const job = jobs.get(id);
      if (job === undefined) return notFound(`Job ${id}`);
      if (request.method === 'GET' && part === undefined) return describe(job, nowMs);
      if (request.method === 'GET' && part === 'results') return results(job, request, nowMs);
      if (request.method !== 'DELETE' || part !== undefined) return undefined;
      jobs.delete(id);
      return { status: 204 };
    },
  };
}

function readCursor(cursor: string | null): number | undefined {
  if (cursor === null) return 0;
  const offset = /^at\/(\d+)$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'))?.[1];
  return offset === undefined ? undefined : Number(offset);
}
