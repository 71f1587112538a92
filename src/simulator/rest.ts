import { z } from 'zod';

/** One HTTP request without its transport; header names in lower case, `body` as text. */
export interface RestRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** One HTTP answer; `body` is a JSON value, `text` what is none, both absent when there is nothing. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly text?: string;
  /** How long the answer is to take, in milliseconds of the platform. */
  readonly delayMs?: number;
}

/** What a route answers; the platform adds the headers that every answer carries. */
export type RouteAnswer = Omit<RestAnswer, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

export function ok(body: unknown): RouteAnswer {
  return { status: 200, body };
}

/** An answer in the platform's error form. */
export function failure(
  status: number,
  code: string,
  message: string,
  params: Readonly<Record<string, string>> = {},
): RouteAnswer {
  const messageWithParams = Object.entries(params).reduce(
    (text, [name, value]) => text.replace(value, `{${name}}`),
    message,
  );
  const body = {
    message,
    code,
    status,
    messageWithParams,
    messageParams: params,
    contextId: '',
    details: [],
    errors: [],
  };
  return { status, body };
}

const errorSchema = z.looseObject({ contextId: z.string() });

/** The body of an answer; one in the error form says which request it belongs to. */
export function bodyWithContext({ status, body }: RouteAnswer, correlationId: string): unknown {
  const error = status < 400 ? undefined : errorSchema.safeParse(body).data;
  return error === undefined ? body : { ...error, contextId: correlationId };
}

/** So many things since the start: the same ids in the same run. */
export function countedId(count: number): string {
  return `00000000-0000-4000-8000-${count.toString(16).padStart(12, '0')}`;
}

export const notFound = (what: string): RouteAnswer => failure(404, 'not.found', `${what} is not found.`);

export const badRequest = (message: string): RouteAnswer => failure(400, 'bad.request', message);

/** 403 for missing permissions; `any` = one of them would do. */
export function forbidden(permissions: readonly string[], any = false): RouteAnswer {
  const list = permissions.join(', ');
  const needed = any ? 'at least one of the following permissions' : 'the following permission(s)';
  return failure(
    403,
    any ? 'missing.any.permissions' : 'missing.permissions',
    `Unable to perform the requested action. You are missing ${needed}: ${list}`,
    { permissions: list },
  );
}

/** 415 for a body that says it is no JSON; undefined for one that says nothing, and where there is none. */
export function refuseMediaType({ method, headers, body }: RestRequest): RouteAnswer | undefined {
  const given = headers['content-type'];
  if (given === undefined || body === '' || method === 'GET' || method === 'HEAD') return undefined;
  const type = given.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json') return undefined;
  const message = `Media type [${type}] is not supported. Send [application/json].`;
  return failure(415, 'unsupported.media.type', message);
}

/** Reads a JSON body, or says in the platform's words why it is none. */
export function readBody<Schema extends z.ZodType>(
  schema: Schema,
  body: string,
): { readonly value: z.output<Schema> } | { readonly refused: RouteAnswer } {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { refused: badRequest('The request body is not valid JSON.') };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { value: parsed.data };
  const [issue] = parsed.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? 'body' : issue.path.join('.');
  return { refused: badRequest(`${place}: ${issue?.message ?? 'invalid'}`) };
}

/** A member of a closed list, refused in the platform's words. */
export function fieldType<const Values extends readonly [string, ...string[]]>(type: string, values: Values) {
  return z.enum(values, {
    error: ({ input }) =>
      `Value [${String(input)}] is not valid for field type [${type}]. Allowable values are: ${values.join(', ')}`,
  });
}

/** What is wrong with a value, which is named, and what would do. */
export const mustBe = (field: string, value: unknown, wanted: string) =>
  `${field} [${String(value)}] is not valid: it must be ${wanted}.`;

const pageSchema = z.object({
  pageNumber: z.coerce.number().int().min(1).default(1),
  pageSize: z.coerce.number().int().min(1).max(100).default(25),
});
const pageWanted = { pageNumber: '1 or more', pageSize: '1 to 100' } as const;

interface Page<T> {
  readonly entities: readonly T[];
  readonly pageSize: number;
  readonly pageNumber: number;
  readonly pageCount: number;
  readonly total: number;
  readonly uriOf: (pageNumber: number) => string;
}

/** Cuts one page out of a list; 25 entries unless told, 100 at most. */
export function cutPage<T>(
  request: RestRequest,
  all: readonly T[],
): { readonly page: Page<T> } | { readonly refused: RouteAnswer } {
  const { path, query } = request;
  const parsed = pageSchema.safeParse({
    pageNumber: query.get('pageNumber') ?? undefined,
    pageSize: query.get('pageSize') ?? undefined,
  });
  if (!parsed.success) {
    const fields = (['pageNumber', 'pageSize'] as const).filter((name) =>
      parsed.error.issues.some(({ path: [field] }) => field === name),
    );
    const told = fields.map((name) => mustBe(name, query.get(name), pageWanted[name]));
    return { refused: badRequest(told.join(' ')) };
  }
  const { pageNumber, pageSize } = parsed.data;
  return {
    page: {
      entities: all.slice((pageNumber - 1) * pageSize, pageNumber * pageSize),
      pageSize,
      pageNumber,
      pageCount: Math.ceil(all.length / pageSize),
      total: all.length,
      uriOf(number) {
        const target = new URLSearchParams(query);
        target.set('pageSize', String(pageSize));
        target.set('pageNumber', String(number));
        return `${path}?${target.toString()}`;
      },
    },
  };
}

/** One page of a listing with the links of the platform; only what is on the page gets a body. */
export function listing<T>(
  request: RestRequest,
  all: readonly T[],
  bodyOf: (entity: T) => unknown = (entity) => entity,
): RouteAnswer {
  const cut = cutPage(request, all);
  if ('refused' in cut) return cut.refused;
  const { uriOf, ...page } = cut.page;
  const { pageNumber, pageCount } = page;
  return ok({
    ...page,
    entities: page.entities.map((entity) => bodyOf(entity)),
    firstUri: uriOf(1),
    selfUri: uriOf(pageNumber),
    lastUri: uriOf(Math.max(pageCount, 1)),
    ...(pageNumber < pageCount ? { nextUri: uriOf(pageNumber + 1) } : {}),
    ...(pageNumber > 1 ? { previousUri: uriOf(Math.max(1, Math.min(pageNumber - 1, pageCount))) } : {}),
  });
}

/** A list parameter: repeated, or joined with commas. */
export function listOf(query: URLSearchParams, name: string): string[] {
  return query
    .getAll(name)
    .flatMap((value) => value.split(','))
    .filter((value) => value !== '');
}
