import type { Position } from '../sink.ts';
import { mayHoldCheckpoint } from './line.ts';
import { type CommittedCheckpoint, parseLine, readSegment } from './log-summary.ts';
import { listSegments } from './segments.ts';

/**
 * The newest checkpoint of a log for which no more of the input was read than `positionMax`; undefined when there is none. Safe while
 * another process writes.
 */
export async function readCheckpointBefore(
  dir: string,
  positionMax: Position,
): Promise<CommittedCheckpoint | undefined> {
  const segments = await listSegments(dir);
  for (const segment of segments.toReversed()) {
    const { lines } = await readSegment(segment, segment === segments.at(-1));
    for (const line of lines.toReversed()) {
      if (!mayHoldCheckpoint(line.json)) continue;
      const { checkpoint, position, offset, outputs } = parseLine(segment, line);
      if (checkpoint !== undefined && position <= positionMax)
        return { checkpoint, position, offset: offset + outputs.length };
    }
  }
  return undefined;
}
