import type { ArchivedLog } from '../../sinks/parquet/parquet-sink.ts';
import type { Position, Sink } from '../../sinks/sink.ts';
import type { Checkpoint } from '../../streams/logic.ts';
import type { JournalTail } from '../journal-tail.ts';
import type { LogRecord } from '../sources/log-source.ts';
import type { OnBatch, Source } from '../sources/source.ts';

/** Where journal and output log are kept: in a data folder, or in Kafka. Everything that differs between the two stands behind it. */
export interface Logs {
  /** For people: where the journal is, and how to use another one. */
  readonly journal: { readonly name: string; readonly wayOut: string };
  /** Takes the journal as its one writer, from another one if need be; not before `accept` has resolved for what is in it. */
  openJournal(accept: (tail: JournalTail | null) => Promise<void>): Promise<OpenJournal>;
  /** Runs `work` on every shard that falls to this process, for as long as it does. */
  deriveShards(work: Work<OwnedShard>, ending: Ending): Promise<void>;
  /** Runs `work` on every part of the output log that falls to this process, for as long as it does. Writers of one dataset share the parts. */
  archiveOutputs(datasetId: string, work: Work<OwnedOutputs>, ending: Ending): Promise<void>;
  /** Hands over the records of some topics (without prefix) from their start on, and follows them as they grow. */
  readOutputs(topics: readonly string[], onBatch: OnBatch<LogRecord>, ending: Ending): Promise<void>;
}

export interface Ending {
  /** Aborted = end once everything that is there now is done. */
  readonly drained: AbortSignal;
  /** Aborted = end at once. */
  readonly signal: AbortSignal;
}

/** `signal` is aborted too when what is worked on goes to another process. */
type Work<Owned> = (owned: Owned, signal: AbortSignal) => Promise<void>;

interface OpenJournal {
  readonly sink: Sink;
  /** Null for a journal without records. */
  readonly tail: JournalTail | null;
}

/** A shard of the journal whose outputs are this process's to derive. */
interface OwnedShard {
  readonly shard: number;
  /** Commits outputs, position and checkpoint together. Closed by whoever gave it, if not before. */
  readonly sink: Sink;
  /** Up to here the journal's outputs are committed. */
  readonly committed: Position;
  /** The newest checkpoint, and how far the journal was read for it. */
  readonly saved: { readonly checkpoint: Checkpoint; readonly position: Position } | undefined;
  /** The shard's records from a position on; it ends when drained. */
  readonly source: (fromPosition: Position) => Source<LogRecord>;
}

/** Records of the output log that share one space of offsets. */
interface OwnedOutputs {
  readonly log: ArchivedLog;
  /** It ends when drained. */
  readonly source: (fromPosition: Position) => Source<LogRecord>;
}

/** Acts at an abort, or now if that has been. */
export function whenAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
}
