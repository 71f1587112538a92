import { createReadStream, type ReadStream } from 'node:fs';
import { constants, createGunzip } from 'node:zlib';
import { RecordingError } from './errors.ts';

export interface TextLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** The last one may lack it. */
  readonly hasEnd: boolean;
}

/** No arrival is so long; what is, is another kind of file. */
const lengthMax = 64 * 2 ** 20;

/**
 * The lines of a text file, unpacked if its name ends in `.gz`, some at a time. A packed file may lack its end, as one whose writer died
 * does. Throws a `RecordingError` when the file cannot be read.
 */
export async function* readLines(path: string, lineLengthMax = lengthMax): AsyncGenerator<readonly TextLine[]> {
  let number = 0;
  let rest = '';
  for await (const text of readTexts(path)) {
    const [first = '', ...others] = text.split('\n');
    rest += first;
    if (rest.length > lineLengthMax) {
      throw unreadable(path, `line ${number + 1} has more than ${lineLengthMax} characters`);
    }
    if (others.length === 0) continue;
    const whole = [rest, ...others.slice(0, -1)];
    rest = others.at(-1) ?? '';
    yield whole.map((each) => ({ number: (number += 1), text: each, hasEnd: true }));
  }
  if (rest !== '') yield [{ number: number + 1, text: rest, hasEnd: false }];
}

async function* readTexts(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  const decoder = new TextDecoder();
  try {
    const bytes = path.endsWith('.gz') ? unpack(file) : file;
    for await (const chunk of bytes as AsyncIterable<Buffer>) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (error) {
    throw unreadable(path, error instanceof Error ? error.message : String(error), error);
  } finally {
    file.destroy();
  }
}

function unpack(file: ReadStream) {
  const unpacked = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
  file.on('error', (error) => unpacked.destroy(error));
  return file.pipe(unpacked);
}

function unreadable(path: string, reason: string, cause?: unknown): RecordingError {
  const message = `Recording ${path} cannot be read (${reason}): name a readable .jsonl or .jsonl.gz file that "queuecast record" wrote`;
  return new RecordingError('QC_RECORDING_UNREADABLE', message, { cause });
}
