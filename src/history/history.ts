import type { PieceAnswer } from './cells.ts';
import { type Fetching, fetchPiece } from './fetch-piece.ts';
import type { Piece } from './plan.ts';
import type { Question } from './question.ts';
import { createRollUp, type Row } from './roll-up.ts';
import { settledAfterMs } from '../genesys/half-hours.ts';
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

/** The rows of a question, some at a time. Rejects with a `GenesysError`, or a `SinkError` for the work folder. */
export async function* readHistory(settings: HistorySettings, signal: AbortSignal): AsyncGenerator<readonly Row[]> {
  const { question, pieces, onPiece } = settings;
  let rollUp = createRollUp(question);
  for (const [index, piece] of pieces.entries()) {
    signal.throwIfAborted();
    const { answer, wasFetched } = await answerOf(piece, settings, signal);
    yield* inParts(rollUp.take(answer));
    onPiece(index + 1, wasFetched);
    // The time of some queues is over: what comes next begins anew, with others.
    if (pieces[index + 1]?.queueIds === piece.queueIds) continue;
    yield* inParts(rollUp.end());
    rollUp = createRollUp(question);
  }
}

function* inParts(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let at = 0; at < rows.length; at += rowsAtOnce) yield rows.slice(at, at + rowsAtOnce);
}

async function answerOf(
  piece: Piece,
  settings: HistorySettings,
  signal: AbortSignal,
): Promise<{ readonly answer: PieceAnswer; readonly wasFetched: boolean }> {
  const { work, isFresh } = settings;
  const kept = isFresh ? undefined : await work?.load(piece);
  if (kept !== undefined) return { answer: kept, wasFetched: false };
  const answer = await fetchPiece(settings, piece, signal);
  // What still grows has to be read again.
  if (piece.endMs + settledAfterMs <= answer.observedAtMs) await work?.save(piece, answer);
  return { answer, wasFetched: true };
}
