import { createHash } from 'node:crypto';
import { map, Subject } from 'rxjs';
import { z } from 'zod';
import type { Clock } from '../../sinks/clock.ts';
import { SinkError } from '../../sinks/errors.ts';
import type { LogRecord } from '../../sinks/log/log-tail.ts';
import { isArchived } from '../../sinks/parquet/is-archived.ts';
import { createParquetSink, type ParquetSinkSettings } from '../../sinks/parquet/parquet-sink.ts';
import { derive, type DeriveSettings } from '../../streams/derive.ts';
import { queueEvent as eventSchema } from '../../streams/event.ts';
import type { Checkpoint } from '../../streams/logic.ts';
import { type EpochMs, organizationOf, type Output, type RecordType, topicOf } from '../../streams/record.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { resume, resumePoint } from '../refold.ts';
import { createGapList, type Gap } from './gap-list.ts';
import type { Journal, JournalRange } from './journal.ts';

export interface RederiveSettings {
  readonly journal: Journal;
  /** The dataset to make. */
  readonly out: string;
  /** Journal times; `toMs` is not in the range any more. */
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
  /** Names of the records to write. Default: all facts and revised facts. */
  readonly only?: readonly string[];
  /** Of the derivation. Without a time zone: that in which the journal was derived, else UTC. */
  readonly derivation: Omit<DeriveSettings, 'shard' | 'timeZone'> & { readonly timeZone: string | undefined };
  readonly parquet: Omit<ParquetSinkSettings, 'dir' | 'log' | 'states' | 'only' | 'clock'>;
  readonly clock: Clock;
  /** What a person should know of what is replayed. */
  readonly onNote: (note: string) => void;
  /** How far the derivation has come, in journal time. */
  readonly onProgress: (atMs: EpochMs, isInRange: boolean) => void;
}

export interface Rederived {
  /** Read from the journal in the range. */
  readonly events: number;
  /** That followed from them, of all kinds. */
  readonly outputs: number;
  /** Records by topic, of those that were asked for. */
  readonly rows: Readonly<Record<string, number>>;
  /** How far the journal had been read for the checkpoint that was gone on with; null = from its start. */
  readonly checkpoint: number | null;
  readonly gaps: readonly Gap[];
  /** The journal time of the last event of the range. */
  readonly untilMs: EpochMs;
}

/**
 * Derives a span of journal time again, from the newest checkpoint before it, into Parquet. The same journal, range and settings give
 * the same files; one that was interrupted goes on in its folder. `record_offset` counts all outputs of the range from 0.
 *
 * Rejects with a `SinkError` where the journal has nothing of the range, or its state cannot be built any more.
 */
export async function rederive(settings: RederiveSettings, signal: AbortSignal): Promise<Rederived> {
  const { journal, fromMs, toMs, onNote } = settings;
  const range = await journal.findRange(fromMs, toMs);
  const { fromOffset, toOffset, first } = range;
  if (fromOffset >= toOffset) throw nothingThere(range, settings);
  if (first.atMs > fromMs) onNote(`the journal begins at ${iso(first.atMs)}: nothing is known of the time before`);
  const { deriveSettings, point } = await start(settings, range);
  const runner = derive(deriveSettings, point.from);
  const gaps = createGapList(fromMs, toMs);
  const aloud = { ...point, committed: fromOffset, isChanged: false };
  const input$ = new Subject<LogRecord>();
  let collected: Output[] = [];
  const failures: unknown[] = [];
  const subscription = input$
    .pipe(
      map(({ offset, key, value }) => {
        const event = eventSchema.parse(value);
        if (event.kind === 'channel-gap') gaps.take(event);
        return { offset, organizationId: organizationOf(key), event };
      }),
      resume(runner, aloud),
    )
    .subscribe({
      next: (output) => collected.push(output),
      error: (error: unknown) => failures.push(error),
    });

  const identity = identityOf(range, settings, derive(deriveSettings).snapshot());
  const sink = await createParquetSink({
    ...settings.parquet,
    dir: settings.out,
    clock: settings.clock,
    ...(settings.only === undefined ? {} : { only: settings.only }),
    log: {
      name: `the replay of ${journal.name}`,
      ...{ recordTypes, partition: 0, part: '0' },
      readId: () => Promise.resolve(identity),
    },
  });
  let [events, outputs, untilMs] = [0, 0, fromMs];
  const rows = new Map<string, number>();
  try {
    await journal.read(point.readFrom, toOffset).run(async (batch) => {
      collected = [];
      for (const record of batch.events) input$.next(record);
      if (failures.length > 0) throw failures[0];
      const records = collected.map(({ type, key, atMs, value }, index): LogRecord => ({
        ...{ record: topicOf(type), key, atMs, value: value ?? null },
        offset: outputs + index,
      }));
      for (const { record } of records) rows.set(record, (rows.get(record) ?? 0) + 1);
      outputs += records.length;
      await sink.archive(records, outputs);
      events += batch.events.filter(({ offset }) => offset >= fromOffset).length;
      untilMs = batch.events.at(-1)?.atMs ?? untilMs;
      settings.onProgress(untilMs, batch.position > fromOffset);
    }, signal);
    await sink.close();
  } catch (error) {
    await sink.abandon();
    throw error;
  } finally {
    subscription.unsubscribe();
  }
  if (toOffset === range.endOffset) onNote(`the journal ends at ${iso(untilMs)}: what came after it is not in it`);
  const written = recordTypes.filter((type) => isWritten(type, settings.only)).map(topicOf);
  return {
    ...{ events, outputs, untilMs, gaps: gaps.all() },
    rows: Object.fromEntries(written.flatMap((topic) => (rows.has(topic) ? [[topic, rows.get(topic) ?? 0]] : []))),
    checkpoint: point.readFrom === 0 ? null : point.readFrom,
  };
}

const iso = (ms: EpochMs) => new Date(ms).toISOString();

const isWritten = (type: RecordType, only: readonly string[] | undefined) =>
  only?.includes(type.name) ?? isArchived(type);

function nothingThere({ first, endOffset, fromOffset }: JournalRange, { journal, fromMs, toMs }: RederiveSettings) {
  const where =
    fromOffset >= endOffset
      ? 'ends before it'
      : first.atMs >= toMs
        ? `begins at ${iso(first.atMs)}`
        : 'has no event in it';
  const message = `Nothing to replay from ${iso(fromMs)} to ${iso(toMs)}: ${journal.name} ${where}. Choose another range, or ${journal.wayOut}.`;
  return new SinkError('QC_SINK_UNAVAILABLE', message);
}

/** Where the derivation begins, and by what settings. */
async function start({ journal, derivation, fromMs, onNote }: RederiveSettings, range: JournalRange) {
  const { first, startOffset, fromOffset } = range;
  const found = await journal.checkpointBefore(fromOffset);
  const saved = found !== undefined && found.position >= startOffset ? found : undefined;
  const timeZone = derivation.timeZone ?? zoneOf(await journal.newestCheckpoint()) ?? 'UTC';
  const deriveSettings: DeriveSettings = { ...derivation, timeZone, shard: 0 };
  const fresh = derive(deriveSettings).snapshot();
  const point = resumePoint(fresh, saved, 0);
  if (saved !== undefined && point.isChanged) {
    const others = differences(fresh, saved.checkpoint).join(', ');
    onNote(`derives from the start of the journal, for the checkpoint before the range has other ${others}`);
  }
  if (point.readFrom === 0 && startOffset > 0) {
    const lost =
      first.atMs > fromMs
        ? `the span from ${iso(fromMs)} to ${iso(first.atMs)} is lost, and without it the state of what follows cannot be built`
        : `its state at ${iso(fromMs)} cannot be built any more`;
    const message = `Of ${journal.name} all before ${iso(first.atMs)} is deleted (it begins with record ${startOffset}), and no checkpoint before the range can be gone on with: ${lost}. Choose a later range, and the settings of the run.`;
    throw new SinkError('QC_LOG_CORRUPT', message);
  }
  return { deriveSettings, point };
}

const settingsState = z.looseObject({ timeZone: z.string() });

function zoneOf(checkpoint: Checkpoint | undefined): string | undefined {
  return settingsState.safeParse(checkpoint?.['settings']?.state).data?.timeZone;
}

/** In which logics and settings two checkpoints differ. */
function differences(fresh: Checkpoint, saved: Checkpoint): readonly string[] {
  const names = new Set([...Object.keys(fresh), ...Object.keys(saved)]);
  const logics = [...names].filter((name) => fresh[name]?.version !== saved[name]?.version);
  const [ours, theirs] = [fresh, saved].map((each) => settingsState.safeParse(each['settings']?.state).data ?? {});
  const keys = new Set([...Object.keys(ours ?? {}), ...Object.keys(theirs ?? {})]);
  const text = (of: Readonly<Record<string, unknown>> | undefined, key: string) => JSON.stringify(of?.[key] ?? null);
  const settings = [...keys].filter((key) => text(ours, key) !== text(theirs, key));
  return [
    ...logics.map((name) => `version of ${name}`),
    ...settings.map((key) => `${key} (${text(theirs, key)}, now ${text(ours, key)})`),
  ];
}

/** What a folder with the files of this replay is known by: another range, or other logics or settings, are another replay. */
function identityOf({ journalId }: JournalRange, { fromMs, toMs }: RederiveSettings, fresh: Checkpoint): string {
  const versions = Object.entries(fresh).map(([name, { version }]) => [name, version]);
  const made = JSON.stringify([versions, fresh['settings']?.state]);
  const hash = createHash('sha256').update(made).digest('hex').slice(0, 12);
  return `${journalId}/${iso(fromMs)}/${iso(toMs)}/${hash}`;
}
