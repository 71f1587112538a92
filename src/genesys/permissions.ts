import { z } from 'zod';
import type { Rest } from './rest.ts';

/** What a topic needs, by its template (`v2.users.{id}.activity`). */
export type TopicPermissions = ReadonlyMap<string, readonly string[]>;

const availableTopics = z.object({
  entities: z.array(
    z.object({
      id: z.string(),
      requiresPermissions: z.array(z.string()).optional(),
      permissionDetails: z.array(z.object({ permissions: z.array(z.string()).optional() })).optional(),
    }),
  ),
});

/** Asks what topics need; nothing is known when the platform does not say. */
export async function readTopicPermissions(rest: Rest, signal: AbortSignal): Promise<TopicPermissions> {
  const path = '/api/v2/notifications/availabletopics?expand=requiresPermissions,permissionDetails';
  let answer: unknown;
  try {
    answer = await rest.get(path, signal);
  } catch {
    // It only makes what is said of a refusal clearer.
    signal.throwIfAborted();
    return new Map();
  }
  const parsed = availableTopics.safeParse(answer);
  if (!parsed.success) return new Map();
  return new Map(
    parsed.data.entities.map(({ id, requiresPermissions = [], permissionDetails = [] }) => {
      const detailed = permissionDetails.flatMap(({ permissions = [] }) => permissions);
      return [id, [...new Set([...requiresPermissions, ...detailed])]];
    }),
  );
}

/** One entry of the answer to a subscription. */
export interface TopicAnswer {
  readonly id: string;
  readonly state?: string | undefined;
  readonly rejectionReason?: string | undefined;
  readonly missingPermissions?: readonly string[] | undefined;
}

/** What refused topics cost and need, a line for each kind of topic; undefined for a topic without an id in it. */
export function describeRefusals(rejected: readonly TopicAnswer[], needed: TopicPermissions): readonly string[] {
  const byTemplate = new Map<string, { topics: number; missing: Set<string> }>();
  for (const { id, missingPermissions, rejectionReason } of rejected) {
    const template = templateOf(id);
    const of = byTemplate.get(template) ?? { topics: 0, missing: new Set<string>() };
    byTemplate.set(template, of);
    of.topics += 1;
    for (const permission of missingPermissions ??
      needed.get(template) ?? [rejectionReason ?? 'a permission that the platform does not name']) {
      of.missing.add(permission);
    }
  }
  return Array.from(byTemplate, ([template, { topics, missing }]) => {
    const lost = topicCosts[template] ?? 'nothing is heard of it';
    return `${topics} topics ${template} are refused for want of ${[...missing].join(', ')}: ${lost}`;
  });
}

/** What is lost without a topic, by its template. */
export const topicCosts: Readonly<Record<string, string>> = {
  'v2.analytics.queues.{id}.observations': 'these queues are not watched',
  'v2.routing.queues.{id}.conversations': 'who waits since when is not known there',
  'v2.users.{id}.activity': 'since when these agents are idle is not known',
};

/** `v2.users.{id}.activity` for the topic of a user. */
export const templateOf = (topic: string) => topic.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, '{id}');
