import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import pino from 'pino'
import { createApp } from '#server/platform/app.ts'
import { loadConfig } from '#server/platform/config.ts'

/** Where the prepared databases are, told to the workers by the environment. */
const names = { embedded: 'GARDU_TEST_PREPARED_FOLDER', postgres: 'GARDU_TEST_PREPARED_DATABASE' } as const

async function asAdmin(server: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: server })
  await client.connect()
  await client.query(statement)
  await client.end()
}

const databaseUrl = (server: string, name: string) => Object.assign(new URL(server), { pathname: `/${name}` }).href

/** Migrates one database of each kind and sets up its job queue, once a run: every test takes a copy, which is a tenth of the work. */
export default async function prepareDatabases(): Promise<() => Promise<void>> {
  const secret = () => randomBytes(36).toString('base64url')
  const prepare = async (env: Record<string, string>) => {
    const config = loadConfig({ GARDU_MODE: 'embedded', GARDU_BASE_URL: 'http://localhost:3000', JWT_SECRET: secret(), NUXT_SESSION_PASSWORD: secret(), ENCRYPTION_KEY: randomBytes(32).toString('base64'), ...env })
    await (await createApp(config, { log: pino({ level: 'silent' }), superviseJobs: false })).close()
  }
  const folder = mkdtempSync(join(tmpdir(), 'gardu-prepared-'))
  await prepare({ GARDU_DATA_DIR: folder })
  process.env[names.embedded] = folder
  const server = process.env.GARDU_TEST_DATABASE_URL
  const name = `gardu_prepared_${randomBytes(8).toString('hex')}`
  if (server) {
    await asAdmin(server, `create database ${name}`)
    await prepare({ GARDU_DATA_DIR: 'memory', DATABASE_URL: databaseUrl(server, name) })
    process.env[names.postgres] = name
  }
  return async () => {
    rmSync(folder, { recursive: true, force: true })
    if (server) await asAdmin(server, `drop database if exists ${name} with (force)`)
  }
}

export interface OwnDatabase { readonly env: Record<string, string>, remove(): Promise<void> }

/** A database for one test: a copy of the prepared one, or an empty one where none was prepared. */
export async function ownDatabase(kind: 'embedded' | 'postgres'): Promise<OwnDatabase> {
  if (kind === 'postgres') {
    const server = process.env.GARDU_TEST_DATABASE_URL ?? ''
    const name = `gardu_test_${randomBytes(12).toString('hex')}`
    const prepared = process.env[names.postgres]
    await asAdmin(server, `create database ${name}${prepared ? ` template ${prepared}` : ''}`)
    return { env: { DATABASE_URL: databaseUrl(server, name) }, remove: () => asAdmin(server, `drop database if exists ${name} with (force)`) }
  }
  const prepared = process.env[names.embedded]
  // A folder in any case: what is kept in memory would be gone when the application is started again.
  const folder = mkdtempSync(join(tmpdir(), 'gardu-test-'))
  if (prepared) cpSync(join(prepared, 'database'), join(folder, 'database'), { recursive: true })
  return { env: { GARDU_DATA_DIR: folder }, remove: async () => rmSync(folder, { recursive: true, force: true }) }
}
