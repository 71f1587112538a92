import { z } from 'zod';
import { count, defineRecord, epochMs } from '../record.ts';

const share = () => z.number();

/**
 * Who should be given the next interaction of a queue that asks for this, and why: the first of those eligible, with what
 * their scores are made of. Written when one of them or a score changes, so what counts the others is as old as that.
 */
export const agentRanking = defineRecord({
  name: 'agent-ranking',
  version: 1,
  kind: 'state',
  key: ['queueId', 'profile'],
  schema: z.object({
    queueId: z.string(),
    /** `default` = nothing is required; else ids of skills with `+` between, then `@` and that of the language. */
    profile: z.string(),
    requiredSkillIds: z.array(z.string()),
    requiredLanguageId: z.string().nullable(),
    /** `stale`: a gap is open, what agents do now is not known. */
    status: z.enum(['observed', 'stale']),
    /** Idle, and on or above the threshold. */
    eligible: count(),
    /** Best first; ties are in the order of how long they have been idle. `score` = the sum of the terms, each times its weight. */
    top: z.array(
      z.object({
        agentId: z.string(),
        /** Null unless names are switched on. */
        agentName: z.string().nullable(),
        score: share(),
        proficiency: share(),
        language: share(),
        /** 0.5 while nothing is known of it. */
        csat: share(),
        csatKnown: z.boolean(),
        idleSinceMs: epochMs().nullable(),
      }),
    ),
    weights: z.object({ proficiency: share(), language: share(), csat: share(), threshold: share() }),
    /** The target whose policy shifts the weights now; null = they are as they were set. */
    slaPolicy: z.string().nullable(),
    /** The queue's target for voice, percent/seconds, and the level that its calls of today have reached. */
    slaTarget: z.string().nullable(),
    serviceLevel: z.number().nullable(),
    /** How many agents of the queue are not eligible, each for the first reason that holds. */
    leftOut: z.object({
      offQueue: count(),
      notIdle: count(),
      missingSkill: count(),
      missingLanguage: count(),
      belowThreshold: count(),
    }),
    /** Share of the queue's agents of whom status, skills and languages are known; null without agents. */
    coverage: z.number().nullable(),
    observedAtMs: epochMs(),
  }),
});

export type AgentRanking = z.infer<typeof agentRanking.schema>;
