import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import type { LiveHint } from '#server/kernel/ports.ts'

/** Carries live hints to every open page of every replica: in process, or over Redis pub/sub when there is one. */
export interface LiveBus {
  publish(hint: LiveHint): void
  /** Answers the function that ends the subscription. */
  subscribe(listener: (hint: LiveHint) => void): () => void
  close(): Promise<void>
}

const channel = 'gardu:live'

export function memoryLiveBus(): LiveBus {
  const emitter = new EventEmitter().setMaxListeners(0)
  return {
    publish: hint => void emitter.emit(channel, hint),
    subscribe(listener) {
      emitter.on(channel, listener)
      return () => emitter.off(channel, listener)
    },
    close: async () => void emitter.removeAllListeners(),
  }
}

export async function redisLiveBus(redis: Redis): Promise<LiveBus> {
  const local = memoryLiveBus()
  const subscriber = redis.duplicate()
  // The line it is a copy of says that Redis is away; both come back by themselves.
  subscriber.on('error', () => {})
  subscriber.on('message', (_, message) => local.publish(JSON.parse(message) as LiveHint))
  await subscriber.subscribe(channel)
  return {
    publish: hint => void redis.publish(channel, JSON.stringify(hint)).catch(() => {}),
    subscribe: local.subscribe,
    close: async () => {
      await subscriber.quit()
      await local.close()
    },
  }
}
