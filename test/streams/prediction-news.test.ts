import { describe, expect, test } from 'vitest';
import { isSamePrediction } from '../../streams/prediction-news.ts';
import type { WaitPrediction } from '../../streams/records/wait-prediction.ts';

const said: WaitPrediction = {
  queueId: 'q',
  mediaType: 'voice',
  waitSecondsP50: 60,
  waitSecondsP80: 120,
  waitSecondsP90: 180,
  secondsPerPosition: 30,
  estimator: 'regression',
  confidence: 0.5,
  reason: null,
  capped: false,
  inputs: {
    waiting: 1,
    poolWaiting: 1,
    agentsIdle: 0,
    agentsOnQueue: 2,
    handleSeconds: 100,
    handleSource: 'observed',
    waitingSource: 'interactions',
    answersLearned: 10,
    coverageP80: 0.8,
  },
  announce: { mode: 'approximate', kind: 'wait', lowMinutes: 2, highMinutes: 2, moreThan: false },
  announcementText: 'Your estimated wait time is about 2 minutes.',
  offerCallback: false,
  observedAtMs: 1_000,
  issuedAtMs: 1_000,
};

/** A copy in which one field, given by the names that lead to it, has another value. */
function changed(path: readonly string[]): WaitPrediction {
  const copy = structuredClone(said);
  const last = path.at(-1) ?? '';
  const of = path.slice(0, -1).reduce<object>((each, name) => Reflect.get(each, name), copy);
  Reflect.set(of, last, 'something else');
  return copy;
}

const pathsOf = (value: object, before: readonly string[] = []): (readonly string[])[] =>
  Object.entries(value).flatMap(([name, each]: [string, unknown]) =>
    typeof each === 'object' && each !== null ? pathsOf(each, [...before, name]) : [[...before, name]],
  );

const noNews = ['confidence', 'inputs.answersLearned', 'inputs.coverageP80', 'observedAtMs', 'issuedAtMs'];

describe('what is news of a prediction', () => {
  const names = pathsOf(said).map((path) => path.join('.'));

  test.each(names.filter((name) => !noNews.includes(name)))('another %s is', (name) => {
    expect(isSamePrediction(said, changed(name.split('.')))).toBe(false);
  });

  test.each(noNews)('another %s alone is not', (name) => {
    expect(isSamePrediction(said, changed(name.split('.')))).toBe(true);
  });

  test('the same said again is not', () => {
    expect(isSamePrediction(said, structuredClone(said))).toBe(true);
  });
});
