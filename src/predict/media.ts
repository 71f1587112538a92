/** Media as analytics name them, with what queue settings and estimated waits call them. */
const settingNames: Readonly<Record<string, string>> = {
  voice: 'call',
  callback: 'callback',
  chat: 'chat',
  email: 'email',
  message: 'message',
  video: 'videocomm',
};

export const mediaNames = Object.keys(settingNames);

/** `voice` for `call` too, in any case; undefined for what is no medium of a queue. */
export function mediaTypeOf(name: string): string | undefined {
  const wanted = name.trim().toLowerCase();
  return mediaNames.find((each) => each === wanted || settingNames[each] === wanted);
}

export const settingNameOf = (mediaType: string): string => settingNames[mediaType] ?? mediaType;
