import { z } from 'zod';
import { queueEvent } from '../../streams/event.ts';
import { epochMs, type EpochMs } from '../../streams/record.ts';
import type { Arrival } from '../genesys/arrival.ts';
import { keepRead } from './keep.ts';

// A recording is JSON lines in the order of the journal, one for each arrival: what it was, when, of which topic or path, its body.
// The first line is the answer that tells whose it is.

/** The path whose answer a recording begins with. */
const organizationPath = '/api/v2/organizations/me';

const line = z.discriminatedUnion('kind', [
  z.object({
    receivedAtMs: epochMs(),
    kind: z.literal('frame'),
    topicOrPath: z.string().nullable(),
    body: z.unknown(),
  }),
  z.object({
    receivedAtMs: epochMs(),
    kind: z.literal('rest'),
    topicOrPath: z.string(),
    /** Those that were asked about. */
    queueIds: z.array(z.string()).default([]),
    /** The time that was asked about. */
    interval: z.object({ startMs: epochMs(), endMs: epochMs() }).optional(),
    body: z.unknown(),
  }),
  z.object({ receivedAtMs: epochMs(), kind: z.literal('tick'), body: z.record(z.string(), z.unknown()) }),
  z.object({ receivedAtMs: epochMs(), kind: z.literal('gap'), body: z.record(z.string(), z.unknown()) }),
  z.object({ receivedAtMs: epochMs(), kind: z.literal('removed'), body: z.record(z.string(), z.unknown()) }),
  z.object({ receivedAtMs: epochMs(), kind: z.literal('satisfaction'), body: z.record(z.string(), z.unknown()) }),
]);

const organization = z.object({ id: z.string().min(1) });

/** What an arrival is called in a recording. */
const kindOf = {
  frame: 'frame',
  rest: 'rest',
  tick: 'tick',
  'channel-gap': 'gap',
  'queue-removed': 'removed',
  'agent-removed': 'removed',
  'agent-satisfaction': 'satisfaction',
} as const satisfies Record<Arrival['kind'], z.infer<typeof line>['kind']>;

/** An arrival as a line, without the line's end and without personal data. */
export function arrivalLine(arrival: Arrival): string {
  if (arrival.kind === 'frame') {
    const { receivedAtMs, topic } = arrival;
    // The decoder quotes no more of a topic that it does not know.
    const topicOrPath = topic === null ? null : topic.slice(0, 200);
    return JSON.stringify({ receivedAtMs, kind: 'frame', topicOrPath, body: keepRead(arrival) });
  }
  if (arrival.kind === 'rest') {
    const { receivedAtMs, path: topicOrPath, queueIds, interval } = arrival;
    return JSON.stringify({ receivedAtMs, kind: 'rest', topicOrPath, queueIds, interval, body: keepRead(arrival) });
  }
  const { kind, receivedAtMs, ...body } = arrival;
  return JSON.stringify({ receivedAtMs, kind: kindOf[kind], topicOrPath: null, body });
}

/** The first line of a recording. */
export function organizationLine(id: string, receivedAtMs: EpochMs): string {
  return JSON.stringify({ receivedAtMs, kind: 'rest', topicOrPath: organizationPath, queueIds: [], body: { id } });
}

/** What is wrong with a line; names fields, never values. */
export class LineFault extends Error {}

/** The arrival of a line; undefined for an answer that says whose recording it is. Throws a `LineFault`. */
export function parseLine(text: string): Arrival | undefined {
  const read = readLine(text);
  if (read.kind === 'frame') {
    const { receivedAtMs, topicOrPath: topic, body } = read;
    return { kind: 'frame', receivedAtMs, topic, body };
  }
  if (read.kind === 'rest') {
    const { receivedAtMs, topicOrPath: path, queueIds, interval, body } = read;
    if (path === organizationPath) return undefined;
    return { kind: 'rest', receivedAtMs, path, queueIds, ...(interval === undefined ? {} : { interval }), body };
  }
  const { kind: recorded, receivedAtMs, body } = read;
  const removed = 'userId' in body ? 'agent-removed' : 'queue-removed';
  const kind = ({ tick: 'tick', gap: 'channel-gap', removed, satisfaction: 'agent-satisfaction' } as const)[recorded];
  const parsed = queueEvent.safeParse({ ...body, kind, receivedAtMs });
  if (!parsed.success) throw new LineFault(describe(parsed.error, 'body'));
  const event = parsed.data;
  if (event.kind === 'tick' || event.kind === 'channel-gap' || event.kind === 'agent-satisfaction') return event;
  if (event.kind === 'queue-removed' || event.kind === 'agent-removed') return event;
  throw new LineFault(`kind: ${recorded} is not expected`);
}

/** Whose recording begins with this line, and when. Throws a `LineFault`. */
export function parseFirstLine(text: string): { readonly organizationId: string; readonly receivedAtMs: EpochMs } {
  const read = readLine(text);
  const body = organization.safeParse(read.body);
  if (read.kind !== 'rest' || read.topicOrPath !== organizationPath || !body.success) {
    throw new LineFault(`a recording begins with the answer of ${organizationPath}, as in ${organizationLine('…', 0)}`);
  }
  return { organizationId: body.data.id, receivedAtMs: read.receivedAtMs };
}

/** Whether a line may be the beginning of one that was being written when its writer died. */
export function isTorn(text: string): boolean {
  const beginning = '{"receivedAtMs":';
  if (!beginning.startsWith(text.slice(0, beginning.length))) return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

function readLine(text: string): z.infer<typeof line> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new LineFault('not JSON');
  }
  const parsed = line.safeParse(value);
  if (!parsed.success) throw new LineFault(describe(parsed.error));
  return parsed.data;
}

function describe(error: z.ZodError, ...within: readonly string[]): string {
  return error.issues
    .map((issue) => `${[...within, ...issue.path].join('.') || 'line'}: ${expected(issue)}`)
    .join(', ');
}

/** What should be there, in words of the schema: what is there may be somebody's name. */
function expected(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `${issue.expected} expected`;
  if (issue.code === 'invalid_union' && issue.path.at(-1) === 'kind')
    return `one of ${[...new Set(Object.values(kindOf))].join(', ')} expected`;
  return issue.code;
}
