import { type EpochMs, topicOf } from '../../streams/record.ts';
import { heartbeat } from '../../streams/records/heartbeat.ts';
import type { Latest } from '../latest.ts';
import type { Readiness } from './health.ts';

/** What readiness is read from. */
export const readinessTopics = [topicOf(heartbeat)];

/** Heartbeats come every 5 s; this many may be missed. */
const beatsMissedMax = 6;
const beatMs = 5_000;

/**
 * Ready once the platform was heard, as long as heartbeats come: these are written where all records are. Times are the platform's;
 * `slackMs` is how long an answer may take in it.
 */
export function readinessOf(latest: Latest, nowMs: EpochMs, slackMs: number): Readiness {
  const beats = Array.from(latest.of(topicOf(heartbeat)).values(), ({ value }) => heartbeat.schema.parse(value));
  // The shard that is behind the others tells of all.
  const tickMs = beats.length === 0 ? null : Math.min(...beats.map((beat) => beat.tickMs));
  const heard = beats.flatMap((beat) => (beat.heardUntilMs === null ? [] : [beat.heardUntilMs]));
  const heardMs = heard.length < beats.length || beats.length === 0 ? null : Math.min(...heard);
  const ageMs = (ms: EpochMs) => Math.max(0, nowMs - ms);
  const isMoving = tickMs !== null && ageMs(tickMs) <= beatsMissedMax * beatMs + slackMs;
  return {
    isReady: isMoving && heardMs !== null,
    heartbeatAgeSeconds: tickMs === null ? null : ageMs(tickMs) / 1000,
    heardAgeSeconds: heardMs === null ? null : ageMs(heardMs) / 1000,
  };
}
