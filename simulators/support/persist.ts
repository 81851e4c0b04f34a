import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export interface Persisted<T> {
  readonly state: T
  /** Writes soon; many changes become one write. */
  touch(): void
  /** Writes now. */
  flush(): void
}

/** State that survives a restart: one JSON file, replaced whole so that a crash leaves the old or the new one. Without a file, memory only. */
export function persisted<T extends object>(file: string | undefined, fresh: () => T): Persisted<T> {
  const state: T = file && existsSync(file) ? { ...fresh(), ...JSON.parse(readFileSync(file, 'utf8')) as T } : fresh()
  let timer: NodeJS.Timeout | null = null
  const flush = () => {
    if (timer) clearTimeout(timer)
    timer = null
    if (!file) return
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.new`, JSON.stringify(state, null, 1))
    renameSync(`${file}.new`, file)
  }
  return {
    state, flush,
    touch() {
      if (!file || timer) return
      timer = setTimeout(flush, 100)
      timer.unref()
    },
  }
}
