import { DriverError } from '#shared/errors/driver-error.ts'
import type { MachineMoves, MachineRef, MoveTarget } from '#server/infrastructure/ports.ts'
import type { Locator, Site } from './locate.ts'
import { toHandle } from './maker.ts'
import type { Vim } from './soap.ts'
import { cardsOf, networkRow } from './transform.ts'
import type { Machine } from './transform.ts'
import { build, childOf, textOf } from './xml.ts'

/** Moves of machines between the hosts of a vCenter, onto the connection's datastore. A stand-alone host has no other. */
export function movesOf(kind: 'vcenter' | 'esxi', vim: Vim, find: Locator): MachineMoves {
  async function lookAt(machine: MachineRef, to: MoveTarget): Promise<{ readonly found: Machine, readonly there: boolean, readonly site: Site | null, readonly obstacle: string | null }> {
    const found = await find.prove(machine)
    if (kind === 'esxi') throw new DriverError('permanent', `${vim.label}: a stand-alone host has no other to move to`)
    const node = await find.nodeOf(found.props['runtime.host'])
    if (node === to.node) return { found, there: true, site: null, obstacle: null }
    const site = await find.site(to.node)
    const networks = new Set((await vim.read((site.host.props.network ?? []).filter(({ type }) => type === 'Network'), 'Network', networkRow)).map(({ props }) => props.name))
    const missing = cardsOf(found).map(card => textOf(childOf(card, 'backing'), 'deviceName')).find(name => name !== null && !networks.has(name))
    if (missing) return { found, there: false, site, obstacle: `${vim.label}: host ${to.node} has no network ${missing}` }
    const elsewhere = (await find.site(node)).datacenter.id !== site.datacenter.id
    return { found, there: false, site, obstacle: elsewhere ? `${vim.label}: host ${to.node} is in another datacenter` : null }
  }
  return {
    async moveObstacle(machine, to) {
      return (await lookAt(machine, to)).obstacle
    },
    async moveMachine(machine, to) {
      const { found, there, site, obstacle } = await lookAt(machine, to)
      if (there || !site) return null
      if (obstacle) throw new DriverError('action_required', obstacle, { who: 'sysadmin' })
      if (!to.live && found.props['runtime.powerState'] !== 'poweredOff') throw new DriverError('retryable', `${vim.label}: machine ${machine.vmid} runs; it is moved while it is stopped`, { afterSeconds: 5 })
      const task = await vim.start('RelocateVMRequestType', found.obj, { spec: build('VirtualMachineRelocateSpec', { datastore: site.datastore.obj, pool: site.pool, host: site.host.obj }) })
      return toHandle(to.node, 'task', task.id)
    },
  }
}
