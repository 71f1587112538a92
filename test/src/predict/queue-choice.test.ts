import { expect, test } from 'vitest';
import { chooseQueue, isQueueId } from '../../../src/predict/queue-choice.ts';
import { mediaTypeOf, settingNameOf } from '../../../src/predict/media.ts';

const queues = [
  { id: 'q1', name: 'Support' },
  { id: 'q2', name: 'support' },
  { id: 'q3', name: 'Sales' },
  { id: 'q4', name: 'Sales' },
  { id: 'q5', name: 'Billing' },
];

test('a queue is chosen by its name as it is written, else in any case', () => {
  expect(chooseQueue(queues, 'support')).toEqual({ queue: queues[1] });
  expect(chooseQueue(queues, ' BILLING ')).toEqual({ queue: queues[4] });
});

test('of several queues of one name the ids are told', () => {
  const allowed = 'the id of one of the 2 queues of that name: Sales (q3), Sales (q4)';
  expect(chooseQueue(queues, 'sales')).toEqual({ allowed });
  expect(chooseQueue(queues, 'SUPPORT')).toMatchObject({
    allowed: expect.stringContaining('Support (q1), support (q2)') as unknown,
  });
});

test('for a name that no queue has those like it are told, else all, and never a whole organisation', () => {
  expect(chooseQueue(queues, 'bill')).toMatchObject({ allowed: expect.stringMatching(/: Billing \(q5\)$/) as unknown });
  expect(chooseQueue(queues, 'nobody')).toMatchObject({
    allowed: expect.stringMatching(/: Billing .*Sales .*support/) as unknown,
  });
  const many = Array.from({ length: 25 }, (_, index) => ({ id: `q${index}`, name: `Queue ${index}` }));
  expect(chooseQueue(many, 'nobody')).toMatchObject({ allowed: expect.stringMatching(/ and 15 more$/) as unknown });
  expect(chooseQueue([], 'nobody')).toMatchObject({
    allowed: expect.stringContaining('check its divisions') as unknown,
  });
});

test('an id is told from a name', () => {
  expect(isQueueId('f9f22e55-290A-5eb1-8e10-d4497914a279')).toBe(true);
  expect(isQueueId('PS')).toBe(false);
});

test('media are known by both of their names', () => {
  expect(['voice', 'Call', 'videocomm', 'fax'].map(mediaTypeOf)).toEqual(['voice', 'voice', 'video', undefined]);
  expect(['voice', 'video', 'chat', 'new'].map(settingNameOf)).toEqual(['call', 'videocomm', 'chat', 'new']);
});
