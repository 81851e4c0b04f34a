import { z } from 'zod'
import { DriverError } from '#shared/errors/driver-error.ts'
import { guessOs } from '#server/infrastructure/os-family.ts'
import type { RemoteTemplate, TaskState } from '#server/infrastructure/ports.ts'
import { isFault } from './faults.ts'
import { toHandle } from './maker.ts'
import type { Maker, MakerTools } from './maker.ts'
import { add, identity, nameOf, newCard, taskRow } from './transform.ts'
import { build, childrenOf, list, mor, textOf } from './xml.ts'
import type { Mor, XmlNode } from './xml.ts'

const kibiPerGibi = 1_048_576
const recentTasks = z.object({ recentTask: list('ManagedObjectReference', mor).optional() })
const folderName = 'base'

/**
 * A stand-alone ESXi has neither templates nor clones: a template is a disk in the folder `base` of the datastore, and a machine is made
 * around a copy of it. The copy lies in a folder that bears our mark. A copy is complete only if its own task said so: one that an earlier
 * try left behind is thrown away and made anew.
 */
export function esxiMaker({ vim, find, access, taskState, toEnd }: MakerTools): Maker {
  const folderOf = (ownershipMark: string) => `[${access.storage}] gardu-${ownershipMark}`
  const diskOf = (ownershipMark: string) => `${folderOf(ownershipMark)}/gardu-${ownershipMark}.vmdk`
  async function managers(): Promise<{ files: Mor, disks: Mor, tasks: Mor | undefined }> {
    const { fileManager, virtualDiskManager, taskManager } = await vim.content()
    if (!fileManager || !virtualDiskManager) throw new DriverError('permanent', 'ESXi: this server manages no files')
    return { files: fileManager, disks: virtualDiskManager, tasks: taskManager }
  }

  async function isCopying(): Promise<boolean> {
    const { tasks } = await managers()
    const [recent] = tasks ? await vim.read([tasks], 'TaskManager', recentTasks) : []
    const rows = await vim.read(recent?.props.recentTask ?? [], 'Task', taskRow)
    return rows.some(({ props }) => /copyVirtualDisk/i.test(props['info.descriptionId']) && /^(running|queued)$/.test(props['info.state']))
  }
  async function remove(ownershipMark: string, datacenter: Mor): Promise<void> {
    const { files } = await managers()
    try {
      await toEnd(await vim.start('DeleteDatastoreFileRequestType', files, { name: folderOf(ownershipMark), datacenter }))
    } catch (error) {
      if (!(error instanceof DriverError) || error.kind !== 'not_found') throw error
    }
  }
  async function emptyFolder(ownershipMark: string, datacenter: Mor): Promise<void> {
    const { files } = await managers()
    const make = () => vim.call('MakeDirectoryRequestType', files, { name: folderOf(ownershipMark), datacenter, createParentDirectories: false })
    try {
      await make()
    } catch (error) {
      if (!isFault(error, 'FileAlreadyExists', 'AlreadyExists')) throw error
      if (await isCopying()) throw new DriverError('retryable', 'ESXi: a disk is still being copied; whether it is ours shows when it is done', { afterSeconds: 15 })
      await remove(ownershipMark, datacenter)
      await make()
    }
  }

  async function create(ownershipMark: string, vmid: number, hostname: string, node: string, osFamily: string): Promise<TaskState> {
    const { host, pool, folder } = await find.site(node)
    const devices = [
      build('ParaVirtualSCSIController', { key: -1, busNumber: 0, sharedBus: 'noSharing' }),
      build('VirtualDisk', { key: -2, backing: build('VirtualDiskFlatVer2BackingInfo', { fileName: diskOf(ownershipMark), diskMode: 'persistent', thinProvisioned: true }), controllerKey: -1, unitNumber: 0, capacityInKB: 0 }),
      newCard(await find.network(host.obj)),
    ]
    const config = build('VirtualMachineConfigSpec', {
      ...identity(ownershipMark, vmid), name: nameOf(hostname, vmid), guestId: osFamily === 'windows' ? 'windows9Server64Guest' : 'other3xLinux64Guest', files: build('VirtualMachineFileInfo', { vmPathName: `${folderOf(ownershipMark)}/gardu-${ownershipMark}.vmx` }),
      numCPUs: 1, memoryMB: 512, deviceChange: devices.map(add),
    })
    try {
      await toEnd(await vim.start('CreateVMRequestType', folder, { config, pool, host: host.obj }))
      return { state: 'done', warnings: false }
    } catch (error) {
      // An earlier look has begun it.
      if (isFault(error, 'DuplicateName', 'AlreadyExists', 'FileAlreadyExists')) return { state: 'running' }
      throw error
    }
  }

  async function listTemplates(): Promise<RemoteTemplate[]> {
    const templates: RemoteTemplate[] = []
    for (const host of (await find.hosts()).filter(find.isUsable)) {
      const { props } = await find.storageOf(host)
      if (!props.browser) continue
      const searchSpec = build('HostDatastoreBrowserSearchSpec', { query: build('VmDiskFileQuery', { details: build('VmDiskFileQueryFlags', { diskType: false, capacityKb: true, hardwareVersion: false }) }), matchPattern: '*.vmdk' })
      const task = await vim.start('SearchDatastoreSubFoldersRequestType', props.browser, { datastorePath: `[${access.storage}] ${folderName}`, searchSpec })
      const found = await toEnd(task).then(() => vim.read([task], 'Task', taskRow), (error: unknown) => {
        if (error instanceof DriverError && error.kind === 'not_found') return []
        throw error
      })
      templates.push(...found.flatMap(row => row.raw('info.result')?.children ?? []).flatMap(result => toTemplates(host.props.name, result)))
    }
    return templates
  }

  return {
    listTemplates,
    async make({ template, vmid, node, hostname, ownershipMark }) {
      const { datacenter } = await find.site(node)
      const { disks } = await managers()
      if (!(await listTemplates()).some(({ ref }) => ref === template.ref)) throw new DriverError('permanent', `ESXi: base disk ${template.ref} does not exist any more`)
      await emptyFolder(ownershipMark, datacenter)
      const task = await vim.start('CopyVirtualDiskRequestType', disks, { sourceName: template.ref, sourceDatacenter: datacenter, destName: diskOf(ownershipMark), destDatacenter: datacenter, destSpec: build('VirtualDiskSpec', { diskType: 'thin', adapterType: 'lsiLogic' }), force: false })
      return toHandle(node, 'copy', task.id, ownershipMark, String(vmid), hostname, node, guessOs(template.ref).family)
    },
    async follow([, task = '', ownershipMark = '', vmid = '', hostname = '', node = '', osFamily = '']) {
      const copied = await taskState({ type: 'Task', id: task })
      if (copied?.state === 'running') return copied
      if (await find.marked(ownershipMark, Number(vmid))) return { state: 'done', warnings: false }
      if (!copied) return { state: 'failed', message: 'the server no longer knows whether the disk was copied', kind: 'retryable' }
      if (copied.state === 'failed') return copied.kind === 'not_found' ? { ...copied, kind: 'permanent' } : copied
      return create(ownershipMark, Number(vmid), hostname, node, osFamily)
    },
    async tidy(ownershipMark) {
      const host = (await find.hosts()).find(find.isUsable)
      if (host) await remove(ownershipMark, (await find.site(host.props.name)).datacenter)
    },
  }
}

function toTemplates(node: string, result: XmlNode): RemoteTemplate[] {
  const folder = (textOf(result, 'folderPath') ?? '').replace(/\/$/, '')
  return childrenOf(result, 'file').flatMap((file) => {
    const path = textOf(file, 'path') ?? ''
    // The parts of a disk are no disks of their own.
    if (!path.endsWith('.vmdk') || /-(flat|delta|ctk|sesparse|\d{6})\.vmdk$/.test(path)) return []
    const name = path.replace(/\.vmdk$/, '')
    const os = guessOs(name)
    return [{ node, ref: `${folder}/${path}`, name, osFamily: os.family, username: os.username, diskGiB: Number(textOf(file, 'capacityKb') ?? 0) / kibiPerGibi, nodes: [node], machineType: 'vm' }]
  })
}
