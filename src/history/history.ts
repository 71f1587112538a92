import type { EpochMs } from '../../streams/record.ts';
import { settledAfterMs } from '../genesys/half-hours.ts';
import type { PieceAnswer } from './cells.ts';
import { type Fetching, fetchPiece } from './fetch-piece.ts';
import type { Piece } from './plan.ts';
import type { Question } from './question.ts';
import { createRollUp, type Row } from './roll-up.ts';
import type { WorkFolder } from './work-folder.ts';

export interface HistorySettings extends Fetching {
  readonly question: Question;
  readonly pieces: readonly Piece[];
  /** Undefined: every piece is asked for, and none is kept. */
  readonly work: WorkFolder | undefined;
  /** Everything is asked for, and then kept. */
  readonly isFresh: boolean;
  readonly onPiece: (done: number, wasFetched: boolean) => void;
}

/** What is made of rows is larger than they are. */
const rowsAtOnce = 1_000;

export interface History {
  /** Arrival of the answer to the first piece, null without any: whoever asks anew has another. */
  readonly beganAtMs: EpochMs | null;
  /** Some at a time. Rejects with a `GenesysError`, or a `SinkError` for the work folder. */
  readonly rows: AsyncIterable<readonly Row[]>;
}

/** Asks for the first piece of a question, and for the others as its rows are taken. Rejects as `rows` does. */
export async function openHistory(settings: HistorySettings, signal: AbortSignal): Promise<History> {
  const [piece] = settings.pieces;
  if (piece === undefined) return { beganAtMs: null, rows: readRows(settings, undefined, signal) };
  const first = await answerOf(piece, settings, signal);
  return { beganAtMs: first.answer.observedAtMs, rows: readRows(settings, first, signal) };
}

async function* readRows(
  settings: HistorySettings,
  first: Answered | undefined,
  signal: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  const { question, pieces, onPiece } = settings;
  let rollUp = createRollUp(question);
  for (const [index, piece] of pieces.entries()) {
    signal.throwIfAborted();
    const { answer, wasFetched } = index === 0 && first ? first : await answerOf(piece, settings, signal);
    yield* inParts(rollUp.take(answer));
    onPiece(index + 1, wasFetched);
    // The time of some queues is over: what comes next begins anew, with others.
    if (pieces[index + 1]?.queueIds === piece.queueIds) continue;
    yield* inParts(rollUp.end());
    rollUp = createRollUp(question);
  }
}

interface Answered {
  readonly answer: PieceAnswer;
  readonly wasFetched: boolean;
}

function* inParts(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let at = 0; at < rows.length; at += rowsAtOnce) yield rows.slice(at, at + rowsAtOnce);
}

async function answerOf(piece: Piece, settings: HistorySettings, signal: AbortSignal): Promise<Answered> {
  const { work, isFresh } = settings;
  const kept = isFresh ? undefined : await work?.load(piece);
  if (kept !== undefined) return { answer: kept, wasFetched: false };
  const answer = await fetchPiece(settings, piece, signal);
  // What still grows has to be read again.
  if (piece.endMs + settledAfterMs <= answer.observedAtMs) await work?.save(piece, answer);
  return { answer, wasFetched: true };
}
