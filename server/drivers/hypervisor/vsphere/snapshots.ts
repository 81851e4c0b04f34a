import { DriverError } from '#shared/errors/driver-error.ts'
import type { HypervisorDriver, MachineRef, MachineSnapshot, TaskHandle } from '#server/infrastructure/ports.ts'
import type { Locator } from './locate.ts'
import { toHandle } from './maker.ts'
import type { Vim } from './soap.ts'
import { snapshotRow } from './transform.ts'
import type { Machine } from './transform.ts'
import { childOf, childrenOf, morOf, textOf } from './xml.ts'
import type { Mor, XmlNode } from './xml.ts'

type Snapshots = Pick<HypervisorDriver, 'listSnapshots' | 'createSnapshot' | 'rollbackSnapshot' | 'deleteSnapshot'>
interface Row extends MachineSnapshot { readonly obj: Mor }

/** The tree as a list: each stands before those that were made upon it. */
function flatten(node: XmlNode): Row[] {
  const obj = morOf(childOf(node, 'snapshot'))
  const made = Date.parse(textOf(node, 'createTime') ?? '')
  const own = obj ? [{ obj, name: textOf(node, 'name') ?? '', title: textOf(node, 'description') ?? '', at: Number.isFinite(made) ? new Date(made) : null }] : []
  return [...own, ...childrenOf(node, 'childSnapshotList').flatMap(flatten)]
}

/** Snapshots of machines; their names need not be unique here, so ours are random. */
export function snapshotsOf(vim: Vim, find: Locator): Snapshots & { of(machine: Machine): Promise<readonly Row[]> } {
  async function of({ obj }: Machine): Promise<readonly Row[]> {
    const [found] = await vim.read([obj], 'VirtualMachine', snapshotRow)
    const rows = childrenOf(found?.raw('snapshot'), 'rootSnapshotList').flatMap(flatten)
    return rows.sort((a, b) => (a.at?.getTime() ?? 0) - (b.at?.getTime() ?? 0))
  }
  const handle = (machine: MachineRef, task: Mor): TaskHandle => toHandle(machine.node, 'task', task.id)
  async function there(machine: MachineRef, name: string) {
    const found = await find.prove(machine)
    return { found, row: (await of(found)).find(row => row.name === name) }
  }
  return {
    of,
    listSnapshots: async machine => (await of(await find.prove(machine))).map(({ name, title, at }) => ({ name, title, at })),
    async createSnapshot(machine, { name, title }) {
      const { found, row } = await there(machine, name)
      // `quiesce` needs VMware Tools in the guest and fails without them: what is kept is what a power failure would leave.
      return row ? null : handle(machine, await vim.start('CreateSnapshotRequestType', found.obj, { name, description: title, memory: false, quiesce: false }))
    },
    async rollbackSnapshot(machine, name) {
      const { found, row } = await there(machine, name)
      if (!row) throw new DriverError('not_found', `${vim.label}: snapshot ${name} does not exist`)
      if (found.props['runtime.powerState'] !== 'poweredOff') throw new DriverError('retryable', `${vim.label}: machine ${machine.vmid} runs; it goes back to a snapshot while it is stopped`, { afterSeconds: 5 })
      return handle(machine, await vim.start('RevertToSnapshotRequestType', row.obj, { suppressPowerOn: true }))
    },
    async deleteSnapshot(machine, name) {
      const { row } = await there(machine, name)
      return row ? handle(machine, await vim.start('RemoveSnapshotRequestType', row.obj, { removeChildren: false, consolidate: true })) : null
    },
  }
}
