import { DriverError } from '#shared/errors/driver-error.ts'
import { guessOs } from '#server/infrastructure/os-family.ts'
import { isFault } from './faults.ts'
import { toHandle } from './maker.ts'
import type { Maker, MakerTools } from './maker.ts'
import { diskGiBOf, identity, machineRow, nameOf, systemDisk, unescapeName } from './transform.ts'
import { build } from './xml.ts'

/** vCenter: templates are machines marked as such, named by their instance UUID; a machine is a full clone of one. */
export function vcenterMaker({ vim, find, taskState }: MakerTools): Maker {
  const templates = async () => (await find.machines()).filter(({ props }) => props['config.template'] && props['config.instanceUuid'] !== undefined)
  return {
    async listTemplates() {
      const [hosts, found] = await Promise.all([find.hosts(), templates().then(rows => vim.read(rows.map(({ obj }) => obj), 'VirtualMachine', machineRow))])
      return found.map((template) => {
        const name = unescapeName(template.props.name)
        const os = guessOs(name)
        return { node: hosts.find(({ obj }) => obj.id === template.props['runtime.host']?.id)?.props.name ?? '', ref: template.props['config.instanceUuid'] ?? '', name, osFamily: os.family, username: os.username, diskGiB: diskGiBOf(systemDisk(template)), nodes: [], machineType: 'vm' as const }
      })
    },
    async make({ template, vmid, node, hostname, ownershipMark }) {
      const source = (await templates()).find(({ props }) => props['config.instanceUuid'] === template.ref)
      const gone = (cause?: unknown) => new DriverError('permanent', `vCenter: template ${template.ref} does not exist any more`, { cause })
      if (!source) throw gone()
      const { host, pool, folder, datastore } = await find.site(node)
      try {
        const task = await vim.start('CloneVMRequestType', source.obj, {
          folder, name: nameOf(hostname, vmid),
          spec: build('VirtualMachineCloneSpec', { location: build('VirtualMachineRelocateSpec', { datastore: datastore.obj, pool, host: host.obj }), template: false, powerOn: false, config: build('VirtualMachineConfigSpec', identity(ownershipMark, vmid)) }),
        })
        return toHandle(node, 'clone', task.id, ownershipMark)
      } catch (error) {
        if (isFault(error, 'ManagedObjectNotFound')) throw gone(error)
        throw error
      }
    },
    async follow([, task = '', ownershipMark = '']) {
      // A task that the server has forgotten ended long ago: the machine itself tells how.
      return await taskState({ type: 'Task', id: task }) ?? (await find.marked(ownershipMark, null) ? { state: 'done', warnings: false } : { state: 'failed', message: 'the clone was not made', kind: 'retryable' })
    },
    tidy: () => Promise.resolve(),
  }
}
