import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startDemo } from '../support/demo.ts'
import type { Demo } from '../support/demo.ts'
import { logIn, until } from '../support/journey.ts'

describe('the demo is killed and started again', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'gardu-restart-'))
  let demo: Demo | null = null
  afterAll(async () => {
    await demo?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  it('what the killed starter left behind ends by itself; the next start waits for it, keeps the data and logs no error', async () => {
    const first = await startDemo({ dataDir })
    const client = await logIn(first, 'client@demo.gardu.test')
    await client.put('/api/portal/profile', { kind: 'person', phone: '0812 3456 7890', addressLine: 'Jl. Kenanga 5', city: 'Bandung', province: 'Jawa Barat', postalCode: '40111' })
    await first.stop('SIGKILL')
    demo = await startDemo({ dataDir })
    await until('the killed server is gone', () => fetch(`${first.url}/health`).then(reply => reply.status, () => null), status => status === null)
    const again = await logIn(demo, 'client@demo.gardu.test')
    expect((await again.get('/api/portal/profile')).body.profile).toMatchObject({ addressLine: 'Jl. Kenanga 5' })
    expect(first.output() + demo.output()).not.toMatch(/not running|unhandled|"level":(50|60)/i)
  })

  it('a second demo on the same data is refused with the reason, and the first goes on', async () => {
    await expect(startDemo({ dataDir })).rejects.toThrow(/is in use by process \d+/)
    expect((await fetch(`${demo?.url}/ready`)).status).toBe(200)
  })
})
