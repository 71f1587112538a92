import { Readable } from 'node:stream';
import { z } from 'zod';
import { systemClock } from '../../sinks/clock.ts';
import { InteractionLogError } from '../routing/log-error.ts';
import { inOrderOfStart, interactionFields, interactionsMax, readLog, toInteractions } from '../routing/read-log.ts';
import { createSimulation, type Simulated } from '../routing/simulation.ts';
import { weightsUsed } from '../routing/what-if.ts';
import { askedRoster, refuseNobody, type RoutingSettings, slaOf } from './asked-roster.ts';
import { type FieldFault, problem, problemAnswers, type Problem } from './problem.ts';
import * as wire from './routing-wire.ts';
import { createTurns } from './turns.ts';
import { type App, refuse } from './server.ts';

const path = '/simulate/routing/batch';
const csv = 'text/csv';
const jsonLines = 'application/x-ndjson';

/** A log that comes along as JSON is held in memory; as text it is read as it comes. */
const jsonBytesMax = 16 * 2 ** 20;
const textBytesMax = 256 * 2 ** 20;
/** Each takes a while of the one loop there is. */
const batchesMax = 2;

const handleSecondsUsual = 240;
const secondsMax = 604_800;
const seconds = () => z.number().min(0).max(secondsMax);

const capacityWire = {
  capacity: z
    .boolean()
    .default(false)
    .describe('Whether agents become busy for as long as each interaction takes; then each needs started_at'),
  handle_seconds: seconds().default(handleSecondsUsual).describe('Of interactions that do not say'),
  max_wait_seconds: seconds().nullish().describe('Who has waited longer gives up'),
};

interface Waiting {
  readonly capacity: boolean;
  readonly max_wait_seconds?: number | null | undefined;
}

const nobodyWaits = {
  path: ['max_wait_seconds'],
  message: 'goes with capacity: nobody waits while agents never become busy',
};
const mayWait = ({ capacity, max_wait_seconds: most }: Waiting) => capacity || most == null;

const batchRequest = z
  .strictObject({
    ...wire.questionWire,
    ...capacityWire,
    interactions: z.array(z.strictObject(interactionFields)).max(interactionsMax),
  })
  .refine(mayWait, nobodyWaits);

/** A number as a query has it. */
const digits = () =>
  z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9})?$/)
    .transform(Number);

/** What a log that comes as text cannot say itself. */
const textQuery = z
  .strictObject({
    queue_id: wire.questionWire.queue_id.optional(),
    sla_target: wire.questionWire.sla_target,
    current_performance: digits().pipe(z.number().max(1)).default(0.8),
    start_date: wire.questionWire.start_date,
    end_date: wire.questionWire.end_date,
    capacity: z
      .enum(['true', 'false'])
      .default('false')
      .transform((text) => text === 'true'),
    handle_seconds: digits().pipe(seconds()).default(handleSecondsUsual),
    max_wait_seconds: digits().pipe(seconds()).optional(),
  })
  .refine(mayWait, nobodyWaits);

const batchAnswer = z.object({
  interactions: z.int(),
  assignments: z.array(
    z.object({
      interaction_id: z.string(),
      agent_id: z.string(),
      score: z.number(),
      wait_seconds: z.number().nullable().describe('Null where agents never become busy'),
    }),
  ),
  unassigned: z.array(z.object({ interaction_id: z.string(), reason: z.enum(['none_eligible', 'waited_too_long']) })),
  ...wire.usedWire,
  fairness_metrics: wire.fairnessWire.extend({
    test: z
      .enum(['uniform', 'eligible_sets'])
      .describe('Against all who are idle, or each time those who are idle and eligible'),
  }),
  basis: wire.basisWire,
});

/** `POST /simulate/routing/batch`: a log of interactions to those who would have been given them. */
export function routingBatchRoutes(settings: RoutingSettings): (app: App) => void {
  let running = 0;
  return (app) => {
    void app.register((scope: App, _, done) => {
      scope.addContentTypeParser([csv, jsonLines], (_request, payload, parsed) => parsed(null, payload));
      scope.post(
        path,
        {
          bodyLimit: jsonBytesMax,
          schema: {
            summary: 'Who would have been given the interactions of a log',
            description: `As application/json a request with agents and interactions; as ${csv} or ${jsonLines} the interactions alone, read as they come, over the agents of queue_id. Columns: id, required_skill (several with + between), required_language, started_at, handle_seconds. The query is for these two.`,
            querystring: textQuery,
            body: batchRequest,
            texts: [csv, jsonLines],
            response: { 200: batchAnswer, ...problemAnswers(400, 401, 404, 413, 415, 421, 429, 503) },
          },
        },
        async ({ body, query, headers, socket }, reply) => {
          const payload: unknown = body;
          const isText = payload instanceof Readable;
          if (running >= batchesMax) {
            if (isText) payload.resume();
            reply.header('retry-after', 5);
            return void refuse(
              reply,
              problem('too-many-requests', `${batchesMax} batches are on their way; ask again in 5 s.`),
            );
          }
          running += 1;
          try {
            const { queue_id: queueId } = isText ? query : body;
            if (queueId === undefined) {
              const faults = [{ field: 'queue_id', detail: 'needed in the query, beside a log as text' }];
              return void refuse(reply, problem('invalid-request', 'Say in the query whose agents to rank.', faults));
            }
            const asked = isText ? { ...query, queue_id: queueId, weights: null, agents: null } : body;
            const roster = await askedRoster(reply, settings, asked);
            if (roster === null) return;
            const nowMs = settings.clock.nowMs();
            if (!roster.agents.some(({ routingStatus }) => routingStatus === 'IDLE')) {
              return void refuseNobody(reply, roster, queueId, nowMs);
            }
            const used = weightsUsed({ weights: wire.weightsOf(asked.weights, settings.weights), sla: slaOf(asked) });
            const rules = { handleSeconds: asked.handle_seconds, waitSecondsMax: asked.max_wait_seconds ?? null };
            const simulation = createSimulation({
              agents: roster.agents,
              weights: used.weights,
              capacity: asked.capacity ? rules : null,
            });
            const format = headers['content-type']?.startsWith(csv) === true ? 'csv' : 'json';
            const log = isText ? readLog(upTo(payload, textBytesMax), format) : toInteractions(body.interactions);
            const others = createTurns(systemClock);
            const letOthers = async () => {
              await others.haveTheirTurn();
              if (socket.destroyed) throw new CallerGone();
            };
            let interactions = 0;
            for await (const each of asked.capacity ? await inOrderOfStart(log) : log) {
              while (!simulation.settle(each)) if (others.areDue()) await letOthers();
              simulation.take(each);
              interactions += 1;
              if (others.areDue()) await letOthers();
            }
            while (!simulation.settle()) if (others.areDue()) await letOthers();
            const basis = wire.basisOf(roster, nowMs);
            return { interactions, ...answerOf(simulation.finish()), ...wire.usedOf(used), basis };
          } catch (error) {
            if (error instanceof CallerGone) return void reply.hijack();
            if (!(error instanceof InteractionLogError)) throw error;
            return void refuse(reply, problemOf(error));
          } finally {
            running -= 1;
            if (isText) payload.resume();
          }
        },
      );
      done();
    });
  };
}

/** Nobody waits for the answer any more. */
class CallerGone extends Error {}

async function* upTo(bytes: AsyncIterable<unknown>, bytesMax: number): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const chunk of bytes) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('A body comes in bytes.');
    count += chunk.length;
    if (count > bytesMax)
      throw new InteractionLogError('QC_LOG_TOO_LARGE', null, null, `a log has ${bytesMax} bytes at most`);
    yield chunk;
  }
}

function problemOf({ code, row, field, message }: InteractionLogError): Problem {
  if (code === 'QC_LOG_TOO_LARGE') return problem('body-too-large', message);
  const place = ['interactions', ...(row === null ? [] : [row - 1]), ...(field === null ? [] : [field])];
  const faults: readonly FieldFault[] = [{ field: place.join('.'), detail: message }];
  return problem('invalid-request', message, faults);
}

const reasons = { 'none-eligible': 'none_eligible', 'waited-too-long': 'waited_too_long' } as const;

/** What a simulation came to, as it is told to machines. */
export function answerOf({ assignments, unassigned, fairness, shares, test }: Simulated) {
  const counts = Array.from(shares, ([id, { chosen }]) => [id, chosen] as const);
  return {
    assignments: assignments.map(({ interactionId, agentId, score, waitSeconds }) => ({
      interaction_id: interactionId,
      agent_id: agentId,
      score,
      wait_seconds: waitSeconds,
    })),
    unassigned: unassigned.map(({ interactionId, reason }) => ({
      interaction_id: interactionId,
      reason: reasons[reason],
    })),
    fairness_metrics: {
      ...wire.fairnessOf(fairness, counts),
      test: test === 'uniform' ? ('uniform' as const) : ('eligible_sets' as const),
    },
  };
}
