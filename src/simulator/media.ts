/** What the simulated queues can carry, named as analytics name it, in the order of its answers. */
export const mediaTypes = ['voice', 'callback', 'chat', 'email', 'message'] as const;

export type MediaType = (typeof mediaTypes)[number];

/** Where the sessions of a medium stand in a participant of a conversation. */
export const sessionLists = {
  voice: 'calls',
  callback: 'callbacks',
  chat: 'chats',
  email: 'emails',
  message: 'messages',
} as const satisfies Record<MediaType, string>;

/** Queue settings say `call` where analytics say `voice`. */
export function settingNameOf(mediaType: MediaType): string {
  return mediaType === 'voice' ? 'call' : mediaType;
}
