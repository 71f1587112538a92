/** A topic that somebody can hear. */
export interface Topic {
  readonly name: string;
  readonly kind: 'observations' | 'conversations' | 'activity' | 'routingStatus' | 'presence';
  /** The id of the queue or the user. */
  readonly entityId: string;
}

const families = [
  { prefix: 'v2.analytics.queues', kinds: ['observations'] },
  { prefix: 'v2.routing.queues', kinds: ['conversations'] },
  { prefix: 'v2.users', kinds: ['activity', 'routingStatus', 'presence'] },
] as const;

const form =
  /^(?<prefix>v2\.[a-z.]+)\.(?<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.(?<one>[A-Za-z]+)|\?(?<many>[A-Za-z&]+))$/;

/** The topics that a name stands for, several if it is combined (`v2.users.{id}?a&b`); undefined if it is no topic. */
export function parseTopic(requested: string): readonly Topic[] | undefined {
  const { prefix, id: entityId, one, many } = form.exec(requested)?.groups ?? {};
  const family = families.find((each) => each.prefix === prefix);
  if (family === undefined || entityId === undefined) return undefined;
  const topics: Topic[] = [];
  for (const suffix of one === undefined ? (many ?? '').split('&') : [one]) {
    const kind = family.kinds.find((each) => each === suffix);
    if (kind === undefined) return undefined;
    topics.push({ name: topicName(family.prefix, entityId, kind), kind, entityId });
  }
  return topics;
}

/** Every topic there is, with `{id}` for the queue or the user. */
export function topicTemplates(): readonly Topic[] {
  return families.flatMap(({ prefix, kinds }) =>
    kinds.map((kind) => ({ name: topicName(prefix, '{id}', kind), kind, entityId: '{id}' })),
  );
}

/** The permissions for a topic; all of them are needed. */
export function topicPermissions(topic: Topic): readonly string[] {
  switch (topic.kind) {
    case 'observations':
      return ['analytics:queueObservation:view', 'analytics:conversationAggregate:view'];
    case 'conversations':
      return ['conversation:communication:view'];
    case 'activity':
    case 'routingStatus':
    case 'presence':
      return [];
  }
}

function topicName(prefix: string, entityId: string, kind: string): string {
  return `${prefix}.${entityId}.${kind}`;
}

export const observationsTopic = (queueId: string) => topicName('v2.analytics.queues', queueId, 'observations');
export const conversationsTopic = (queueId: string) => topicName('v2.routing.queues', queueId, 'conversations');
export const userTopic = (userId: string, kind: 'activity' | 'routingStatus' | 'presence') =>
  topicName('v2.users', userId, kind);
