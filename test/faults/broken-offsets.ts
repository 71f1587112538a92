import kafkajs, { type Producer, type ProducerConfig, type Transaction } from 'kafkajs';

// Loaded into a derive process by the fault tests, to see them fail: the position is committed in a transaction of its own, before
// the records, and between the two there is time to die.

const betweenMs = 150;
const { Kafka } = kafkajs;
const makeProducer = Kafka.prototype.producer;

Kafka.prototype.producer = function producer(this: InstanceType<typeof Kafka>, config?: ProducerConfig): Producer {
  const whole = makeProducer.call(this, config);
  if (config?.transactionalId === undefined) return whole;
  const aside = makeProducer.call(this, { ...config, transactionalId: `${config.transactionalId}.aside` });
  return {
    ...whole,
    async connect() {
      await Promise.all([whole.connect(), aside.connect()]);
    },
    async disconnect() {
      await Promise.all([whole.disconnect(), aside.disconnect()]);
    },
    async transaction(): Promise<Transaction> {
      const transaction = await whole.transaction();
      return {
        ...transaction,
        async sendOffsets(offsets) {
          const alone = await aside.transaction();
          await alone.sendOffsets(offsets);
          await alone.commit();
          process.stderr.write('the position is committed, the records are not\n');
          await new Promise((resolve) => setTimeout(resolve, betweenMs));
        },
      };
    },
  };
};
