declare module 'kafkajs/src/protocol/requests/index.js' {
  interface FetchedPartition {
    readonly partition: number;
    readonly messages: readonly object[];
  }

  interface FetchResponse {
    readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[];
  }

  interface Exchange {
    readonly request: object;
    readonly response: { decode(raw: Buffer): Promise<FetchResponse> };
  }

  interface FetchRequests {
    /** How a version of the request is made, and its answer read. */
    protocol: (choice: { readonly version: number }) => (settings: object) => Exchange;
  }

  const protocol: { readonly requests: { readonly Fetch: FetchRequests } };
  export = protocol;
}

declare module 'kafkajs/src/consumer/batch.js' {
  class Batch {
    constructor(topic: string, fetchedOffset: string, partition: object);
    readonly messages: readonly object[];
    isEmptyDueToFiltering(): boolean;
    lastOffset(): string;
  }

  export = Batch;
}
