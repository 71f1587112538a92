import { createLogSink } from '../../sinks/log/log-sink.ts';
import { readLogSummary } from '../../sinks/log/log-summary.ts';
import { openSegmentLog } from '../../sinks/log/segment-log.ts';
import { createLogSource } from '../../src/sources/log-source.ts';
import { output } from '../../streams/record.ts';
import { advanceUntil, manualClock } from '../support/manual-clock.ts';
import { readAllRecords } from '../support/log-records.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { call, sinkContract } from './sink-contract.ts';
import { sourceContract } from './source-contract.ts';

const newFolder = temporaryFolders();

sinkContract('log', () => {
  const dir = newFolder();
  let isFailing = false;
  return {
    open: async () =>
      createLogSink(
        await openSegmentLog({
          dir,
          bytesMax: 1e9,
          segmentBytesMax: 100,
          async write(file, bytes) {
            if (!isFailing) return file.appendFile(bytes);
            await file.appendFile(bytes.subarray(0, 20));
            throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
          },
        }),
      ),
    async stored() {
      const { position, checkpoint } = await readLogSummary({ dir });
      const records = (await readAllRecords(dir)).map(({ record, key, atMs, value }) => ({ record, key, atMs, value }));
      return { records, position, checkpoint: checkpoint?.checkpoint };
    },
    failNext: () => (isFailing = true),
  };
});

sourceContract('log', async () => {
  const dir = newFolder();
  const clock = manualClock();
  const log = await openSegmentLog({ dir, bytesMax: 1e9, segmentBytesMax: 300 });
  return {
    append(howMany) {
      const from = log.endOffset();
      const outputs = Array.from({ length: howMany }, (_, index) =>
        output(call, { name: 'a', waitSeconds: from + index }, 0),
      );
      return log.append({ outputs, position: 0 });
    },
    open(fromOffset, batchEventsMax) {
      const source = createLogSource({ dir, fromOffset, batchEventsMax, commitEveryMs: 0, clock });
      return {
        source: {
          run: (onBatch, signal) =>
            source.run(
              ({ events, position }) =>
                onBatch({ events: events.map(({ value }) => call.schema.parse(value).waitSeconds), position }),
              signal,
            ),
        },
        drain: () => source.drain(),
      };
    },
    until: (holds) => advanceUntil(clock, holds),
    close: () => log.close(),
  };
});
