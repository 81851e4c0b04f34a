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

/**
 * Lets callers who come while the work is under way share its next run, which begins after they asked: each gets an answer that is no older
 * than its question, and however many ask there is one run at a time.
 */
export function shareNext<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve()
  let next: Promise<T> | null = null
  return () => next ??= running.then(() => {
    next = null
    const mine = work()
    running = mine.catch(() => {})
    return mine
  })
}

/** Acts at once, then, if asked meanwhile, once more after `milliseconds`, and so on: how often it is asked does not matter. */
export function atMostEvery(milliseconds: number, act: () => void): () => void {
  let again = false
  let resting = false
  return function ask() {
    if (resting) {
      again = true
      return
    }
    resting = true
    act()
    setTimeout(() => {
      resting = false
      if (!again) return
      again = false
      ask()
    }, milliseconds).unref()
  }
}
