import { z } from 'zod';
import type { App } from './server.ts';

/** How far the pipeline is; ages in seconds of the platform's time, null = never. */
export interface Readiness {
  readonly isReady: boolean;
  /** Since a heartbeat of the pipeline: it goes on and can write. */
  readonly heartbeatAgeSeconds: number | null;
  /** Since the platform was last heard: what is told is as old as that. */
  readonly heardAgeSeconds: number | null;
}

const age = () => z.number().nullable();
const readyAnswer = z.object({
  status: z.enum(['ready', 'not_ready']),
  heartbeat_age_seconds: age(),
  heard_age_seconds: age(),
});

/** `/healthz`: the loop turns. `/readyz`: the platform has been heard and the pipeline goes on; 503 if not. A source that is silent makes answers stale, not the process unready. */
export function healthRoutes(readiness: () => Readiness): (app: App) => void {
  return (app) => {
    const config = { isOpen: true };
    app.get(
      '/healthz',
      {
        config,
        schema: {
          summary: 'Whether the process lives',
          security: [],
          response: { 200: z.object({ status: z.literal('ok') }) },
        },
      },
      () => ({ status: 'ok' as const }),
    );
    app.get(
      '/readyz',
      {
        config,
        schema: {
          summary: 'Whether the pipeline has heard the platform, how long ago that was, and whether it goes on',
          security: [],
          response: { 200: readyAnswer, 503: readyAnswer },
        },
      },
      async (_, reply) => {
        const { isReady, heartbeatAgeSeconds, heardAgeSeconds } = readiness();
        const status = isReady ? ('ready' as const) : ('not_ready' as const);
        const ages = { heartbeat_age_seconds: heartbeatAgeSeconds, heard_age_seconds: heardAgeSeconds };
        await reply.code(isReady ? 200 : 503).send({ status, ...ages });
      },
    );
  };
}
