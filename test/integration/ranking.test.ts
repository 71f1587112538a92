import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { agentRanking, type AgentRanking } from '../../streams/records/agent-ranking.ts';
import { topicOf } from '../../streams/record.ts';
import { readParquetRows } from '../support/parquet.ts';
import { readLog, startProcess, until } from '../support/pipeline-process.ts';

// A run of the model, in which agents have different skills: the ranking as every reader of it sees it.

const model = ['--model', '--seed', '5', '--queues', '2', '--agents', '20', '--load', '2', '--speed', '200'];
const changesWanted = 5;

let dataDir = '';
let told = '';
let exit: number | string = '';
let answer: { readonly status: number; readonly body: unknown } | undefined;
let rankings: readonly AgentRanking[] = [];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return z.object({ port: z.number() }).parse(address).port;
}

async function readRankings(): Promise<readonly AgentRanking[]> {
  const records = await readLog(join(dataDir, 'outputs'));
  return records
    .filter(({ record, value }) => record === topicOf(agentRanking) && value !== null)
    .map(({ value }) => agentRanking.schema.parse(value));
}

const ofDefault = (all: readonly AgentRanking[]) => all.filter(({ profile }) => profile === 'default');

/** How many agents have been the next one. */
const changesOf = (all: readonly AgentRanking[]) => new Set(ofDefault(all).map(({ top }) => top[0]?.agentId)).size;

async function ask(port: number, queueId: string) {
  const response = await fetch(`http://127.0.0.1:${port}/simulate/routing`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ queue_id: queueId, required_skill: [], required_language: null }),
  });
  return { status: response.status, body: await response.json() };
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'queuecast-ranking-'));
  const port = await freePort();
  const running = startProcess(['run', '--source', 'simulator', '--data-dir', dataDir, ...model], {
    QUEUECAST_ARCHIVE_STATES: 'agent-ranking',
    QUEUECAST_HTTP_PORT: String(port),
  });
  await until(async () => changesOf((rankings = await readRankings())) >= changesWanted, running, 100);
  // Now and then nobody is idle.
  await until(async () => (answer = await ask(port, rankings[0]?.queueId ?? '')).status === 200, running, 100);
  running.child.kill('SIGINT');
  exit = await running.ended;
  told = running.output();
  rankings = await readRankings();
}, 120_000);

afterAll(() => rm(dataDir, { recursive: true, force: true }));

describe('the ranking of agents of different skill', () => {
  test('is seen changing in the output log', () => {
    expect(exit).toBe(0);
    expect(changesOf(rankings)).toBeGreaterThanOrEqual(changesWanted);
  });

  test('is in Parquet, a row for each change, where that is asked for', async () => {
    const rows = await readParquetRows(join(dataDir, 'parquet', 'agent-ranking'));
    const tops = (all: readonly { readonly queueId: unknown; readonly top: unknown }[]) =>
      all.map(({ queueId, top }) => `${String(queueId)} ${JSON.stringify(top)}`).sort();
    const inFiles = rows.map(({ queue_id, top }) => ({ queueId: queue_id, top: JSON.parse(String(top)) as unknown }));
    expect(tops(inFiles)).toEqual(tops(rankings));
  });

  test('is in the terminal: who is next, with the score', () => {
    for (const queueId of new Set(rankings.map((each) => each.queueId))) {
      const newest = ofDefault(rankings).findLast((each) => each.queueId === queueId);
      const first = newest?.top[0];
      const next = first === undefined ? '-' : `${first.agentId.slice(0, 8)} (${first.score.toFixed(2)})`;
      expect(told).toContain(`next agent (score) ${next}\n`);
    }
  });

  test('answers what-if questions over HTTP meanwhile, of the live agents', () => {
    expect(answer).toMatchObject({ status: 200, body: { basis: { source: 'live', stale: false } } });
  });
});
