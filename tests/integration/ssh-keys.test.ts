import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditLog, users } from '#db/schema/index.ts'
import { AppError } from '#shared/errors/codes.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { databaseKinds, startTestApp } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'

const office = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIChG1z85QbgF13DSrZ4IKrUeEJSwJv03KCVaAtg3dE4b budi@contoh (kantor)'
const home = 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPgDkgcx3j256eQjcSIUeF1hLpTbg/UloNwUAUoZnctVB3PlcZr3baVayy0zOQBcB8oFTB3Xvf8CSjyLJ/c8akU= budi@contoh (kantor)'
const problemOf = (work: Promise<unknown>) => work.then(() => 'none', (error: unknown) => error instanceof AppError ? error.fields[0]?.code ?? error.code : String(error))

describe.each(databaseKinds())('SSH keys of clients on %s', (kind) => {
  let test: TestApp
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false })
  })
  afterAll(() => test.close())
  const db = () => test.app.core.database.executor
  async function client() {
    const id = uuidv7()
    await db().insert(users).values({ id, email: `${id}@contoh.test`, name: 'Sari Dewi', passwordHash: 'x', createdAt: test.clock.now() })
    return { kind: 'user', id, name: 'Sari Dewi', role: 'client' } as const
  }
  const another = (n: number) => {
    const body = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.from([0, 0, 0, 32]), Buffer.alloc(32, n)])
    return `ssh-ed25519 ${body.toString('base64')}`
  }

  it('a key is kept with name, type and fingerprint, listed to its owner alone, and forgotten; both acts stand in the audit log', async () => {
    const [sari, budi] = [await client(), await client()]
    const added = await test.app.clients.addSshKey({ actor: sari, name: 'Laptop', publicKey: office })
    expect(added).toMatchObject({ name: 'Laptop', type: 'ssh-ed25519', bits: 256, comment: 'budi@contoh (kantor)', fingerprint: 'SHA256:DpNMS0TLwFY3MwS6brixdoBSVNxWR+6cmIeK7lEGGN4' })
    expect((await test.app.clients.listSshKeys(sari.id)).items).toEqual([added])
    expect((await test.app.clients.listSshKeys(budi.id)).items).toEqual([])
    expect(await problemOf(test.app.clients.removeSshKey({ id: added.id, actor: budi }))).toBe('not_found')
    await test.app.clients.removeSshKey({ id: added.id, actor: sari })
    expect((await test.app.clients.listSshKeys(sari.id)).items).toEqual([])
    const written = await db().select({ action: auditLog.action }).from(auditLog).where(sql`entity_id = ${added.id}`).orderBy(auditLog.at, auditLog.id)
    expect(written.map(row => row.action)).toEqual(['client.ssh_key_add', 'client.ssh_key_remove'])
  })
  it('the same key twice, a twenty-first key and what is no key are refused, also at the same time', async () => {
    const sari = await client()
    const add = (publicKey: string) => problemOf(test.app.clients.addSshKey({ actor: sari, name: 'x', publicKey }))
    expect((await Promise.all([add(home), add(`${home} again`)])).sort()).toEqual(['none', 'ssh_key_known'])
    expect(await add('ssh-ed25519 AAAA')).toBe('ssh_key_shape')
    for (let n = 1; n < 19; n++) expect(await add(another(n))).toBe('none')
    expect((await Promise.all([add(another(19)), add(another(20))])).sort()).toEqual(['none', 'ssh_keys_full'])
  })
})
