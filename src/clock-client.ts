import { request } from 'undici';
import { z } from 'zod';
import { type ScaledClockSettings, systemClock } from '../sinks/clock.ts';
import { GenesysError } from './genesys/errors.ts';

const settings = z.object({ epochMs: z.number(), baseMs: z.number(), speed: z.number().positive() });

/** A simulator that is started at the same time needs a moment. */
const patienceMs = 10_000;
const everyMs = 250;

/** The clock of a simulator in another process of this machine, so that both can live in the same time. */
export async function fetchClock(baseUrl: string, signal: AbortSignal): Promise<ScaledClockSettings> {
  const url = new URL('/simulator/clock', baseUrl).href;
  const untilMs = systemClock.nowMs() + patienceMs;
  for (;;) {
    try {
      const { statusCode, body } = await request(url, { headersTimeout: 5_000, bodyTimeout: 5_000, signal });
      const answer = await body.json();
      if (statusCode === 200) return settings.parse(answer);
      throw new Error(`status ${statusCode}`);
    } catch (cause) {
      signal.throwIfAborted();
      if (systemClock.nowMs() < untilMs) {
        await systemClock.sleep(everyMs, signal);
        continue;
      }
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `No simulator tells its time at ${url} (${why}): start one with "queuecast simulate", or leave --clock out`;
      throw new GenesysError('QC_GENESYS_UNREACHABLE', message, { cause });
    }
  }
}
