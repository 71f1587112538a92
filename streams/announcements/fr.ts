import { type AnnouncementMessages, pluralOf } from './messages.ts';

const plural = pluralOf('fr');
const spoken = (minutes: number): string => plural(minutes, 'une minute', `${minutes} minutes`);

export const fr: AnnouncementMessages = {
  about: (minutes) => `Votre temps d’attente estimé est d’environ ${spoken(minutes)}.`,
  lessThan: (minutes) => `Votre temps d’attente estimé est inférieur à ${spoken(minutes)}.`,
  // Read aloud a digit would be "de un à".
  between: (low, high) => `Votre temps d’attente estimé est ${plural(low, 'd’une', `de ${low}`)} à ${high} minutes.`,
  exactly: (minutes) => `Votre temps d’attente estimé est ${plural(minutes, 'd’une minute', `de ${minutes} minutes`)}.`,
  moreThan: (minutes) => `Votre temps d’attente estimé est supérieur à ${spoken(minutes)}.`,
  nextInLine: 'Votre appel est le prochain.',
  callersAhead: (callers) =>
    plural(callers, 'Il y a une personne avant vous.', `Il y a ${callers} personnes avant vous.`),
  noEstimate: {
    no_agents:
      'Personne n’est disponible pour prendre votre appel actuellement. Nous ne pouvons donc pas estimer votre temps d’attente.',
    no_history: 'Nous ne pouvons pas encore estimer votre temps d’attente. Veuillez rester en ligne.',
    low_confidence: 'Votre temps d’attente est difficile à estimer pour le moment. Veuillez rester en ligne.',
    stale: 'Nous ne pouvons pas vous indiquer votre temps d’attente pour le moment. Veuillez rester en ligne.',
    gap: 'Nous mettons à jour nos temps d’attente. Veuillez rester en ligne.',
    closed: 'Nous sommes actuellement fermés. Veuillez rappeler pendant nos heures d’ouverture.',
  },
};
