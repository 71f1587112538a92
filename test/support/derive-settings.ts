import type { DeriveSettings } from '../../streams/derive.ts';

/** The product's defaults, in a zone of the tests. */
export const deriveSettings: DeriveSettings = {
  shard: 0,
  timeZone: 'UTC',
  windowSizeMs: 60_000,
  outOfOrdernessMs: 0,
  allowedLatenessMs: 0,
  holdMs: null,
  gapMaxMs: 900_000,
  announcementMode: 'approximate',
  announcementLocale: 'en',
  callbackAfterSeconds: 600,
  queues: [],
};
