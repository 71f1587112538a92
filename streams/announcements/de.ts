import { type AnnouncementMessages, pluralOf } from './messages.ts';

const plural = pluralOf('de');
const spoken = (minutes: number): string => plural(minutes, 'eine Minute', `${minutes} Minuten`);

export const de: AnnouncementMessages = {
  about: (minutes) => `Ihre Wartezeit beträgt voraussichtlich etwa ${spoken(minutes)}.`,
  lessThan: (minutes) => `Ihre Wartezeit beträgt voraussichtlich weniger als ${spoken(minutes)}.`,
  // Read aloud a digit would be "eins bis".
  between: (low, high) =>
    `Ihre Wartezeit beträgt voraussichtlich ${plural(low, 'ein', String(low))} bis ${high} Minuten.`,
  exactly: (minutes) => `Ihre Wartezeit beträgt voraussichtlich ${spoken(minutes)}.`,
  moreThan: (minutes) => `Ihre Wartezeit beträgt voraussichtlich mehr als ${spoken(minutes)}.`,
  nextInLine: 'Sie sind als Nächstes an der Reihe.',
  callersAhead: (callers) => plural(callers, 'Vor Ihnen wartet eine Person.', `Vor Ihnen warten ${callers} Personen.`),
  noEstimate: {
    no_agents:
      'Im Moment kann niemand Ihren Anruf entgegennehmen. Wir können Ihre Wartezeit deshalb leider nicht abschätzen.',
    no_history: 'Wir können Ihre Wartezeit noch nicht abschätzen. Bitte bleiben Sie am Apparat.',
    low_confidence: 'Ihre Wartezeit lässt sich im Moment nur schwer abschätzen. Bitte bleiben Sie am Apparat.',
    stale: 'Wir können Ihnen im Moment keine aktuelle Wartezeit nennen. Bitte bleiben Sie am Apparat.',
    gap: 'Wir aktualisieren gerade unsere Wartezeiten. Bitte bleiben Sie am Apparat.',
    closed: 'Wir haben zurzeit geschlossen. Bitte rufen Sie während unserer Öffnungszeiten wieder an.',
  },
};
