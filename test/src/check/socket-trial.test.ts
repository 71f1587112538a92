import { expect, test } from 'vitest';
import { trySocket } from '../../../src/check/socket-trial.ts';
import type { Connect } from '../../../src/genesys/socket.ts';
import { manualClock } from '../../support/manual-clock.ts';

/** A socket whose far end the test is; what happened to it lies in `notes`. */
function farEnd(signal = new AbortController().signal) {
  const notes: string[] = [];
  const systemClock = manualClock();
  let listeners: Parameters<Connect>[1] | undefined;
  const connect: Connect = (connectUri, given) => {
    notes.push(`connect ${connectUri}`);
    listeners = given;
    return {
      send: (text) => void notes.push(`send ${text}`),
      pause: () => undefined,
      resume: () => undefined,
      terminate: () => void notes.push('terminate'),
    };
  };
  const trial = trySocket({ connect, systemClock, signal }, 'wss://streaming.test/channels/c1');
  return { trial, notes, systemClock, peer: listeners! };
}

test('a socket is pinged when it opens, and ended at the first word', async () => {
  const { trial, notes, peer, systemClock } = farEnd();
  peer.onOpen();
  expect(notes).toEqual(['connect wss://streaming.test/channels/c1', 'send {"message":"ping"}']);
  peer.onText('{"topicName":"channel.metadata","eventBody":{"message":"pong"}}');
  expect(await trial).toEqual({ isOpen: true, cause: null });
  expect(notes.at(-1)).toBe('terminate');
  expect(systemClock.sleepers()).toBe(0);
});

test('a socket that is refused, or ends before its first word, tells the cause', async () => {
  const refused = farEnd();
  refused.peer.onClose({ cause: 'handshake refused with 503', isGone: false });
  expect(await refused.trial).toEqual({ isOpen: false, cause: 'handshake refused with 503' });
  const ended = farEnd();
  ended.peer.onOpen();
  ended.peer.onClose({ cause: 'closed with 1006', isGone: false });
  expect(await ended.trial).toEqual({ isOpen: true, cause: 'closed with 1006' });
});

test('a socket that opens and says nothing is given up after 20 s', async () => {
  const { trial, notes, peer, systemClock } = farEnd();
  peer.onOpen();
  await systemClock.advance(20_000);
  expect(await trial).toEqual({ isOpen: true, cause: 'no word within 20 s' });
  expect(notes.at(-1)).toBe('terminate');
});

test('a wish to end ends the socket, and is thrown', async () => {
  const ending = new AbortController();
  const { trial, notes } = farEnd(ending.signal);
  ending.abort(new Error('ended'));
  await expect(trial).rejects.toThrow('ended');
  expect(notes.at(-1)).toBe('terminate');
});
