import type { LogRecord } from '../../sinks/log/log-tail.ts';
import type { Position } from '../../sinks/sink.ts';
import type { Checkpoint } from '../../streams/logic.ts';
import type { EpochMs } from '../../streams/record.ts';
import type { Source } from '../sources/source.ts';

/** Where a span of time lies in a journal, whose stamps never go back. */
export interface JournalRange {
  readonly journalId: string;
  /** The oldest record there is. */
  readonly first: LogRecord;
  /** Where what is kept begins; 0 = nothing was deleted. */
  readonly startOffset: Position;
  /** The first record of the range, and the first after it. */
  readonly fromOffset: Position;
  readonly toOffset: Position;
  /** After the newest record there is. */
  readonly endOffset: Position;
}

interface SavedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** How far the journal was read for it. */
  readonly position: Position;
}

/** A journal that is read again, with the checkpoints that were made of it. Safe while others write. */
export interface Journal {
  /** For people, within a sentence. */
  readonly name: string;
  /** For people: how to name another one. */
  readonly wayOut: string;
  /** Looks for the records of `fromMs` up to but without `toMs`. Rejects with a `SinkError` where there is no journal. */
  findRange(fromMs: EpochMs, toMs: EpochMs): Promise<JournalRange>;
  /** The newest checkpoint for which no more of the journal was read than `positionMax`. */
  checkpointBefore(positionMax: Position): Promise<SavedCheckpoint | undefined>;
  /** The newest of all. */
  newestCheckpoint(): Promise<Checkpoint | undefined>;
  /** The records from one position up to another; 0 = from the oldest. */
  read(fromOffset: Position, toOffset: Position): Source<LogRecord>;
}
