import { access, type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { constants, createGzip } from 'node:zlib';
import { errorCode, syncFolder } from '../../sinks/log/durable-file.ts';
import type { ChannelGap } from '../../streams/event.ts';
import type { EpochMs } from '../../streams/record.ts';
import { createGapCount } from '../gap-count.ts';
import type { Arrival } from '../genesys/arrival.ts';
import { RecordingError } from './errors.ts';
import { arrivalLine, organizationLine } from './format.ts';

/** What a recording holds so far. */
interface RecordingCounts {
  frames: number;
  answers: number;
  ticks: number;
  /** Each once, though it has a line for each time that it was widened, and one for its end. */
  gaps: number;
  bytes: number;
  firstMs: EpochMs | null;
  lastMs: EpochMs | null;
}

/** Writes what arrives into a file, packed if its name ends in `.gz`. All rejects with a `RecordingError`. */
export interface RecordingWriter {
  readonly path: string;
  readonly counts: Readonly<RecordingCounts>;
  /** Resolves when these arrivals are on disk, after all before them. The file is made for the first. */
  append(arrivals: readonly Arrival[], organizationId: string): Promise<void>;
  close(): Promise<void>;
}

/** Rejects at once for a file that is there: nothing is ever written over. `onMade` is called once it holds something. */
export async function createRecordingWriter(
  path: string,
  onMade: () => void = () => undefined,
): Promise<RecordingWriter> {
  await access(path).then(
    () => Promise.reject(isThere(path)),
    () => undefined,
  );
  const counts: RecordingCounts = {
    ...{ frames: 0, answers: 0, ticks: 0, gaps: 0, bytes: 0 },
    ...{ firstMs: null, lastMs: null },
  };
  const pack = path.endsWith('.gz') ? createPacker() : plain;
  const isNewGap = createGapCount();
  let file: FileHandle | undefined;
  let hasFailed = false;

  async function write(into: FileHandle, text: string, isLast: boolean): Promise<void> {
    try {
      const bytes = await pack(text, isLast);
      await into.appendFile(bytes);
      await into.datasync();
      counts.bytes += bytes.length;
    } catch (error) {
      hasFailed = true;
      throw failure(error, path);
    }
  }

  return {
    path,
    counts,
    async append(arrivals, organizationId) {
      const [first] = arrivals;
      if (first === undefined) return;
      const head = counts.firstMs === null ? [organizationLine(organizationId, first.receivedAtMs)] : [];
      const lines = [...head, ...arrivals.map(arrivalLine)];
      file ??= await create(path);
      await write(file, lines.map((line) => `${line}\n`).join(''), false);
      if (counts.firstMs === null) onMade();
      for (const arrival of arrivals) count(counts, arrival, isNewGap);
    },
    async close() {
      const opened = file;
      file = undefined;
      if (opened === undefined) return;
      try {
        if (!hasFailed) await write(opened, '', true);
      } finally {
        await opened.close();
      }
    },
  };
}

function count(counts: RecordingCounts, arrival: Arrival, isNewGap: (gap: ChannelGap) => boolean): void {
  const { kind } = arrival;
  counts.firstMs ??= arrival.receivedAtMs;
  counts.lastMs = arrival.receivedAtMs;
  if (kind === 'frame') counts.frames += 1;
  else if (kind === 'rest') counts.answers += 1;
  else if (kind === 'tick') counts.ticks += 1;
  else if (kind === 'channel-gap' && isNewGap(arrival)) counts.gaps += 1;
}

type Pack = (text: string, isLast: boolean) => Promise<Buffer>;

const plain: Pack = (text) => Promise.resolve(Buffer.from(text));

/** One packed stream that is flushed after each text: what is on disk can be unpacked, whether its end comes or not. */
function createPacker(): Pack {
  const gzip = createGzip();
  let chunks: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
  return async (text, isLast) => {
    await new Promise<void>((resolve, reject) => {
      gzip.once('error', reject);
      if (text !== '') gzip.write(text);
      if (isLast) gzip.once('end', resolve).end();
      else gzip.flush(constants.Z_SYNC_FLUSH, resolve);
    });
    gzip.removeAllListeners('error');
    // What is packed and not handed over yet, if anything: it comes as `data`.
    while (gzip.read() !== null);
    const packed = Buffer.concat(chunks);
    chunks = [];
    return packed;
  };
}

async function create(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'wx');
    // The name is to survive too.
    await syncFolder(dirname(path));
    return file;
  } catch (error) {
    throw failure(error, path);
  }
}

const isThere = (path: string) =>
  new RecordingError(
    'QC_RECORDING_UNWRITABLE',
    `${path} is there already and is not written over: name another file, or move it away`,
  );

function failure(error: unknown, path: string): RecordingError {
  const code = errorCode(error);
  if (code === 'EEXIST') return isThere(path);
  const cause = error instanceof Error ? error.message : String(error);
  const message = `The recording ${path} cannot be written (${cause}): name a file in a folder that is there, may be written and has room; what was written so far stays and can be replayed`;
  return new RecordingError('QC_RECORDING_UNWRITABLE', message, { cause: error });
}
