import { z } from 'zod'

/** What Proxmox VE answers, as far as we read it. Numbers and booleans may come as strings; fields that a version lacks are optional. */
const num = z.coerce.number()
const flag = z.union([z.boolean(), z.number(), z.string()]).transform(value => value === true || value === 1 || value === '1')

export const upid = z.string().regex(/^UPID:/)
export const maybeUpid = z.union([upid, z.null(), z.literal('')]).optional().transform(value => value || null)
export const anything = z.unknown()

export const version = z.object({ version: z.string(), release: z.string().optional() })
export const permissions = z.record(z.string(), z.record(z.string(), num))
export const nextId = num.pipe(z.number().int().min(100).max(999_999_999))

export const nodeList = z.array(z.object({ node: z.string(), status: z.string().default('unknown'), cpu: num.default(0), maxcpu: num.default(0), mem: num.default(0), maxmem: num.default(0), disk: num.default(0), maxdisk: num.default(0), uptime: num.default(0) }))
export const nodeStatus = z.object({ loadavg: z.array(num).optional(), pveversion: z.string().optional(), wait: num.optional() })

/** One row of `/cluster/resources`: a guest, a node or a storage. */
export const resource = z.object({
  id: z.string(), type: z.string(), node: z.string().optional(), vmid: num.optional(), name: z.string().optional(), status: z.string().optional(), template: flag.optional(), lock: z.string().optional(), tags: z.string().optional(),
  cpu: num.optional(), maxcpu: num.optional(), mem: num.optional(), maxmem: num.optional(), disk: num.optional(), maxdisk: num.optional(), uptime: num.optional(), netin: num.optional(), netout: num.optional(), storage: z.string().optional(), shared: flag.optional(), plugintype: z.string().optional(), content: z.string().optional(),
})
export type Resource = z.output<typeof resource>
export const resources = z.array(resource)

export const config = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))
export type Config = z.output<typeof config>

export const machineStatus = z.object({ status: z.string(), qmpstatus: z.string().optional(), lock: z.string().optional(), cpu: num.default(0), cpus: num.default(0), mem: num.default(0), maxmem: num.default(0), maxdisk: num.default(0), uptime: num.default(0), name: z.string().optional() })
export type MachineStatus = z.output<typeof machineStatus>
export const taskStatus = z.object({ status: z.string(), exitstatus: z.string().optional(), type: z.string().optional() })
/** `password` is there when it was asked for, and always since 2026; without it the ticket is the password. */
export const vncProxy = z.object({ port: num, ticket: z.string().min(1), password: z.string().optional() })
export const snapshots = z.array(z.object({ name: z.string(), description: z.string().default(''), snaptime: num.default(0), snapstate: z.string().optional() }))
export const storageContent = z.array(z.object({ volid: z.string(), size: num.default(0) }))
/** `not_allowed_nodes` is an empty list in some versions when there are none. */
export const migration = z.object({
  running: flag.default(false), local_disks: z.array(z.object({ volid: z.string(), cdrom: flag.default(false) })).default([]), local_resources: z.array(z.string()).default([]),
  not_allowed_nodes: z.record(z.string(), z.object({ unavailable_storages: z.array(z.string()).optional() }).nullable()).optional().catch(undefined),
})
export type Migration = z.output<typeof migration>
const figure = num.nullable().optional()
export const samples = z.array(z.object({ time: num, cpu: figure, mem: figure, maxmem: figure, diskread: figure, diskwrite: figure, netin: figure, netout: figure }))
export const bridges = z.array(z.object({ iface: z.string(), type: z.string().optional(), bridge_vlan_aware: flag.default(false) }))
/** `tag` of a zone of VXLANs is no VLAN, but a number of the same kind: machines do not choose it. */
export const vnets = z.array(z.object({ vnet: z.string(), tag: num.optional(), vlanaware: flag.default(false) }))

/** `macfilter` is on and `dhcp` is allowed unless switched off; the rest is off unless switched on. */
export const firewallOptions = z.object({ enable: flag.default(false), ipfilter: flag.default(false), macfilter: flag.default(true), dhcp: flag.default(true), /** Left out, it is DROP. */ policy_in: z.string().default('DROP') })
/** A rule's place and digest, and all else that it says as text; what has no effect (`nolog`) and what Proxmox adds by itself is left out. */
export const firewallRules = z.array(z.looseObject({ pos: num, digest: z.string().optional(), enable: flag.default(false) }).transform(({ pos, digest, enable, ipversion: _, ...said }) => ({
  pos, digest, fields: { ...Object.fromEntries(Object.entries(said).filter(([name, value]) => typeof value === 'string' || typeof value === 'number' ? value !== '' && !(name === 'log' && value === 'nolog') : false).map(([name, value]) => [name, String(value).trim()])), enable: enable ? '1' : '0' } as Readonly<Record<string, string>>,
})))
export const ipSet = z.array(z.object({ cidr: z.string(), nomatch: flag.default(false) }))
export const clusterFirewall = z.object({ enable: num.default(0).transform(value => value > 0) })

/** `notes`: their first line alone. */
export const backups = z.array(z.object({ volid: z.string(), size: num.default(0), ctime: num.default(0), notes: z.string().optional() }))
export const tasks = z.array(z.object({ upid }))
export const taskLog = z.array(z.object({ t: z.string() }))
export const text = z.string()
/** Of the storages of a node. */
export const storages = z.array(z.object({ storage: z.string(), content: z.string().default(''), enabled: flag.default(true), active: flag.default(false), shared: flag.default(false) }))

export const failureBody = z.object({ message: z.string().optional(), errors: z.record(z.string(), z.string()).optional() })
/** Of a node: only what its status does not tell. The fields of pressure are there since version 9. */
export const nodeSamples = z.array(z.object({ time: num, netin: figure, netout: figure, pressurecpusome: figure, pressurememorysome: figure, pressureiosome: figure }))
