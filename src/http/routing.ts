import { rankFor } from '../routing/what-if.ts';
import { askedRoster, refuseNobody, type RoutingSettings, slaOf } from './asked-roster.ts';
import { problem, problemAnswers } from './problem.ts';
import * as wire from './routing-wire.ts';
import { type App, refuse } from './server.ts';

/** As many as the tutorial names. */
const rankedMax = 5;

/** `POST /simulate/routing`: who would be given an interaction, and why. It routes nothing. */
export function routingRoutes(settings: RoutingSettings): (app: App) => void {
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
      async ({ body }, reply) => {
        const roster = await askedRoster(reply, settings, body);
        if (roster === null) return;
        const answer = rankFor(roster.agents, {
          required: wire.requiredOf(body),
          weights: wire.weightsOf(body.weights, settings.weights),
          sla: slaOf(body),
        });
        const nowMs = settings.clock.nowMs();
        if (answer.kind === 'none-available') return void refuseNobody(reply, roster, body.queue_id, nowMs);
        if (answer.kind === 'none-eligible') {
          const detail = `${answer.available} agents are idle, and none of them has a score of ${answer.threshold} or more: lower weights.min_score_threshold or ask for less.`;
          return void refuse(reply, problem('no-agent-eligible', detail));
        }
        const byId = new Map(roster.agents.map((agent) => [agent.id, agent]));
        const ranked = answer.ranked.slice(0, rankedMax).map((each) => wire.rankedWire(each, byId.get(each.id)));
        return {
          top_agent: wire.rankedWire(answer.top, byId.get(answer.top.id)),
          ranked_agents: ranked,
          ...wire.usedOf(answer),
          fairness_metrics: wire.fairnessOf(answer.fairness, [[answer.top.id, 1]]),
          available: answer.available,
          eligible: answer.ranked.length,
          basis: wire.basisOf(roster, nowMs),
        };
      },
    );
  };
}
