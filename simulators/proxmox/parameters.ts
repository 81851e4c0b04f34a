/**
 * The parameters that Proxmox VE 9 takes for the calls that this simulator answers, in a notation of our own:
 * `[*]type [choices] [min..max] [<=length] [@format] [/pattern/]`, where `*` means required. Whatever is not listed is refused, as the
 * original does. Names with `[n]` stand for a number.
 */
import { containerParameters, fitsContainerCard } from './container-parameters.ts'
import { asContainerCall, isAlike } from './container-calls.ts'

type Parameters = Readonly<Record<string, string>>

const machineOptions: Parameters = {
  'agent': 'string', 'balloon': 'integer 0..', 'bios': 'string seabios|ovmf', 'boot': 'string', 'bootdisk': 'string /(ide|sata|scsi|virtio)\\d+/', 'cipassword': 'string',
  'citype': 'string configdrive2|nocloud|opennebula', 'ciupgrade': 'boolean', 'ciuser': 'string', 'cores': 'integer 1..', 'cpu': 'string', 'cpulimit': 'number 0..128', 'cpuunits': 'integer 1..262144',
  'description': 'string <=8192', 'hotplug': 'string', 'ide[n]': 'string', 'ipconfig[n]': 'string @ipconfig', 'lock': 'string backup|clone|create|migrate|rollback|snapshot|snapshot-delete|suspending|suspended',
  'machine': 'string', 'memory': 'string @memory', 'name': 'string @dns-name', 'nameserver': 'string @address-list', 'net[n]': 'string @net', 'numa': 'boolean', 'onboot': 'boolean',
  'ostype': 'string other|wxp|w2k|w2k3|w2k8|wvista|win7|win8|win10|win11|l24|l26|solaris', 'protection': 'boolean', 'scsi[n]': 'string', 'scsihw': 'string lsi|lsi53c810|virtio-scsi-pci|virtio-scsi-single|megasas|pvscsi',
  'searchdomain': 'string', 'serial[n]': 'string', 'smbios1': 'string <=512', 'sockets': 'integer 1..', 'sshkeys': 'string @urlencoded', 'startup': 'string', 'tags': 'string @tag-list', 'template': 'boolean', 'vga': 'string', 'virtio[n]': 'string',
}
const change: Parameters = { ...machineOptions, delete: 'string', digest: 'string <=40', force: 'boolean', revert: 'string', skiplock: 'boolean' }
const samples: Parameters = { cf: 'string AVERAGE|MAX', timeframe: '*string hour|day|week|month|year' }
const level = 'string emerg|alert|crit|err|warning|notice|info|debug|nolog'
const policy = 'string ACCEPT|REJECT|DROP'
const rule: Parameters = { 'action': 'string <=20 /[A-Za-z][A-Za-z0-9_-]+/', 'comment': 'string', 'dest': 'string <=512 @fw-addresses', 'digest': 'string <=64', 'dport': 'string @fw-ports', 'enable': 'integer 0..', 'icmp-type': 'string', 'iface': 'string <=20', 'log': level, 'macro': 'string <=128', 'pos': 'integer 0..', 'proto': 'string @fw-protocol', 'source': 'string <=512 @fw-addresses', 'sport': 'string @fw-ports', 'type': 'string in|out|forward|group' }
const setName = 'string <=64 /[A-Za-z][A-Za-z0-9_-]+/'

const ofMachines: Readonly<Record<string, Parameters>> = {
  'GET /version': {},
  'GET /access/permissions': { path: 'string', userid: 'string' },
  'GET /nodes': {},
  'GET /nodes/{node}/status': {},
  'GET /nodes/{node}/rrddata': { ...samples, timeframe: '*string hour|day|week|month|year|decade' },
  'GET /cluster/sdn/vnets': { pending: 'boolean', running: 'boolean' },
  'GET /nodes/{node}/network': { type: 'string bridge|bond|eth|alias|vlan|fabric|OVSBridge|OVSBond|OVSPort|OVSIntPort|vnet|any_bridge|any_local_bridge|include_sdn' },
  'GET /nodes/{node}/storage': { content: 'string', enabled: 'boolean', format: 'boolean', storage: 'string', target: 'string' },
  'GET /nodes/{node}/storage/{storage}/content': { content: 'string', vmid: 'integer 100..999999999' },
  'DELETE /nodes/{node}/storage/{storage}/content/{volume}': { delay: 'integer 1..30' },
  'POST /nodes/{node}/vzdump': { 'all': 'boolean', 'bwlimit': 'integer 0..', 'compress': 'string 0|1|gzip|lzo|zstd', 'mode': 'string snapshot|suspend|stop', 'notes-template': 'string <=1024', 'protected': 'boolean', 'prune-backups': 'string', 'remove': 'boolean', 'storage': 'string', 'vmid': 'string', 'zstd': 'integer' },
  'GET /nodes/{node}/vzdump/extractconfig': { volume: '*string' },
  'POST /nodes/{node}/qemu': { ...machineOptions, 'vmid': '*integer 100..999999999', 'archive': 'string <=255', 'bwlimit': 'integer 0..', 'force': 'boolean', 'live-restore': 'boolean', 'pool': 'string', 'start': 'boolean', 'storage': 'string', 'unique': 'boolean' },
  'GET /nodes/{node}/tasks': { errors: 'boolean', limit: 'integer 0..', since: 'integer', source: 'string archive|active|all', start: 'integer 0..', statusfilter: 'string', typefilter: 'string', until: 'integer', userfilter: 'string', vmid: 'integer 100..999999999' },
  'GET /nodes/{node}/tasks/{upid}/status': {},
  'GET /nodes/{node}/tasks/{upid}/log': { download: 'boolean', limit: 'integer 0..', start: 'integer 0..' },
  'DELETE /nodes/{node}/tasks/{upid}': {},
  'GET /cluster/resources': { type: 'string vm|storage|node|sdn' },
  'GET /cluster/nextid': { vmid: 'integer 100..999999999' },
  'GET /nodes/{node}/qemu': { full: 'boolean' },
  'DELETE /nodes/{node}/qemu/{vmid}': { 'destroy-unreferenced-disks': 'boolean', 'purge': 'boolean', 'skiplock': 'boolean' },
  'POST /nodes/{node}/qemu/{vmid}/clone': { bwlimit: 'integer 0..', description: 'string', format: 'string raw|qcow2|vmdk', full: 'boolean', name: 'string @dns-name', newid: '*integer 100..999999999', pool: 'string', snapname: 'string <=40', storage: 'string', target: 'string' },
  'GET /nodes/{node}/qemu/{vmid}/config': { current: 'boolean', snapshot: 'string <=40' },
  'PUT /nodes/{node}/qemu/{vmid}/config': change,
  'POST /nodes/{node}/qemu/{vmid}/config': { ...change, background_delay: 'integer 1..30' },
  'GET /nodes/{node}/qemu/{vmid}/pending': {},
  'PUT /nodes/{node}/qemu/{vmid}/cloudinit': {},
  'PUT /nodes/{node}/qemu/{vmid}/resize': { digest: 'string <=40', disk: '*string @disk', size: '*string /\\+?\\d+(\\.\\d+)?[KMGT]?/', skiplock: 'boolean' },
  'GET /nodes/{node}/qemu/{vmid}/status/current': {},
  'POST /nodes/{node}/qemu/{vmid}/status/start': { skiplock: 'boolean', timeout: 'integer 0..' },
  'POST /nodes/{node}/qemu/{vmid}/status/stop': { 'keepActive': 'boolean', 'overrule-shutdown': 'boolean', 'skiplock': 'boolean', 'timeout': 'integer 0..' },
  'POST /nodes/{node}/qemu/{vmid}/status/shutdown': { forceStop: 'boolean', keepActive: 'boolean', skiplock: 'boolean', timeout: 'integer 0..' },
  'POST /nodes/{node}/qemu/{vmid}/status/reboot': { timeout: 'integer 0..' },
  'POST /nodes/{node}/qemu/{vmid}/status/reset': { skiplock: 'boolean' },
  'POST /nodes/{node}/qemu/{vmid}/status/suspend': { skiplock: 'boolean', statestorage: 'string', todisk: 'boolean' },
  'POST /nodes/{node}/qemu/{vmid}/status/resume': { nocheck: 'boolean', skiplock: 'boolean' },
  'GET /nodes/{node}/qemu/{vmid}/migrate': { target: 'string' },
  'POST /nodes/{node}/qemu/{vmid}/migrate': { 'bwlimit': 'integer 0..', 'force': 'boolean', 'migration_network': 'string', 'migration_type': 'string secure|insecure', 'online': 'boolean', 'target': '*string', 'targetstorage': 'string', 'with-local-disks': 'boolean' },
  'POST /nodes/{node}/qemu/{vmid}/vncproxy': { 'generate-password': 'boolean', 'websocket': 'boolean' },
  'GET /nodes/{node}/qemu/{vmid}/rrddata': samples,
  'GET /nodes/{node}/qemu/{vmid}/snapshot': {},
  'POST /nodes/{node}/qemu/{vmid}/snapshot': { description: 'string', snapname: '*string <=40 /[A-Za-z][A-Za-z0-9_-]+/', vmstate: 'boolean' },
  'DELETE /nodes/{node}/qemu/{vmid}/snapshot/{snapname}': { force: 'boolean' },
  'POST /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback': { start: 'boolean' },
  'GET /nodes/{node}/qemu/{vmid}/agent/network-get-interfaces': {},
  'POST /nodes/{node}/qemu/{vmid}/agent/set-user-password': { crypted: 'boolean', password: '*string <=1024', username: '*string' },
  'GET /nodes/{node}/qemu/{vmid}/firewall/options': {},
  'PUT /nodes/{node}/qemu/{vmid}/firewall/options': { delete: 'string', dhcp: 'boolean', digest: 'string <=64', enable: 'boolean', ipfilter: 'boolean', log_level_in: level, log_level_out: level, macfilter: 'boolean', ndp: 'boolean', policy_in: policy, policy_out: policy, radv: 'boolean' },
  'GET /nodes/{node}/qemu/{vmid}/firewall/rules': {},
  'POST /nodes/{node}/qemu/{vmid}/firewall/rules': { ...rule, action: `*${rule.action}`, type: `*${rule.type}` },
  'PUT /nodes/{node}/qemu/{vmid}/firewall/rules/{pos}': { ...rule, delete: 'string', moveto: 'integer 0..' },
  'DELETE /nodes/{node}/qemu/{vmid}/firewall/rules/{pos}': { digest: 'string <=64' },
  'GET /nodes/{node}/qemu/{vmid}/firewall/ipset': {},
  'POST /nodes/{node}/qemu/{vmid}/firewall/ipset': { comment: 'string', digest: 'string <=64', name: `*${setName}`, rename: setName },
  'GET /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}': {},
  'POST /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}': { cidr: '*string @cidr', comment: 'string', nomatch: 'boolean' },
  'DELETE /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}': { force: 'boolean' },
  'DELETE /nodes/{node}/qemu/{vmid}/firewall/ipset/{name}/{cidr}': { digest: 'string <=64' },
  'GET /cluster/firewall/options': {},
  'PUT /cluster/firewall/options': { delete: 'string', digest: 'string <=64', ebtables: 'boolean', enable: 'integer 0..', log_ratelimit: 'string', policy_in: policy, policy_out: policy },
}

export const parametersByCall: Readonly<Record<string, Parameters>> = { ...Object.fromEntries(Object.entries(ofMachines).filter(([call]) => isAlike(call)).map(([call, parameters]) => [asContainerCall(call), parameters])), ...ofMachines, ...containerParameters }

const dnsName = /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/
const address = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]+)$/
const netKeys = new Set(['model', 'virtio', 'e1000', 'vmxnet3', 'rtl8139', 'bridge', 'firewall', 'link_down', 'macaddr', 'mtu', 'queues', 'rate', 'tag', 'trunks'])
const ipKeys = new Set(['ip', 'ip6', 'gw', 'gw6'])

/** Addresses and networks of one family, without bits behind the prefix. */
function fitsFirewallAddresses(value: string): boolean {
  const parts = value.split(',')
  const fits = (part: string) => {
    const [host = '', prefix] = part.split('/')
    if (host.includes(':')) return /^[0-9a-f:]+$/i.test(host) && (prefix === undefined || Number(prefix) <= 128)
    const bytes = host.split('.').map(Number)
    if (bytes.length !== 4 || bytes.some(byte => !(byte >= 0 && byte <= 255))) return false
    const bits = bytes.map(byte => byte.toString(2).padStart(8, '0')).join('')
    return prefix === undefined || (Number(prefix) <= 32 && !bits.slice(Number(prefix)).includes('1'))
  }
  return parts.every(fits) && new Set(parts.map(part => part.includes(':'))).size === 1
}

function unknownKey(name: string, value: string, keys: ReadonlySet<string>): string | null {
  const bad = value.split(',').map(part => part.split('=')[0] ?? '').find(key => !keys.has(key))
  return bad === undefined ? null : `invalid format - format error\n${name}.${bad}: property is not defined in schema and the schema does not allow additional properties\n`
}

const formats: Readonly<Record<string, (name: string, value: string) => string | null>> = {
  'dns-name': (_, value) => dnsName.test(value) ? null : 'invalid format - value does not look like a valid DNS name\n',
  'urlencoded': (_, value) => /^(?:[A-Za-z0-9\-_.!~*'()]|%[0-9A-F]{2})*$/.test(value) ? null : 'invalid format - invalid urlencoded string\n',
  'address-list': (_, value) => value.split(/[\s,;]+/).filter(Boolean).every(item => address.test(item)) ? null : 'invalid format - value does not look like a valid IP address\n',
  // An address, a network, or the name of an alias.
  'cidr': (_, value) => /^(\d{1,3}(\.\d{1,3}){3}(\/\d{1,2})?|[0-9a-fA-F]*:[0-9a-fA-F:]*(\/\d{1,3})?|(dc\/|guest\/)?[A-Za-z][A-Za-z0-9_-]+)$/.test(value) ? null : 'invalid format - value does not look like a valid IP address or CIDR network\n',
  'fw-addresses': (_, value) => fitsFirewallAddresses(value) ? null : 'invalid format - invalid IP address list\n',
  'fw-ports': (_, value) => {
    const parts = value.split(',')
    const places = parts.reduce((sum, part) => sum + part.split(':').length, 0)
    return parts.every(part => /^\d+(:\d+)?$/.test(part) && part.split(':').every(port => Number(port) >= 0 && Number(port) <= 65_535)) && places <= 15 ? null : 'invalid format - invalid port or too many of them\n'
  },
  'fw-protocol': (_, value) => ['tcp', 'udp', 'icmp', 'icmpv6', 'ipv6-icmp', 'sctp', 'gre', 'esp'].includes(value) ? null : 'invalid format - unknown protocol\n',
  'tag-list': (_, value) => value.split(/[\s,;]+/).filter(Boolean).every(tag => /^[A-Za-z0-9_][A-Za-z0-9_\-+.]*$/.test(tag)) ? null : 'invalid format - invalid characters in tag\n',
  'memory': (name, value) => /^(current=)?\d+$/.test(value) && Number(value.replace('current=', '')) >= 16 ? null : `invalid format - format error\n${name}.current: type check ('integer') failed - got '${value}'\n`,
  'net': (name, value) => unknownKey(name, value, netKeys),
  'lxc-net': fitsContainerCard,
  'ipconfig': (name, value) => unknownKey(name, value, ipKeys) ?? (value.split(',').every((part) => {
    const [key, given = ''] = part.split('=')
    if (key === 'gw' || key === 'gw6') return address.test(given)
    return given === 'dhcp' || (key === 'ip6' && given === 'auto') || /^[0-9a-fA-F.:]+\/\d{1,3}$/.test(given)
  })
    ? null
    : `invalid format - format error\n${name}.ip: value does not look like a valid ipv4 network configuration\n`),
  'disk': (_, value) => /^((ide[0-3])|(scsi([0-9]|[12]\d|30))|(virtio([0-9]|1[0-5]))|(sata[0-5])|efidisk0|tpmstate0)$/.test(value) ? null : `value '${value}' does not have a value in the enumeration 'ide0, …, scsi0, …, virtio0, …'`,
}

/** Null when the value fits the notation; else why not, in the original's words. */
function checkValue(name: string, rule: string, value: string): string | null {
  const [type = 'string', ...constraints] = rule.replace(/^\*/, '').split(' ')
  if (type === 'boolean' && !/^[01]$/.test(value)) return `type check ('boolean') failed - got '${value}'`
  if (type === 'integer' && !/^-?\d+$/.test(value)) return `type check ('integer') failed - got '${value}'`
  if (type === 'number' && !/^-?\d+(\.\d+)?$/.test(value)) return `type check ('number') failed - got '${value}'`
  for (const constraint of constraints) {
    const range = /^(-?[\d.]*)\.\.(-?[\d.]*)$/.exec(constraint)
    if (range) {
      if (range[1] && Number(value) < Number(range[1])) return `value must have a minimum value of ${range[1]}`
      if (range[2] && Number(value) > Number(range[2])) return `value must have a maximum value of ${range[2]}`
    } else if (constraint.startsWith('<=')) {
      if (value.length > Number(constraint.slice(2))) return `value may only be ${constraint.slice(2)} characters long`
    } else if (constraint.startsWith('@')) {
      const problem = formats[constraint.slice(1)]?.(name, value)
      if (problem) return problem
    } else if (constraint.startsWith('/')) {
      if (!new RegExp(`^(?:${constraint.slice(1, -1)})$`).test(value)) return 'value does not match the regex pattern'
    } else if (!constraint.split('|').includes(value)) {
      return `value '${value}' does not have a value in the enumeration '${constraint.split('|').join(', ')}'`
    }
  }
  return null
}

/** Problems by parameter; empty when the call is as the schema wants it. */
export function verifyParameters(call: string, given: Readonly<Record<string, string>>): Record<string, string> {
  const known = parametersByCall[call] ?? {}
  const errors: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(known, name) ? known[name] : known[name.replace(/\d+$/, '[n]')]
    const problem = rule === undefined ? 'property is not defined in schema and the schema does not allow additional properties' : checkValue(name, rule, value)
    if (problem) errors[name] = problem
  }
  for (const [name, rule] of Object.entries(known)) if (rule.startsWith('*') && !(name in given)) errors[name] = 'property is missing and it is not optional'
  return errors
}
