import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromCheckpointMessages, toCheckpointMessages } from '../../../sinks/kafka/checkpoint-message.ts';
import type { KafkaMessage } from '../../../sinks/kafka/message.ts';

/** What a compacted topic holds in the end, or any time before: later messages of a key come later. */
const cut = { shard: 0, atMs: 5, charactersMax: 10 };
const checkpoints = fc.dictionary(
  fc.constantFrom('queue-state', 'wait-prediction', 'settings'),
  fc.record({ version: fc.nat(), state: fc.jsonValue() }),
  { minKeys: 1 },
);

const read = (messages: readonly KafkaMessage[]) =>
  messages.map(({ key, value }) => ({ key, value: JSON.parse(value ?? '') as unknown }));

describe('a checkpoint in messages', () => {
  test('comes back as it was, whatever its size', () => {
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        const messages = toCheckpointMessages(checkpoint, { ...cut, position: 7 });
        const plain = JSON.parse(JSON.stringify(checkpoint));
        expect(fromCheckpointMessages(read(messages), 0)).toEqual({ checkpoint: plain, position: 7 });
      }),
    );
  });

  test('supersedes the one before it, also where that had more parts or other logics', () => {
    fc.assert(
      fc.property(checkpoints, checkpoints, (before, after) => {
        const log = [
          ...toCheckpointMessages(before, { ...cut, position: 7 }),
          ...toCheckpointMessages(after, { ...cut, position: 8 }),
        ];
        const compacted = log.filter(({ key }, index) => !log.slice(index + 1).some((later) => later.key === key));
        const plain = JSON.parse(JSON.stringify(after));
        expect(fromCheckpointMessages(read(compacted), 0)).toEqual({ checkpoint: plain, position: 8 });
      }),
    );
  });

  test('of another shard is none of ours', () => {
    const messages = toCheckpointMessages({ a: { version: 1, state: 1 } }, { ...cut, shard: 12, position: 7 });
    expect(fromCheckpointMessages(read(messages), 1)).toBeUndefined();
    expect(fromCheckpointMessages(read(messages), 12)).toMatchObject({ position: 7 });
  });
});
