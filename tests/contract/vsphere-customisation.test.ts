import { afterEach, describe, expect, it } from 'vitest'
import type { GuestIdentity } from '#shared/vocabulary/machines.ts'
import { optionsOf } from '#server/drivers/hypervisor/vsphere/transform.ts'
import { vsphereWorld } from '../support/vcsim.ts'
import type { VsphereMode, VsphereWorld } from '../support/vcsim.ts'
import { failureOf, finished, mark, spec } from './hypervisor.bench.ts'

const open: VsphereWorld[] = []
afterEach(async () => {
  for (const world of open.splice(0)) await world.close()
})
const machine = ({ node }: VsphereWorld) => ({ node, vmid: 105, ownershipMark: mark })
const of = (identity: GuestIdentity) => ({ ...spec, identity })
async function cloned(mode: VsphereMode) {
  const made = await vsphereWorld(mode)
  open.push(made)
  await finished(made.driver, await made.driver.clone({ template: made.template, vmid: 105, node: made.node, hostname: spec.hostname, ownershipMark: mark }))
  return made
}
const asked = ({ proxy }: VsphereWorld) => proxy.journal.filter(call => call === 'CustomizeVM_Task').length

describe('customisation by VMware Tools (vcenter)', () => {
  it.each(['linux_prep', 'sysprep'] as const)('%s: the guest has its name and address after its first start, and no login was left in the settings', async (identity) => {
    const made = await cloned('vcenter')
    await finished(made.driver, await made.driver.configure(machine(made), of(identity)))
    expect((await made.machineOf(105))?.props['config.tools.pendingCustomization']).not.toBe('')
    await finished(made.driver, await made.driver.start(machine(made)))
    expect(await made.driver.inspect(machine(made))).toMatchObject({ power: 'running', ipv4: spec.address.ipv4, setup: { state: 'running' } })
    const options = [...optionsOf(await made.machineOf(105) ?? expect.fail('no machine'))]
    expect(options).toContainEqual(['gardu.identity', identity])
    expect(JSON.stringify(options)).not.toContain(spec.login.password)
    expect(options.map(([key]) => key)).not.toContain('guestinfo.userdata')
    await made.driver.forgetFirstBoot(machine(made))
    expect((await made.driver.inspect(machine(made)))?.setup).toBeUndefined()
  })
  it('asked for again while it is pending, the answer lost or while the machine runs, it is asked for once', async () => {
    const made = await cloned('vcenter')
    made.proxy.lose = /^CustomizeVM_Task$/
    expect(await failureOf(made.driver.configure(machine(made), of('linux_prep')))).toMatchObject({ kind: 'unknown_outcome' })
    expect(await made.driver.configure(machine(made), of('linux_prep'))).toBeNull()
    await finished(made.driver, await made.driver.start(machine(made)))
    expect(await made.driver.configure(machine(made), of('linux_prep'))).toBeNull()
    expect(asked(made)).toBe(1)
  })
  it('a failure is told in the vCenter\'s words, a success as done', async () => {
    const made = await cloned('vcenter')
    await finished(made.driver, await made.driver.configure(machine(made), of('linux_prep')))
    await finished(made.driver, await made.driver.start(machine(made)))
    const { obj } = await made.machineOf(105) ?? expect.fail('no machine')
    await made.customisationEnded(obj, 'CustomizationFailed')
    expect(await made.driver.inspect(machine(made))).toMatchObject({ setup: { state: 'failed', message: expect.stringMatching(/\w/) as string } })
    await made.customisationEnded(obj, 'CustomizationSucceeded')
    expect(await made.driver.inspect(machine(made))).toMatchObject({ setup: { state: 'done' } })
  })
  it('what it cannot carry is refused before anything is changed: several addresses, keys that are too long, a new name later', async () => {
    const made = await cloned('vcenter')
    const before = made.proxy.writes()
    expect(await failureOf(made.driver.configure(machine(made), { ...of('linux_prep'), address: { ...spec.address, extra: [{ ipv4: '203.0.113.9', prefixLength: 24 }] } }))).toMatchObject({ kind: 'action_required', message: expect.stringContaining('one IPv4 address') as string })
    expect(await failureOf(made.driver.configure(machine(made), { ...of('linux_prep'), login: { ...spec.login, sshKey: `ssh-rsa ${'A'.repeat(1500)}` } }))).toMatchObject({ kind: 'action_required', message: expect.stringContaining('SSH keys') as string })
    expect(made.proxy.writes()).toBe(before)
    await finished(made.driver, await made.driver.configure(machine(made), of('sysprep')))
    expect(await failureOf(made.driver.rename(machine(made), 'lain.contoh.test'))).toMatchObject({ kind: 'permanent' })
  })
})

describe('customisation by VMware Tools (esxi)', () => {
  it('a stand-alone host customises no guests: refused with the reason, and nothing is changed', async () => {
    const made = await cloned('esxi')
    const before = made.proxy.writes()
    expect(await failureOf(made.driver.configure(machine(made), of('linux_prep')))).toMatchObject({ kind: 'permanent', message: expect.stringContaining('vCenter alone') as string })
    expect(made.proxy.writes()).toBe(before)
  })
})
