import { systemClock } from '../../sinks/clock.ts';
import { type Composition, credentials, platformUrls } from '../compose.ts';
import { createPseudonyms } from '../genesys/pseudonyms.ts';
import { createRest } from '../genesys/rest.ts';
import { healthRoutes } from '../http/health.ts';
import { readinessOf, readinessTopics } from '../http/readiness.ts';
import { routingBatchRoutes } from '../http/routing-batch.ts';
import { routingRoutes } from '../http/routing.ts';
import { type HttpServer, startHttpServer } from '../http/server.ts';
import { rosterTopics } from '../routing/live-roster.ts';
import type { RosterReader } from '../routing/read-roster.ts';
import { createRosters } from '../routing/rosters.ts';
import { readVersion } from './settings.ts';

/** What the server reads of the output log. */
export const servedTopics: readonly string[] = [...readinessTopics, ...rosterTopics];

/** Starts the HTTP server of a run; it answers from what the run has read by then. */
export async function serveHttp(composition: Composition): Promise<HttpServer> {
  const { config, latest, platformClock, answerWithinMs, log } = composition;
  const reader = readerOf(composition);
  const rosters = createRosters({ latest, platformClock, slackMs: answerWithinMs, systemClock, reader });
  const routing = { rosters, weights: config.rankingWeights, clock: platformClock };
  const server = await startHttpServer({
    host: config.httpHost,
    port: config.httpPort,
    token: config.httpToken,
    version: readVersion(),
    clock: systemClock,
    log,
    subjects: [
      healthRoutes(() => readinessOf(latest, platformClock.nowMs(), answerWithinMs)),
      routingRoutes(routing),
      routingBatchRoutes(routing),
    ],
  });
  log.info({ url: server.url }, 'answering over HTTP');
  return server;
}

/** Undefined where there is no platform to be asked: a recording is replayed, or nobody could log in. */
function readerOf({ config, platformClock: clock, replay }: Composition): RosterReader | undefined {
  const { agentIdKey, clientId, clientSecret } = config;
  if (replay !== undefined || clientId === undefined || clientSecret === undefined) return undefined;
  const rest = createRest({ ...platformUrls(config), ...credentials(config), clock, random: Math.random });
  return { rest, clock, pseudonymOf: agentIdKey === undefined ? undefined : createPseudonyms(agentIdKey) };
}
