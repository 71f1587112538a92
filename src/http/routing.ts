import type { FastifyReply } from 'fastify';
import type { Clock } from '../../sinks/clock.ts';
import type { SlaStanding } from '../../streams/ranking/weights.ts';
import { GenesysError } from '../genesys/errors.ts';
import type { Roster } from '../routing/roster.ts';
import type { Rosters } from '../routing/rosters.ts';
import { rankFor } from '../routing/what-if.ts';
import { problem, problemAnswers } from './problem.ts';
import * as wire from './routing-wire.ts';
import { type App, refuse } from './server.ts';

export interface RoutingSettings {
  readonly rosters: Rosters;
  /** Platform time. */
  readonly clock: Clock;
}

/** As many as the tutorial names. */
const rankedMax = 5;

/** `POST /simulate/routing`: who would be given an interaction, and why. It routes nothing. */
export function routingRoutes({ rosters, clock }: RoutingSettings): (app: App) => void {
  return (app) => {
    app.post(
      '/simulate/routing',
      {
        schema: {
          summary: 'Who would be given an interaction, and why',
          description:
            'Ranks the agents who are idle by skills, language and satisfaction. 404 if nobody is available, 422 if nobody passes the threshold.',
          body: wire.whatIfRequest,
          response: { 200: wire.whatIfAnswer, ...problemAnswers(400, 401, 404, 413, 415, 421, 422, 429, 503) },
        },
      },
      async (request, reply) => {
        const { body } = request;
        const period = wire.periodOf(body.start_date, body.end_date);
        if (period !== null && period.endMs <= period.startMs) {
          const faults = ['start_date', 'end_date'].map((field) => ({
            field,
            detail: 'the end is not after the start',
          }));
          return void refuse(reply, problem('invalid-request', 'end_date must be after start_date.', faults));
        }
        const roster = await rosterFor(reply, rosters, clock, { ...body, period });
        if (roster === null) return;
        const answer = rankFor(roster.agents, {
          required: wire.requiredOf(body),
          weights: wire.weightsOf(body.weights),
          sla: slaOf(body),
        });
        const { agents } = roster;
        const basis = wire.basisOf(roster, clock.nowMs());
        const of = `of ${agents.length} agents${basis.stale ? `, as they were ${basis.age_seconds} s ago,` : ''}`;
        if (answer.kind === 'none-available') {
          return void refuse(reply, problem('no-agent-available', `None ${of} of queue ${body.queue_id} is idle.`));
        }
        if (answer.kind === 'none-eligible') {
          const detail = `${answer.available} ${of} are idle, and none of them has a score of ${answer.threshold} or more: lower weights.min_score_threshold or ask for less.`;
          return void refuse(reply, problem('no-agent-eligible', detail));
        }
        const byId = new Map(agents.map((agent) => [agent.id, agent]));
        const ranked = answer.ranked.slice(0, rankedMax).map((each) => wire.rankedWire(each, byId.get(each.id)));
        return {
          top_agent: wire.rankedWire(answer.top, byId.get(answer.top.id)),
          ranked_agents: ranked,
          ...wire.usedOf(answer),
          fairness_metrics: wire.fairnessOf(answer.fairness, [[answer.top.id, 1]]),
          available: answer.available,
          eligible: answer.ranked.length,
          basis,
        };
      },
    );
  };
}

interface Asked {
  readonly queue_id: string;
  readonly agents?: readonly Parameters<typeof wire.agentOf>[0][] | null | undefined;
  readonly period: Parameters<Rosters>[1];
}

/** The agents of the request, or those of the queue; null when that was answered with a problem. */
async function rosterFor(reply: FastifyReply, rosters: Rosters, clock: Clock, asked: Asked): Promise<Roster | null> {
  if (asked.agents != null) {
    const agents = asked.agents.map(wire.agentOf);
    const ids = new Set<string>();
    const twice = agents.findIndex(({ id }) => ids.size === ids.add(id).size);
    if (twice >= 0) {
      const faults = [{ field: `agents.${twice}.id`, detail: 'another agent has this id too' }];
      refuse(reply, problem('invalid-request', 'Each agent needs an id of its own.', faults));
      return null;
    }
    return { agents, origin: 'request', asOfMs: clock.nowMs(), isStale: false, csat: 'request' };
  }
  try {
    return await rosters(asked.queue_id, asked.period);
  } catch (error) {
    if (!(error instanceof GenesysError)) throw error;
    refuse(reply, problem(error.code === 'QC_GENESYS_NOT_FOUND' ? 'not-found' : 'platform-unreachable', error.message));
    return null;
  }
}

const slaOf = (body: { readonly sla_target: string; readonly current_performance: number }): SlaStanding => ({
  target: body.sla_target,
  performance: body.current_performance,
});
