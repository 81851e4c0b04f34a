import { DriverError } from '#shared/errors/driver-error.ts'
import type { MachineAccess, MachineRescue, RemoteIso } from '#server/infrastructure/guest-ports.ts'
import { path } from './api.ts'
import type { ProxmoxApi } from './api.ts'
import { refuseLogin } from './containers.ts'
import { eachOf, guestPath } from './locate.ts'
import type { Found, Locator } from './locate.ts'
import * as reply from './schema.ts'
import type { Config } from './schema.ts'
import { encodeSshKeys, hasCloudInit, systemDisk } from './transform.ts'

/** Words of `agent/set-user-password` that say that nobody in the guest takes the order; nothing was changed then. */
const nobodyInside = /no qemu guest agent configured|guest agent is not running|guest-ping|is not running|has been disabled|has not been found|commandnotfound/i
const refusedInside = /agent error|guest-set-user-password|failed to set user password/i

const isCd = (drive: string | undefined): boolean => drive?.includes('media=cdrom') === true && !drive.includes('cloudinit')
const imageIn = (drive: string | undefined): string | null => isCd(drive) ? /^[^,]*:iso\/[^,]+/.exec(drive ?? '')?.[0] ?? null : null

/** What the machine starts from, in turn; written out where the configuration only implies it. */
export function bootOrder(config: Config): string[] {
  const told = /(?:^|,)order=([^,]*)/.exec(config.boot ?? '')?.[1]?.split(';').filter(Boolean)
  const disk = systemDisk(config)
  return told ?? (disk ? [disk.key] : [])
}
/** Where the image is that the machine starts from before anything else; null: it starts from something else. */
export function rescueDrive(config: Config): { readonly key: string, readonly ref: string } | null {
  const [first] = bootOrder(config)
  const ref = first === undefined ? null : imageIn(config[first])
  return first === undefined || ref === null ? null : { key: first, ref }
}
/** Q35 machines have only the even ones, so they come first. */
const cdPlaces = ['ide0', 'ide2', 'ide1', 'ide3'] as const

/** The form of `PUT config` that makes a machine start from an image; null: it does already. */
export function attachForm(config: Config, ref: string): Record<string, string> | null {
  const there = rescueDrive(config)
  if (there?.ref === ref) return null
  const key = there?.key ?? cdPlaces.find(place => config[place] === undefined)
  if (key === undefined) throw new DriverError('action_required', 'Proxmox: the machine has no place left for a CD', { who: 'sysadmin' })
  return { [key]: `${ref},media=cdrom`, boot: `order=${[key, ...bootOrder(config).filter(other => other !== key)].join(';')}`, ...(config.digest ? { digest: config.digest } : {}) }
}
/** The form that takes it out again and leaves the order of the others as it was; null: none is in. */
export function detachForm(config: Config): Record<string, string> | null {
  const there = rescueDrive(config)
  if (!there) return null
  const disk = systemDisk(config)
  const rest = bootOrder(config).filter(other => other !== there.key)
  return { delete: there.key, boot: `order=${(rest.length > 0 ? rest : disk ? [disk.key] : []).join(';')}`, ...(config.digest ? { digest: config.digest } : {}) }
}

/** Login, name and rescue of machines. */
export function accessOf(api: ProxmoxApi, find: Locator): MachineAccess & MachineRescue {
  const of = (found: Found, ...more: string[]) => guestPath(found, ...more)
  /** Of what cloud-init tells the guest, its instance id is made by Proxmox: any change makes it another one, so the guest takes it on at its next start. */
  const put = (found: Found, form: Record<string, string>) => api.put(of(found, 'config'), form, reply.anything)
  async function stopped(found: Found): Promise<Found> {
    const { status } = await api.get(of(found, 'status', 'current'), reply.machineStatus)
    if (status !== 'stopped') throw new DriverError('retryable', `Proxmox: machine ${found.vmid} runs; what it starts from is changed while it is stopped`, { afterSeconds: 5 })
    return found
  }
  async function isosOn(node: string): Promise<{ node: string, rows: { volid: string, size: number }[] }[]> {
    const storages = (await api.get(path('nodes', node, 'storage'), reply.storages, { content: 'iso', enabled: '1' })).filter(({ active }) => active)
    return eachOf(storages, 2, async ({ storage }) => ({ node, rows: await api.get(path('nodes', node, 'storage', storage, 'content'), reply.storageContent, { content: 'iso' }) }))
  }
  return {
    async setPasswordInside(machine, { username, password }) {
      const found = await find.prove(machine)
      if (found.kind === 'lxc') refuseLogin()
      const { status } = await api.get(of(found, 'status', 'current'), reply.machineStatus)
      if (status !== 'running') return false
      try {
        await api.post(of(found, 'agent', 'set-user-password'), { username, password, crypted: '0' }, reply.anything)
        return true
      } catch (error) {
        if (!(error instanceof DriverError)) throw error
        // Of older installations the token may lack the privilege: then the guest learns it at its next start.
        if (nobodyInside.test(error.message) || (error.kind === 'action_required' && /permission check failed/i.test(error.message))) return false
        if (refusedInside.test(error.message) && !/timeout/i.test(error.message)) throw new DriverError('permanent', error.message, { cause: error })
        throw error
      }
    },
    async keepLogin(machine, { username, password, sshKey }) {
      const found = await find.prove(machine)
      if (found.kind === 'lxc') refuseLogin()
      if (!hasCloudInit(found.config)) throw new DriverError('action_required', `Proxmox: machine ${machine.vmid} has no cloud-init drive; its template needs one`, { who: 'sysadmin' })
      const remove = sshKey === null && found.config.sshkeys !== undefined
      await put(found, {
        ciuser: username, ...(password === undefined ? {} : { cipassword: password }), ...(sshKey === undefined || sshKey === null ? {} : { sshkeys: encodeSshKeys(sshKey) }),
        ...(remove ? { delete: 'sshkeys' } : {}), ...(found.config.digest ? { digest: found.config.digest } : {}),
      })
    },
    async rename(machine, hostname) {
      const found = await find.prove(machine)
      const key = found.kind === 'lxc' ? 'hostname' : 'name'
      if (found.config[key] === hostname) return
      await put(found, { [key]: hostname, ...(found.config.digest ? { digest: found.config.digest } : {}) })
    },
    async readAccess(machine) {
      const { kind, config } = await find.prove(machine)
      if (kind === 'lxc') return { hostname: config.hostname ?? null, sshKey: null, hasPassword: false }
      return { hostname: config.name ?? null, sshKey: config.sshkeys === undefined ? null : decodeURIComponent(config.sshkeys).trim(), hasPassword: config.cipassword !== undefined }
    },
    async listIsos() {
      const online = (await api.get('/nodes', reply.nodeList)).filter(({ status }) => status === 'online')
      const seen = new Map<string, RemoteIso>()
      for (const { node, rows } of (await eachOf(online, 4, ({ node }) => isosOn(node))).flat()) {
        for (const { volid, size } of rows) {
          const before = seen.get(volid)
          seen.set(volid, { ref: volid, name: volid.replace(/^.*:iso\//, ''), bytes: before?.bytes ?? size, nodes: [...before?.nodes ?? [], node].sort() })
        }
      }
      return [...seen.values()].sort((a, b) => a.name.localeCompare(b.name) || a.ref.localeCompare(b.ref))
    },
    async attachRescue(machine, ref) {
      const found = await find.prove(machine)
      if (found.kind === 'lxc') throw new DriverError('permanent', 'Proxmox: a container starts from no CD image')
      const form = attachForm(found.config, ref)
      if (form) await put(await stopped(found), form)
    },
    async detachRescue(machine) {
      const found = await find.prove(machine)
      const form = found.kind === 'lxc' ? null : detachForm(found.config)
      if (form) await put(await stopped(found), form)
    },
    async readRescue(machine) {
      const found = await find.prove(machine)
      return found.kind === 'lxc' ? null : rescueDrive(found.config)?.ref ?? null
    },
  }
}
