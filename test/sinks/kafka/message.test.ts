import { expect, test } from 'vitest';
import { toMessage } from '../../../sinks/kafka/message.ts';
import { output, tombstone } from '../../../streams/record.ts';
import { heartbeat } from '../../../streams/records/heartbeat.ts';

const settings = { topicPrefix: 'x', shard: 0, source: 'here' };

test('a key that is gone is a message without a value, under the key that it had', () => {
  const beat = { shard: 3, heardUntilMs: null, tickMs: 1, sequence: 0 };
  const there = toMessage(output(heartbeat, beat, 5), settings);
  const gone = toMessage(tombstone(heartbeat, { shard: '3' }, 6), settings);
  expect(there).toMatchObject({ topic: 'x.heartbeat.v1', message: { key: '3', value: JSON.stringify(beat) } });
  expect(gone).toMatchObject({ topic: 'x.heartbeat.v1', message: { key: '3', value: null, timestamp: '6' } });
});
