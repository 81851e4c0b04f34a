/**
 * Lets acts that arrive while one is under way share the next: one transaction, and one flush to disk, for all of them. Each caller
 * resolves once its own item is done. When a batch fails its items are tried one by one, so that none fails for another's sake.
 */
export function inBatches<T>(work: (items: readonly T[]) => Promise<void>, limit: number): (item: T) => Promise<void> {
  let waiting: { item: T, resolve: () => void, reject: (error: unknown) => void }[] = []
  let running = false
  async function flush() {
    running = true
    while (waiting.length > 0) {
      const batch = waiting.slice(0, limit)
      waiting = waiting.slice(limit)
      try {
        await work(batch.map(entry => entry.item))
        batch.forEach(entry => entry.resolve())
      } catch (error) {
        if (batch.length === 1) batch[0]?.reject(error)
        else for (const entry of batch) await work([entry.item]).then(entry.resolve, entry.reject)
      }
    }
    running = false
  }
  return item => new Promise<void>((resolve, reject) => {
    waiting.push({ item, resolve, reject })
    if (!running) void flush()
  })
}
