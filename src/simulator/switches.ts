import { z } from 'zod';

/** What the platform is not known to do, as settings. Each default is what is thought most likely. */
export const switchesSchema = z.strictObject({
  /** Of an answer that removed all subscriptions. */
  deleteSubscriptionsStatus: z.union([z.literal(200), z.literal(202), z.literal(204)]).default(204),
  /** Whether observations say that a count has fallen to 0. */
  zerosSent: z.boolean().default(true),
  /** Whether a call that alerts at an agent counts as waiting too, beside as alerting. */
  alertingInWaiting: z.boolean().default(false),
  /** What an observations message holds: what changed, or all that is known of its group. */
  metricsPerMessage: z.enum(['changed', 'all']).default('changed'),
  /** What an aggregates query without a result answers: `{"results":[]}` or `{}`. */
  emptyAggregates: z.enum(['results', 'nothing']).default('results'),
  /** Closes the sockets of a token's channels when it ends; they stay unless told. */
  tokenEndCloseCode: z.int().min(1000).max(4999).optional(),
  /** Of a handshake for a channel that is gone or never was. */
  deadChannelStatus: z.union([z.literal(401), z.literal(403), z.literal(404)]).default(404),
  /** How many of the newest events a socket hears again that comes to a channel after another one. */
  duplicatesAfterReconnect: z.int().min(0).max(1000).default(0),
  /** What a combined topic counts against the 1000 of a channel. */
  combinedTopicCounts: z.enum(['each', 'one']).default('each'),
  /** How far the data of detail jobs ends behind now, in milliseconds. */
  detailJobLagMs: z.number().nonnegative().default(3_600_000),
});

export type PlatformSwitches = z.output<typeof switchesSchema>;
