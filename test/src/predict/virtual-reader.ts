import type { Answer } from '../../../src/predict/answer.ts';
import { predictQueue, type Wanted } from '../../../src/predict/predict.ts';
import type { CallCenterDriver } from '../../../src/simulator/call-center.ts';
import { createPlatform, type PlatformOptions } from '../../../src/simulator/platform.ts';
import type { SettingsByQueue } from '../../../streams/queue-settings.ts';
import { createVirtualGenesys } from '../../support/virtual-genesys.ts';
import { createVirtualTime } from '../../support/virtual-time.ts';

export const announced = { announcementMode: 'approximate', announcementLocale: 'en' } as const;

/** Asks a simulated platform at a moment of its day, without a network. */
export async function predictAt(
  driver: CallCenterDriver,
  atMs: number,
  wanted: Partial<Wanted> & Pick<Wanted, 'queue'>,
  permissions?: readonly string[],
  settings: SettingsByQueue = announced,
): Promise<{ readonly answer: Answer; readonly asked: readonly string[] }> {
  const client = { id: 'client', secret: 'secret', ...(permissions === undefined ? {} : { permissions }) };
  const options: PlatformOptions = { driver, clients: [client] };
  const time = createVirtualTime(atMs);
  const { rest, asked } = createVirtualGenesys(createPlatform(options), time, () => 0.5);
  const { signal } = new AbortController();
  const reader = { rest, clock: time.clock, signal, lastAnswer: () => undefined };
  const answer = predictQueue(reader, { mediaType: undefined, ...wanted }, settings);
  answer.catch(() => undefined);
  await time.runUntil(atMs + 60_000);
  return { answer: await answer, asked: asked.map(({ what }) => what) };
}
