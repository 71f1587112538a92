import { type Clock, systemClock } from '../../sinks/clock.ts';
import { createSend } from '../genesys/http.ts';
import { createRest } from '../genesys/rest.ts';
import { connectWebSocket } from '../genesys/socket.ts';
import { checkClock, checkLogin, checkRate } from './access-checks.ts';
import { callChecks, checkSurveys } from './call-checks.ts';
import { checkSocket, checkTopics, emptyChannel, learnOfChannels, limitsCheck, takeChannel } from './channel-checks.ts';
import type { Finding } from './finding.ts';
import type { Figures, Timed } from './judge.ts';
import { type Asking, type Check, type Known, nothingKnown } from './platform-checks.ts';

export interface PlatformCheckSettings {
  readonly apiUrl: string;
  readonly loginUrl: string;
  /** The settings they come from, for errors; the region unless told. */
  readonly hostSettings?: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Platform time. */
  readonly clock: Clock;
  /** Whether `run` asks for the surveys of customers. */
  readonly readsSurveys: boolean;
  readonly onFigures: (figures: Figures) => void;
}

/** In real milliseconds. */
const silenceMsMax = 15_000;

/**
 * Asks the platform, with the calls that `run` makes, what it makes of them. Takes a channel, which nothing but time can end: nothing
 * else tells which topics are allowed and whether a socket opens. Rejects with the signal's reason, and for nothing else.
 */
export async function* checkPlatform(settings: PlatformCheckSettings, signal: AbortSignal): AsyncGenerator<Finding> {
  const checks: readonly Check[] = [
    checkLogin,
    checkClock,
    ...callChecks,
    ...(settings.readsSurveys ? [checkSurveys] : []),
    learnOfChannels,
    takeChannel,
    checkTopics,
    checkSocket,
    emptyChannel,
    limitsCheck(settings.onFigures),
    checkRate,
  ];
  const asking = createAsking(settings, signal);
  let known: Known = nothingKnown;
  for (const check of checks) {
    const { findings, learned, isLast } = await check(asking, known);
    yield* findings;
    if (isLast) return;
    known = { ...known, ...learned };
  }
}

function createAsking(settings: PlatformCheckSettings, signal: AbortSignal): Asking {
  const { apiUrl, loginUrl, clock } = settings;
  const send = createSend(silenceMsMax);
  let last: Timed | undefined;
  const rest = createRest({
    ...settings,
    random: Math.random,
    async send(url, request, until) {
      const sentMs = systemClock.nowMs();
      const answer = await send(url, request, until);
      last = { answer, sentMs, receivedMs: systemClock.nowMs() };
      return answer;
    },
  });
  const times = { clock, systemClock };
  return { rest, lastAnswer: () => last, apiUrl, loginUrl, ...times, connect: connectWebSocket, signal };
}
