import { z } from 'zod';
import { intervalStats } from '../../streams/event.ts';

// Only what is read is named: zod drops the rest, and personal data with it. Field names are the platform's.

const metric = z.object({ metric: z.string(), qualifier: z.string().optional(), stats: intervalStats });

/** Only REST tells when the oldest began. */
const answeredMetric = metric.extend({
  stats: intervalStats.extend({ calculatedMetricValue: z.number().optional() }),
});

const group = z.object({ queueId: z.string(), mediaType: z.string().optional() });

/** `v2.analytics.queues.{id}.observations` */
export const observationsBody = z.object({
  group,
  data: z.array(z.object({ interval: z.string(), metrics: z.array(metric) })),
});

const reference = z.object({ id: z.string() });
const sessions = z.array(z.unknown()).optional();

/** `v2.routing.queues.{id}.conversations` */
export const conversationBody = z.object({
  id: z.string(),
  participants: z.array(
    z.object({
      purpose: z.string().optional(),
      connectedTime: z.string().optional(),
      endTime: z.string().optional(),
      endAcwTime: z.string().optional(),
      queueId: z.string().optional(),
      userId: z.string().optional(),
      conversationRoutingData: z
        .object({
          queue: reference.optional(),
          priority: z.number().optional(),
          language: reference.optional(),
          skills: z.array(reference).optional(),
        })
        .optional(),
      calls: sessions,
      callbacks: sessions,
      chats: sessions,
      emails: sessions,
      messages: sessions,
      videos: sessions,
    }),
  ),
});

const routingStatus = z.object({ status: z.string(), startTime: z.string().optional() });

/** `v2.users.{id}.activity` */
export const userActivityBody = z.object({
  id: z.string(),
  routingStatus: routingStatus.optional(),
  presence: z
    .object({
      presenceDefinition: z.object({ systemPresence: z.string().optional() }).optional(),
      modifiedDate: z.string().optional(),
    })
    .optional(),
  activeQueueIds: z.array(z.string()).optional(),
});

/** POST /api/v2/analytics/queues/observations/query */
export const observationsAnswer = z.object({
  results: z.array(z.object({ group, data: z.array(answeredMetric).optional() })).optional(),
});

/** POST /api/v2/analytics/conversations/aggregates/query */
export const aggregatesAnswer = z.object({
  results: z
    .array(
      z.object({
        group: z.object({ queueId: z.string(), mediaType: z.string() }),
        data: z.array(z.object({ interval: z.string(), metrics: z.array(metric) })).optional(),
      }),
    )
    .optional(),
});

/** POST /api/v2/analytics/conversations/activity/query */
export const conversationActivityAnswer = z.object({
  results: z
    .array(
      z.object({
        truncated: z.boolean().optional(),
        entities: z
          .array(
            z.object({
              activityDate: z.string(),
              metric: z.string(),
              conversationId: z.string(),
              queueId: z.string(),
              mediaType: z.string(),
              routingPriority: z.number().optional(),
              requestedRoutingSkillIds: z.array(z.string()).optional(),
              requestedLanguageId: z.string().optional(),
            }),
          )
          .optional(),
        group: group.partial(),
      }),
    )
    .optional(),
});

/** POST /api/v2/analytics/routing/activity/query */
export const routingActivityAnswer = z.object({
  results: z
    .array(
      z.object({
        entities: z
          .array(
            z.object({
              userId: z.string(),
              queueId: z.string(),
              queueMembershipStatus: z.string().optional(),
              routingStatus: z.string().optional(),
              routingStatusDate: z.string().optional(),
              systemPresence: z.string().optional(),
              presenceDate: z.string().optional(),
            }),
          )
          .optional(),
      }),
    )
    .optional(),
});

const serviceLevel = z.object({ percentage: z.number(), durationMs: z.number() });

/** GET /api/v2/routing/queues/{id} */
export const queueAnswer = z.object({
  id: z.string(),
  name: z.string(),
  mediaSettings: z.record(z.string(), z.object({ serviceLevel: serviceLevel.optional() })).optional(),
});

/** GET /api/v2/routing/queues */
export const queuesAnswer = z.object({ entities: z.array(queueAnswer), nextUri: z.string().optional() });

/** GET /api/v2/routing/queues/{id}/mediatypes/{medium}/estimatedwaittime; no result = no estimate is possible. */
export const estimatedWaitAnswer = z.object({
  results: z
    .array(
      z.object({
        intent: z.string().optional(),
        formula: z.string().optional(),
        estimatedWaitTimeSeconds: z.number().optional(),
      }),
    )
    .optional(),
});

const proficiency = z.object({ id: z.string(), proficiency: z.number().optional(), state: z.string().optional() });

/** GET /api/v2/users */
export const usersAnswer = z.object({
  entities: z.array(
    z.object({
      id: z.string(),
      skills: z.array(proficiency).optional(),
      languages: z.array(proficiency).optional(),
    }),
  ),
  nextUri: z.string().optional(),
});

/** The same with what agents are called, which is read only where that is wanted. */
export const namedUsersAnswer = usersAnswer.extend({
  entities: z.array(usersAnswer.shape.entities.element.extend({ name: z.string().optional() })),
});

export const organizationAnswer = z.object({ id: z.string(), name: z.string().optional() });

export const channelAnswer = z.object({
  id: z.string(),
  connectUri: z.url({ protocol: /^wss?$/ }),
  expires: z.string().optional(),
});

/** The channels of a token; those of others come without usable ids. */
export const channelsAnswer = z.object({
  entities: z.array(z.object({ id: z.string().optional(), expires: z.string().optional() })),
});

/** Answer of a subscription with `ignoreErrors=true`. */
export const subscriptionsAnswer = z.object({
  entities: z
    .array(
      z.object({
        id: z.string(),
        state: z.string().optional(),
        rejectionReason: z.string().optional(),
        missingPermissions: z.array(z.string()).optional(),
      }),
    )
    .optional(),
});
