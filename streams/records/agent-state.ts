import { z } from 'zod';
import { defineRecord, epochMs } from '../record.ts';

/** What is known of an agent now. No name: an agent is an employee. */
export const agentState = defineRecord({
  name: 'agent-state',
  version: 1,
  kind: 'state',
  key: ['userId'],
  schema: z.object({
    userId: z.string(),
    /** `stale`: some of it is from before a gap, and nobody has said it again since. */
    status: z.enum(['observed', 'stale']),
    routingStatus: z.string().nullable(),
    routingStatusSinceMs: epochMs().nullable(),
    presence: z.string().nullable(),
    presenceSinceMs: epochMs().nullable(),
    activeQueueIds: z.array(z.string()).nullable(),
    skillIds: z.array(z.string()),
    /** How well he knows each of them, 0 to 5. */
    proficiencies: z.array(z.object({ skillId: z.string(), proficiency: z.number() })),
    languageIds: z.array(z.string()),
    /** How customers liked him in the surveys of the last days, 0 to 1; null = nobody has said. */
    csat: z.number().nullable(),
    observedAtMs: epochMs(),
  }),
});

export type AgentState = z.infer<typeof agentState.schema>;
