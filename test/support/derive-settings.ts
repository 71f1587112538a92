import type { DeriveSettings } from '../../streams/derive.ts';

/** The product's defaults, in a zone and organisation of the tests. */
export const deriveSettings: DeriveSettings = {
  organizationId: 'org',
  shard: 0,
  timeZone: 'UTC',
  windowSizeMs: 60_000,
  outOfOrdernessMs: 0,
  allowedLatenessMs: 0,
  holdMs: null,
  gapMaxMs: 900_000,
};
