import type { DeriveSettings } from '../../streams/derive.ts';
import { defaultWeights } from '../../streams/ranking/weights.ts';
import { parseWindowSizes } from '../../streams/window-size.ts';

/** The product's defaults, in a zone of the tests. */
export const deriveSettings: DeriveSettings = {
  shard: 0,
  timeZone: 'UTC',
  windowSizes: parseWindowSizes('1m,15m,30m,1h,1d,1w') ?? [],
  windowLiveEveryMs: 10_000,
  outOfOrdernessMs: 0,
  allowedLatenessMs: 0,
  holdMs: null,
  gapMaxMs: 900_000,
  announcementMode: 'approximate',
  announcementLocale: 'en',
  callbackAfterSeconds: 600,
  queues: [],
  rankingTop: 5,
  rankingWeights: defaultWeights,
  rankingProfiles: [],
  agentNames: false,
};
