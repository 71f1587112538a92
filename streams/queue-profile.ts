import type { QueueEvent } from './event.ts';
import type { Logic } from './logic.ts';
import { type Output, output } from './record.ts';
import { type QueueProfile, queueProfile } from './records/queue-profile.ts';

/** Publishes a queue's name and targets, with a new revision whenever one of them has changed. */
export function publishQueueProfiles(): Logic<Map<string, QueueProfile>, QueueEvent, Output> {
  return {
    name: 'queue-profile',
    version: 1,
    start: () => new Map(),
    step(profiles, event) {
      if (event.kind !== 'queue-profile') return [profiles, []];
      const voice = event.serviceLevels.find((level) => level.mediaType === 'voice');
      const before = profiles.get(event.queueId);
      const after: QueueProfile = {
        queueId: event.queueId,
        revision: before === undefined ? 0 : before.revision + 1,
        validFromMs: event.receivedAtMs,
        name: event.name,
        voiceServiceLevelTarget: voice?.target ?? null,
        voiceServiceLevelMs: voice?.durationMs ?? null,
      };
      const isSame =
        before?.name === after.name &&
        before.voiceServiceLevelTarget === after.voiceServiceLevelTarget &&
        before.voiceServiceLevelMs === after.voiceServiceLevelMs;
      if (isSame) return [profiles, []];
      profiles.set(event.queueId, after);
      return [profiles, [output(queueProfile, after, event.receivedAtMs)]];
    },
  };
}
