import { createHash } from 'node:crypto';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode, fileFailure, makeFolder, syncFolder } from '../../sinks/log/durable-file.ts';
import { isLiveProcess } from '../../sinks/log/writer-lock.ts';
import { aggregateMetrics } from '../../streams/aggregates.ts';
import { totalsFields } from '../../streams/interval-fields.ts';
import { type IntervalTotals, noTotals } from '../../streams/kpis.ts';
import type { Cell, PieceAnswer } from './cells.ts';
import type { Piece } from './plan.ts';

/** Whose pieces these are. */
export interface Asker {
  readonly organizationId: string;
  /** Where it was asked. */
  readonly place: string;
  readonly timeZone: string;
  readonly media: readonly string[];
}

/** Pieces that were read before. A file stands for one piece of one question; what does not belong to it is not taken. */
export interface WorkFolder {
  readonly dir: string;
  load(piece: Piece): Promise<PieceAnswer | undefined>;
  /** Resolved: on disk, under its name only when whole. */
  save(piece: Piece, answer: PieceAnswer): Promise<void>;
}

const format = 1;
const header = z.object({ format: z.literal(format), question: z.string(), observedAtMs: z.int(), cells: z.int() });
const fields = Object.keys(noTotals) as (keyof IntervalTotals)[];
const line = z.tuple([z.int(), z.string(), z.string()], z.int().nullable());
const totalsSchema = totalsFields();

/** Makes the folder if there is none, and removes what processes that are dead left unfinished. */
export async function openWorkFolder(dir: string, asker: Asker): Promise<WorkFolder> {
  try {
    await makeFolder(dir);
    await removeUnfinished(dir);
  } catch (error) {
    throw fileFailure(error, dir);
  }

  const questionOf = ({ startMs, endMs, granularity, queueIds }: Piece): string => {
    const { organizationId, place, timeZone, media } = asker;
    const zone = granularity === 'P1D' ? timeZone : null;
    const asked = [startMs, endMs, granularity, zone, queueIds, media, aggregateMetrics, fields];
    return JSON.stringify([organizationId, place, ...asked]);
  };
  const pathOf = (question: string) => join(dir, `${sha256(question).slice(0, 32)}.jsonl`);

  return {
    dir,
    async load(piece) {
      const question = questionOf(piece);
      const path = pathOf(question);
      const text = await readFile(path, 'utf8').catch((error: unknown) => {
        if (errorCode(error) === 'ENOENT') return undefined;
        throw fileFailure(error, path);
      });
      return text === undefined ? undefined : parsePiece(text, question);
    },
    async save(piece, { cells, observedAtMs }) {
      const question = questionOf(piece);
      const path = pathOf(question);
      const head: z.output<typeof header> = { format, question, observedAtMs, cells: cells.length };
      const rows = cells.map(({ startMs, queueId, mediaType, totals }) =>
        JSON.stringify([startMs, queueId, mediaType, ...fields.map((field) => totals[field])]),
      );
      const text = `${[JSON.stringify(head), ...rows].join('\n')}\n`;
      const temporary = `${path}.${process.pid}.tmp`;
      try {
        const file = await open(temporary, 'w');
        try {
          await file.writeFile(`${text}${sha256(text)}\n`);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, path);
        await syncFolder(dir);
      } catch (error) {
        await rm(temporary, { force: true });
        throw fileFailure(error, path);
      }
    },
  };
}

async function removeUnfinished(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const pid = Number(/\.jsonl\.(\d+)\.tmp$/.exec(name)?.[1] ?? NaN);
    // A container gives the same id at each start.
    if (pid === process.pid || (pid > 0 && !isLiveProcess(pid))) await rm(join(dir, name), { force: true });
  }
}

/** Undefined for what is torn, damaged, of another format, or the answer to another question: it is asked for again. */
function parsePiece(text: string, question: string): PieceAnswer | undefined {
  const end = text.lastIndexOf('\n', text.length - 2) + 1;
  const body = text.slice(0, end);
  if (text.slice(end) !== `${sha256(body)}\n`) return undefined;
  const [first = '', ...lines] = body.trimEnd().split('\n');
  const head = header.safeParse(JSON.parse(first));
  if (!head.success || head.data.question !== question || head.data.cells !== lines.length) return undefined;
  return { cells: lines.map(parseCell), observedAtMs: head.data.observedAtMs };
}

function parseCell(text: string): Cell {
  const [startMs, queueId, mediaType, ...values] = line.parse(JSON.parse(text));
  const totals = totalsSchema.parse(Object.fromEntries(fields.map((field, index) => [field, values[index]])));
  return { startMs, queueId, mediaType, totals };
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
