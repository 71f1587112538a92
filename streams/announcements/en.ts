import { type AnnouncementMessages, pluralOf } from './messages.ts';

const plural = pluralOf('en');
const spoken = (minutes: number): string => plural(minutes, '1 minute', `${minutes} minutes`);

export const en: AnnouncementMessages = {
  about: (minutes) => `Your estimated wait time is about ${spoken(minutes)}.`,
  lessThan: (minutes) => `Your estimated wait time is less than ${spoken(minutes)}.`,
  between: (low, high) => `Your estimated wait time is between ${low} and ${high} minutes.`,
  exactly: (minutes) => `Your estimated wait time is ${spoken(minutes)}.`,
  moreThan: (minutes) => `Your estimated wait time is more than ${spoken(minutes)}.`,
  nextInLine: 'You are next in line.',
  callersAhead: (callers) =>
    plural(callers, 'There is 1 caller ahead of you.', `There are ${callers} callers ahead of you.`),
  noEstimate: {
    no_agents: 'Nobody is available to take your call at the moment, so we cannot estimate your wait time.',
    no_history: 'We cannot estimate your wait time yet. Please stay on the line.',
    low_confidence: 'Your wait time is hard to estimate at the moment. Please stay on the line.',
    stale: 'We do not have a current wait time for you. Please stay on the line.',
    gap: 'We are updating our wait times. Please stay on the line.',
    closed: 'We are closed at the moment. Please call again during our opening hours.',
  },
};
