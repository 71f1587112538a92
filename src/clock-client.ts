import { request } from 'undici';
import { z } from 'zod';
import type { ScaledClockSettings } from '../sinks/clock.ts';
import { GenesysError } from './genesys/errors.ts';

const settings = z.object({ epochMs: z.number(), baseMs: z.number(), speed: z.number().positive() });

/** The clock of a simulator in another process of this machine, so that both can live in the same time. */
export async function fetchClock(baseUrl: string): Promise<ScaledClockSettings> {
  const url = new URL('/simulator/clock', baseUrl).href;
  try {
    const { statusCode, body } = await request(url, { headersTimeout: 5_000, bodyTimeout: 5_000 });
    const answer = await body.json();
    if (statusCode === 200) return settings.parse(answer);
    throw new Error(`status ${statusCode}`);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `No simulator tells its time at ${url} (${why}): start one with "queuecast simulate", or leave --clock out`;
    throw new GenesysError('QC_GENESYS_UNREACHABLE', message, { cause });
  }
}
