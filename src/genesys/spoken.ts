/** Which topics speak while a question is on its way. Each question listens for itself, so that two at a time do not mislead each other. */
export interface Spoken {
  /** Says that something was told of what this topic tells of. */
  note(topic: string): void;
  /** Collects topics from now on, until `end`. */
  listen(): { readonly topics: ReadonlySet<string>; end(): void };
}

export function createSpoken(): Spoken {
  const listening = new Set<Set<string>>();
  return {
    note(topic) {
      for (const topics of listening) topics.add(topic);
    },
    listen() {
      const topics = new Set<string>();
      listening.add(topics);
      return { topics, end: () => listening.delete(topics) };
    },
  };
}
