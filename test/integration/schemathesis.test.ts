import { afterAll, expect, test } from 'vitest';
import { defaultWeights } from '../../streams/ranking/weights.ts';
import { systemClock } from '../../sinks/clock.ts';
import { healthRoutes } from '../../src/http/health.ts';
import { routingBatchRoutes } from '../../src/http/routing-batch.ts';
import { routingRoutes } from '../../src/http/routing.ts';
import { type HttpServer, startHttpServer } from '../../src/http/server.ts';
import type { Roster } from '../../src/routing/roster.ts';
import { runPython } from '../support/python.ts';

// Schemathesis asks the server whatever its own description allows, and much that it does not.

const pins = ['schemathesis==4.32.5'];
const script = `
import os, sys, tempfile
# It writes down what it found.
os.chdir(tempfile.mkdtemp())
from schemathesis.cli import schemathesis
sys.argv = ["st", *sys.argv[1:]]
schemathesis()
`;
const token = 'a-token-for-tests-only';
const examplesMax = 40;
const secondsMax = 45;

const roster: Roster = {
  agents: ['x', 'y'].map((id, at) => ({
    id,
    name: null,
    routingStatus: 'IDLE',
    skills: new Map([['s', 5 - at]]),
    languages: ['de'],
    csat: null,
    queueTimeSeconds: null,
    idleSinceMs: null,
  })),
  origin: 'live',
  asOfMs: Date.parse('2026-03-01T09:00:00Z'),
  isStale: false,
  csat: 'unknown',
};

let server: HttpServer | undefined;

afterAll(() => server?.close());

test('whatever the description allows or forbids, the server answers as it describes, and never fails', async () => {
  const failures: unknown[] = [];
  const routing = { rosters: () => Promise.resolve(roster), weights: defaultWeights, clock: systemClock };
  const ready = { isReady: true, heartbeatAgeSeconds: 1, heardAgeSeconds: 1 };
  server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    token,
    version: '0',
    clock: systemClock,
    log: { error: (told: unknown) => failures.push(told) },
    rate: { ratePerSecond: 1e6, capacity: 1e6 },
    subjects: [healthRoutes(() => ready), routingRoutes(routing), routingBatchRoutes(routing)],
  });
  const report = await runPython(
    script,
    [
      'run',
      `${server.url}/openapi.json`,
      ...['--header', `Authorization: Bearer ${token}`],
      // A request may be as described, and there is still nobody who could take it: that is 404, 422 or 400.
      ...['--exclude-checks', 'positive_data_acceptance'],
      ...['--phases', 'examples,coverage,fuzzing', '--max-examples', String(examplesMax), '--seed', '1'],
      ...['--max-time', String(secondsMax), '--request-timeout', '10', '--suppress-health-check', 'all'],
      ...['--generation-database', 'none', '--no-color'],
    ],
    pins,
  ).catch((error: unknown) =>
    error instanceof Error && 'stdout' in error ? `FAILED ${String(error.stdout)}` : String(error),
  );
  expect(report).not.toMatch(/FAILED|Error:/);
  expect(report).toMatch(/\d+ generated, \d+ passed|No issues found/);
  expect(failures).toEqual([]);
});
