import { type AnnouncementMessages, pluralOf } from './messages.ts';

// Worded to be right in Brazil and in Portugal alike.
const plural = pluralOf('pt');
const spoken = (minutes: number): string => plural(minutes, 'um minuto', `${minutes} minutos`);

export const pt: AnnouncementMessages = {
  about: (minutes) => `O seu tempo de espera estimado é de cerca de ${spoken(minutes)}.`,
  lessThan: (minutes) => `O seu tempo de espera estimado é de menos de ${spoken(minutes)}.`,
  between: (low, high) => `O seu tempo de espera estimado é de ${low} a ${high} minutos.`,
  exactly: (minutes) => `O seu tempo de espera estimado é de ${spoken(minutes)}.`,
  moreThan: (minutes) => `O seu tempo de espera estimado é de mais de ${spoken(minutes)}.`,
  nextInLine: 'A sua chamada é a próxima.',
  callersAhead: (callers) => plural(callers, 'Há uma pessoa à sua frente.', `Há ${callers} pessoas à sua frente.`),
  noEstimate: {
    no_agents:
      'Neste momento não há ninguém disponível para atender a sua chamada, por isso não podemos estimar o seu tempo de espera.',
    no_history: 'Ainda não podemos estimar o seu tempo de espera. Por favor, aguarde na linha.',
    low_confidence: 'Neste momento é difícil estimar o seu tempo de espera. Por favor, aguarde na linha.',
    stale: 'Neste momento não podemos informar o seu tempo de espera. Por favor, aguarde na linha.',
    gap: 'Os tempos de espera estão em atualização. Por favor, aguarde na linha.',
    closed: 'Neste momento estamos fechados. Por favor, ligue novamente durante o nosso horário de atendimento.',
  },
};
