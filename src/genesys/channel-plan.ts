/** What there is to watch: queues, and the agents who are members of any of them. */
export interface Inventory {
  readonly queueIds: readonly string[];
  readonly userIds: readonly string[];
}

/** The platform takes no more on one channel; combined names would count as what they stand for. */
export const topicsMax = 1_000;

/** The platform has 20 for a client and drops the oldest when there is one more: one stays free for whoever else uses the client. */
export const channelsMax = 19;

export const topicsOfQueue = 2;

/**
 * Shares an inventory out over channels, all topics of a queue on one. Whatever had a channel keeps it, so that nobody is subscribed
 * anew for the sake of order. `roomMax` = topics on one channel. Undefined if there are not channels enough.
 */
export function planChannels(
  { queueIds, userIds }: Inventory,
  before: readonly Inventory[] = [],
  roomMax: number = topicsMax,
): readonly Inventory[] | undefined {
  const wanted = new Set([...queueIds, ...userIds]);
  const shares = before.map((share) => {
    const queues = share.queueIds.filter((id) => wanted.has(id));
    const users = share.userIds.filter((id) => wanted.has(id));
    return { queueIds: queues, userIds: users, room: roomMax - queues.length * topicsOfQueue - users.length };
  });
  const placed = new Set(shares.flatMap((share) => [...share.queueIds, ...share.userIds]));
  let next = 0;
  const place = (topics: number) => {
    while ((shares[next]?.room ?? roomMax) < topics) next += 1;
    const share = (shares[next] ??= { queueIds: [], userIds: [], room: roomMax });
    share.room -= topics;
    return share;
  };
  for (const id of queueIds) if (!placed.has(id)) place(topicsOfQueue).queueIds.push(id);
  next = 0;
  for (const id of userIds) if (!placed.has(id)) place(1).userIds.push(id);
  if (shares.length > channelsMax) return undefined;
  return shares.map((share) => ({ queueIds: share.queueIds, userIds: share.userIds }));
}

export const observationsTopic = (queueId: string) => `v2.analytics.queues.${queueId}.observations`;
export const conversationsTopic = (queueId: string) => `v2.routing.queues.${queueId}.conversations`;
export const activityTopic = (userId: string) => `v2.users.${userId}.activity`;

export const topicsOf = ({ queueIds, userIds }: Inventory): readonly string[] => [
  ...queueIds.flatMap((id) => [observationsTopic(id), conversationsTopic(id)]),
  ...userIds.map(activityTopic),
];
