import { type AnnouncementMessages, pluralOf } from './messages.ts';

const plural = pluralOf('es');
const spoken = (minutes: number): string => plural(minutes, 'un minuto', `${minutes} minutos`);

export const es: AnnouncementMessages = {
  about: (minutes) => `Su tiempo de espera estimado es de aproximadamente ${spoken(minutes)}.`,
  lessThan: (minutes) => `Su tiempo de espera estimado es de menos de ${spoken(minutes)}.`,
  between: (low, high) => `Su tiempo de espera estimado es de ${low} a ${high} minutos.`,
  exactly: (minutes) => `Su tiempo de espera estimado es de ${spoken(minutes)}.`,
  moreThan: (minutes) => `Su tiempo de espera estimado es de más de ${spoken(minutes)}.`,
  nextInLine: 'Su llamada es la siguiente.',
  callersAhead: (callers) =>
    plural(callers, 'Hay una llamada antes de la suya.', `Hay ${callers} llamadas antes de la suya.`),
  noEstimate: {
    no_agents:
      'En este momento no hay nadie disponible para atender su llamada, por lo que no podemos calcular su tiempo de espera.',
    no_history: 'Todavía no podemos calcular su tiempo de espera. Por favor, permanezca en línea.',
    low_confidence: 'En este momento es difícil calcular su tiempo de espera. Por favor, permanezca en línea.',
    stale: 'En este momento no podemos indicarle su tiempo de espera. Por favor, permanezca en línea.',
    gap: 'Estamos actualizando los tiempos de espera. Por favor, permanezca en línea.',
    closed: 'En este momento estamos cerrados. Por favor, vuelva a llamar en nuestro horario de atención.',
  },
};
