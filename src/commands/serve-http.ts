import { systemClock } from '../../sinks/clock.ts';
import type { Composition } from '../compose.ts';
import { healthRoutes } from '../http/health.ts';
import { readinessOf, readinessTopics } from '../http/readiness.ts';
import { type HttpServer, startHttpServer } from '../http/server.ts';
import { readVersion } from './settings.ts';

/** What the server reads of the output log. */
export const servedTopics: readonly string[] = readinessTopics;

/** Starts the HTTP server of a run; it answers from what the run has read by then. */
export async function serveHttp(composition: Composition): Promise<HttpServer> {
  const { config, latest, platformClock, answerWithinMs, log } = composition;
  const server = await startHttpServer({
    host: config.httpHost,
    port: config.httpPort,
    token: config.httpToken,
    version: readVersion(),
    clock: systemClock,
    log,
    subjects: [healthRoutes(() => readinessOf(latest, platformClock.nowMs(), answerWithinMs))],
  });
  log.info({ url: server.url }, 'answering over HTTP');
  return server;
}
