declare module 'kafkajs/src/cluster/brokerPool.js' {
  interface BrokerPool {
    /** What the first broker that does not fail answers; null when all of them do. */
    withBroker: (this: BrokerPool, question: (asked: never) => Promise<unknown>) => Promise<unknown>;
  }

  const brokerPool: { readonly prototype: BrokerPool };
  export = brokerPool;
}
