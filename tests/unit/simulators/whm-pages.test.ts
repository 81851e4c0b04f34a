import { afterEach, describe, expect, test } from 'vitest'
import { startControl } from '../../../simulators/control.ts'
import { startWhmSimulator } from '../../../simulators/whm/index.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})
async function open() {
  const whm = await startWhmSimulator({ tls: false })
  const control = await startControl({ port: 0, simulators: [{ name: 'whm', title: 'WHM', says: '', url: whm.url, page: '/whm', faults: whm.faults, state: whm.state, answer: whm.pages }] })
  closers.push(control.close, whm.close)
  const look = async () => (await fetch(`${control.url}/whm`)).text()
  const press = async (path: string) => (await fetch(`${control.url}/whm/${path}`, { method: 'POST', redirect: 'manual' })).status
  const account = () => whm.state.accounts.lamakita
  return { whm, look, press, account }
}

describe('the page of the hosting server', () => {
  test('shows accounts and packages without script; what a client may have named is shown as text', async () => {
    const { look, account } = await open()
    Object.assign(account() ?? {}, { suspendreason: '<b>x</b>', suspended: true })
    const text = await look()
    for (const shown of ['lamakita', 'lama-kita.test', 'gardu_bisnis', '&lt;b&gt;x&lt;/b&gt;', 'No fault is set.']) expect(text).toContain(shown)
    expect(text).not.toContain('<script')
  })
  test('an account is suspended, freed, put on another package and removed behind Gardu\'s back; what no longer fits changes nothing', async () => {
    const { press, account } = await open()
    const before = account()?.plan
    expect(await press('accounts/lamakita/suspend')).toBe(303)
    expect(account()).toMatchObject({ suspended: true })
    expect(await press('accounts/lamakita/unsuspend')).toBe(303)
    expect(account()).toMatchObject({ suspended: false })
    expect(await press('accounts/lamakita/repackage')).toBe(303)
    expect(account()?.plan).not.toBe(before)
    expect(await press('accounts/lamakita/remove')).toBe(303)
    expect(account()).toBeUndefined()
    expect(await press('accounts/lamakita/suspend')).toBe(303)
  })
  test('faults are set and taken back; unknown acts and names are refused', async () => {
    const { press, look, whm } = await open()
    expect(await press('faults/lie')).toBe(303)
    expect(whm.faults.current.lieAbout).not.toBe('')
    expect(await look()).toContain('lieAbout')
    expect(await press('faults/clear')).toBe(303)
    expect(whm.faults.current.lieAbout).toBe('')
    for (const path of ['accounts/lamakita/explode', 'faults/none', 'accounts/toString/__proto__', 'elsewhere']) expect(await press(path)).toBe(404)
  })
})
