import { afterEach, describe, expect, it } from 'vitest'
import pino from 'pino'
import { rdapAvailability } from '#server/drivers/availability/rdap/driver.ts'
import { memoryKeyValue } from '#server/platform/kv.ts'
import { startRdapSimulator } from '../../simulators/rdap/index.ts'
import { testClock } from '../support/app.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function registry() {
  const simulator = await startRdapSimulator()
  const [cache, clock] = [memoryKeyValue(), testClock('2026-11-23T00:00:00Z')]
  const open = (bootstrapUrl = simulator.bootstrapUrl) => {
    const driver = rdapAvailability({ bootstrapUrl, cache, clock, log: pino({ level: 'silent' }), registryMilliseconds: 400 })
    closing.push(() => driver.close())
    return driver
  }
  closing.push(() => simulator.close(), () => cache.close())
  return { simulator, clock, open }
}

describe('availability by RDAP', () => {
  it('knows taken from available at the registry in charge', async () => {
    const driver = (await registry()).open()
    expect(await driver.check('tokopedia.com')).toEqual({ state: 'taken', reason: null })
    expect(await driver.check('tidak-ada-2026.co.id')).toEqual({ state: 'available', reason: null })
  })
  it.each([['sim-500.com', 'registry_failed'], ['sim-html.com', 'registry_unclear'], ['sim-hang.com', 'registry_slow'], ['apa-saja.io', 'no_registry']])('%s is unknown (%s), never free', async (name, reason) => {
    expect(await (await registry()).open().check(name)).toEqual({ state: 'unknown', reason })
  })
  it('a registry that answers 429 is left alone for as long as it asks', async () => {
    const driver = (await registry()).open()
    expect(await driver.check('sim-429.com')).toEqual({ state: 'unknown', reason: 'registry_busy' })
    expect(await driver.check('tokopedia.com')).toEqual({ state: 'unknown', reason: 'registry_busy' })
  })
  it('a registry that is down makes names unknown; the bootstrap file of before still serves', async () => {
    const { simulator, clock, open } = await registry()
    const driver = open()
    expect((await driver.check('bebas-sekali.com')).state).toBe('available')
    await simulator.close()
    clock.advance(2 * 86_400_000)
    expect(await driver.check('bebas-lagi.com')).toMatchObject({ state: 'unknown' })
  })
  it('without any bootstrap file nothing is known', async () => {
    expect(await (await registry()).open('http://127.0.0.1:9/dns.json').check('contoh.com')).toEqual({ state: 'unknown', reason: 'no_registry' })
  })
})
