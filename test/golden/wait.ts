import { z } from 'zod';
import { predictSeedWait } from '../../streams/seed-wait.ts';
import { differenceOf, type GoldenKind } from './kind.ts';

const waitInput = z.strictObject({
  inQueue: z.number().nullish(),
  agentsAvailable: z.number().nullish(),
  ahtSeconds: z.number().nullish(),
  avgWaitSeconds: z.number().nullish(),
});

export const wait: GoldenKind = {
  kind: 'wait',
  runCase: ({ input, expected }, tolerance) =>
    differenceOf(expected, predictSeedWait(waitInput.parse(input)), tolerance),
};
