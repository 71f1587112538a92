import { type SettingsByQueue, settingsOfQueue } from '../../streams/queue-settings.ts';
import type { Finding } from '../check/finding.ts';
import type { Answer, MediumAnswer } from './answer.ts';
import { mediaInUse, predictFrom } from './fold.ts';
import { findQueue, readEstimate, type Reader, readQueue } from './read.ts';
import { tutorialPayload } from './tutorial.ts';

export interface Wanted {
  /** Its id or name. */
  readonly queue: string;
  /** As analytics name it; undefined = those in use. */
  readonly mediaType: string | undefined;
}

/**
 * Asks the platform about one queue and tells what somebody who joins it now can expect. What may not be read is named in the answer, and
 * what goes by it has a reason in place of a number. Throws a `ConfigError` for a queue that is not there or not the only one of its
 * name, a `GenesysError` where nobody lets us in or answers.
 */
export async function predictQueue(reader: Reader, wanted: Wanted, settings: SettingsByQueue): Promise<Answer> {
  const { value: queue, notRead: ofQueue } = await findQueue(reader, wanted.queue);
  const { value: reading, notRead } = await readQueue(reader, queue.id);
  const media = wanted.mediaType === undefined ? mediaInUse(reading) : [wanted.mediaType];
  // A reading has no names, so what is set for this one's is set for its id.
  const own = { pattern: queue.id, ...settingsOfQueue(settings, queue.id, queue.name ?? undefined) };
  const predictions: MediumAnswer[] = [];
  const ofEstimates: Finding[] = [];
  for (const { state, prediction } of predictFrom(reading, media, { queues: [own] })) {
    const { mediaType } = state;
    const { value: platform, notRead: unread } = await readEstimate(reader, queue.id, mediaType);
    const tutorial = tutorialPayload(state, reading.events, reading.atMs);
    predictions.push({ mediaType, tutorial, calibrated: prediction, platform });
    if (ofEstimates.length === 0) ofEstimates.push(...unread);
  }
  const { id, name } = queue;
  return {
    queue: { id, name },
    atMs: reading.atMs,
    predictions,
    notRead: [...ofQueue, ...notRead, ...ofEstimates],
  };
}
