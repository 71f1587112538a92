import { z } from 'zod';

/** What each kind of refusal is called, with its status. The kind is the last part of `type`. */
const kinds = {
  'invalid-request': [400, 'The request is not as it should be'],
  unauthorized: [401, 'A bearer token is needed'],
  'not-found': [404, 'There is nothing here'],
  'no-agent-available': [404, 'No agent is available'],
  'method-not-allowed': [405, 'Not with this method'],
  'body-too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'Not in this media type'],
  'misdirected-request': [421, 'Not for this host'],
  'no-agent-eligible': [422, 'No agent passes the threshold'],
  'too-many-requests': [429, 'Too many requests'],
  'internal-error': [500, 'An error of the server'],
  'platform-unreachable': [503, 'The platform does not answer'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

export type ProblemKind = keyof typeof kinds;

/** A fault of one field: its path in the request, with dots between, and what is wrong with it. */
export interface FieldFault {
  readonly field: string;
  readonly detail: string;
}

/** RFC 9457, with the fields at fault. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
});

export type Problem = z.infer<typeof problemSchema>;

export const problemType = 'application/problem+json';

/** A refusal for machines and people: `detail` says what to do. */
export function problem(kind: ProblemKind, detail: string, faults: readonly FieldFault[] = []): Problem {
  const [status, title] = kinds[kind];
  return {
    type: `urn:queuecast:problem:${kind}`,
    title,
    status,
    detail,
    ...(faults.length === 0 ? {} : { errors: faults.map((fault) => ({ ...fault })) }),
  };
}

/** For a route's description: the refusals that it may answer with. */
export function problemAnswers(...statuses: readonly number[]) {
  const answer = (status: number) => ({
    description: Object.values(kinds)
      .flatMap(([each, title]) => (each === status ? [title] : []))
      .join(', or: '),
    content: { [problemType]: { schema: problemSchema } },
  });
  return Object.fromEntries(statuses.map((status) => [status, answer(status)]));
}
