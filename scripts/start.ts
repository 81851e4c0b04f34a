import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError, loadConfig } from '#server/platform/config.ts'

/** `npm start`: the built server in production. Names every problem of the configuration before anything listens; SIGTERM drains and ends it. */
const server = resolve('.output/server/index.mjs')
try {
  loadConfig(process.env)
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  console.error(error.message)
  process.exit(1)
}
if (!existsSync(server)) {
  console.error('There is no built server yet: run `npm run build` first.')
  process.exit(1)
}
// In this very process: signals reach the server itself and its exit code is ours.
process.env.NODE_ENV ??= 'production'
await import(pathToFileURL(server).href)
