import { expect, test } from 'vitest';
import { type Answer, renderAnswer } from '../../../src/predict/answer.ts';
import type { TutorialPayload } from '../../../src/predict/tutorial.ts';
import type { WaitPrediction } from '../../../streams/records/wait-prediction.ts';

const atMs = Date.parse('2026-03-02T10:20:00.000Z');

const tutorial: TutorialPayload = {
  ...{ queue_id: 'q1', in_queue_count: 30, agents_available: 0, effective_agents: 1, nobody_available: true },
  ...{ avg_handle_time: 202.444, avg_wait_time: 30, defaulted: ['avg_wait_time'], predicted_wait_seconds: 1800 },
  ...{ predicted_wait_formatted: '30:00', capped: true, confidence_score: 0.03 },
  ...{ announcement_text: 'Thirty minutes.', timestamp: '2026-03-02T10:20:00.000Z', reason: null },
};
const calibrated: WaitPrediction = {
  ...{ queueId: 'q1', mediaType: 'voice', waitSecondsP50: 725, waitSecondsP80: 900, waitSecondsP90: 1000 },
  ...{ secondsPerPosition: 24, estimator: 'regression', confidence: 0.5, reason: null, capped: false },
  inputs: {
    ...{ waiting: 30, poolWaiting: 30, agentsIdle: 0, agentsOnQueue: 7, handleSeconds: 196.8 },
    ...{ handleSource: 'observed', waitingSource: 'interactions', answersLearned: 0, coverageP80: null },
  },
  announce: { mode: 'approximate', kind: 'wait', lowMinutes: 20, highMinutes: 20, moreThan: false },
  ...{ announcementText: 'Twenty minutes.', offerCallback: true, observedAtMs: atMs, issuedAtMs: atMs },
};
const platform = { estimatedWaitTimeSeconds: 605, formula: 'BEST', reason: null } as const;
const queue = { id: 'q1', name: 'Support' };
const answer: Answer = {
  ...{ queue, atMs },
  predictions: [{ mediaType: 'voice', tutorial, calibrated, platform }],
  notRead: [],
};

test('the three stand side by side under the names of the tutorial, and what is said of it below', () => {
  expect(renderAnswer(answer)).toEqual([
    'Support (q1), voice, 2026-03-02T10:20:00.000Z',
    '',
    '                              tutorial  calibrated  platform',
    'in_queue_count                      30          30         -',
    'agents_available                     0           0         -',
    'agents_on_queue                      -           7         -',
    'effective_agents                     1           -         -',
    'nobody_available                  true           -         -',
    'avg_handle_time                  202.4       196.8         -',
    'avg_wait_time             30 (default)           -         -',
    'predicted_wait_seconds          > 1800         725       605',
    'predicted_wait_formatted         30:00       12:05     10:05',
    'p80_seconds                          -         900         -',
    'p90_seconds                          -        1000         -',
    'confidence_score                  0.03         0.5         -',
    'estimator                         seed  regression      BEST',
    'no estimate because                  -           -         -',
    '',
    'tutorial    Thirty minutes.',
    'calibrated  Twenty minutes.',
    '            Offer a callback.',
  ]);
});

test('what is not known is "-", and why, and never 0', () => {
  const nothing: Answer = {
    ...{ queue: { id: 'q1', name: null }, atMs },
    predictions: [
      {
        mediaType: 'voice',
        tutorial: {
          ...{ ...tutorial, in_queue_count: null, agents_available: null, effective_agents: null },
          ...{ nobody_available: null, predicted_wait_seconds: null, predicted_wait_formatted: null, capped: null },
          ...{ confidence_score: null, announcement_text: null, timestamp: null, reason: 'not_read' },
        },
        calibrated: {
          ...{ ...calibrated, waitSecondsP50: null, waitSecondsP80: null, waitSecondsP90: null, estimator: null },
          ...{ confidence: null, reason: 'stale', offerCallback: false },
          inputs: { ...calibrated.inputs, waiting: null, agentsIdle: null, agentsOnQueue: null, handleSeconds: null },
        },
        platform: { estimatedWaitTimeSeconds: null, formula: null, reason: 'none_given' },
      },
    ],
    notRead: [
      { name: 'call estimated wait', status: 'missing', told: 'refused', cost: 'much', permissions: ['a:b:view'] },
    ],
  };
  const lines = renderAnswer(nothing);
  expect(lines[0]).toMatch(/^q1, voice/);
  for (const row of lines.filter((line) =>
    /^(in_queue|agents|effective|predicted|p80|p90|confidence|estimator)/.test(line),
  ))
    expect(row.split(/\s+/).slice(1)).toEqual(['-', '-', '-']);
  expect(lines.find((line) => line.startsWith('no estimate because'))).toMatch(/not_read +stale +none_given$/);
  expect(lines.at(-2)).toBe('not read:');
  expect(lines.at(-1)).toMatch(/^missing +call estimated wait +refused; lost: much; grant a:b:view to a role/);
});
