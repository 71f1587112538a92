import { z } from 'zod';

/** What a run of the fault tests breaks; handed to the tests in QUEUECAST_TEST_FAULTS as JSON. */
export const faultOptions = z.object({
  runs: z.coerce.number().int().min(1).max(10_000).default(3),
  seed: z.coerce.number().int().min(0).default(1),
  kill: z.enum(['ingest', 'derive', 'archive', 'broker', 'compact', 'replay', 'history', 'all']).default('all'),
  brokers: z.coerce
    .number()
    .pipe(z.union([z.literal(1), z.literal(3)]))
    .default(1),
  /** A sink that is broken on purpose, to see the tests fail: position and records in transactions of their own. */
  sink: z.enum(['whole', 'broken']).default('whole'),
});

export type FaultOptions = z.output<typeof faultOptions>;
