/** What Proxmox VE takes for containers, in the notation of `parameters.ts`; calls that are as those of virtual machines are made from these there. */
type Parameters = Readonly<Record<string, string>>

const options: Parameters = {
  'arch': 'string amd64|i386|arm64|armhf|riscv32|riscv64', 'cmode': 'string shell|console|tty', 'console': 'boolean', 'cores': 'integer 1..8192', 'cpulimit': 'number 0..8192', 'cpuunits': 'integer 0..500000', 'debug': 'boolean', 'description': 'string <=8192',
  'features': 'string', 'hookscript': 'string', 'hostname': 'string <=255 @dns-name', 'lock': 'string', 'memory': 'integer 16..', 'mp[n]': 'string', 'nameserver': 'string @address-list', 'net[n]': 'string @lxc-net', 'onboot': 'boolean', 'ostype': 'string', 'protection': 'boolean',
  'rootfs': 'string', 'searchdomain': 'string', 'startup': 'string', 'swap': 'integer 0..', 'tags': 'string @tag-list', 'template': 'boolean', 'timezone': 'string', 'tty': 'integer 0..6', 'unprivileged': 'boolean', 'unused[n]': 'string',
}
export const containerParameters: Readonly<Record<string, Parameters>> = {
  'POST /nodes/{node}/lxc': { ...options, 'vmid': '*integer 100..999999999', 'ostemplate': '*string <=255', 'bwlimit': 'number 0..', 'force': 'boolean', 'ignore-unpack-errors': 'boolean', 'password': 'string /.{5,}/', 'pool': 'string', 'restore': 'boolean', 'ssh-public-keys': 'string', 'start': 'boolean', 'storage': 'string', 'unique': 'boolean' },
  'GET /nodes/{node}/lxc': {},
  'DELETE /nodes/{node}/lxc/{vmid}': { 'destroy-unreferenced-disks': 'boolean', 'force': 'boolean', 'purge': 'boolean' },
  'PUT /nodes/{node}/lxc/{vmid}/config': { ...options, delete: 'string', digest: 'string <=40', revert: 'string' },
  'PUT /nodes/{node}/lxc/{vmid}/resize': { digest: 'string <=40', disk: '*string /rootfs|mp\\d+/', size: '*string /\\+?\\d+(\\.\\d+)?[KMGT]?/' },
  'GET /nodes/{node}/lxc/{vmid}/interfaces': {},
  'POST /nodes/{node}/lxc/{vmid}/migrate': { 'bwlimit': 'number 0..', 'online': 'boolean', 'restart': 'boolean', 'target': '*string', 'target-storage': 'string', 'timeout': 'integer' },
  'POST /nodes/{node}/lxc/{vmid}/vncproxy': { height: 'integer 16..2160', websocket: 'boolean', width: 'integer 16..4096' },
  'POST /nodes/{node}/lxc/{vmid}/status/start': { debug: 'boolean', skiplock: 'boolean' },
  'POST /nodes/{node}/lxc/{vmid}/status/stop': { 'overrule-shutdown': 'boolean', 'skiplock': 'boolean' },
  'POST /nodes/{node}/lxc/{vmid}/status/shutdown': { forceStop: 'boolean', timeout: 'integer 0..' },
  'POST /nodes/{node}/lxc/{vmid}/status/reboot': { timeout: 'integer 0..' },
  'POST /nodes/{node}/lxc/{vmid}/status/suspend': {},
  'POST /nodes/{node}/lxc/{vmid}/status/resume': {},
  'POST /nodes/{node}/lxc/{vmid}/snapshot': { description: 'string', snapname: '*string <=40 /[A-Za-z][A-Za-z0-9_-]+/' },
}
const netKeys = new Set(['name', 'bridge', 'firewall', 'gw', 'gw6', 'hwaddr', 'ip', 'ip6', 'link_down', 'mtu', 'rate', 'tag', 'trunks', 'type'])
/** Null: a container's card can be so. */
export const fitsContainerCard = (name: string, value: string): string | null => {
  const pairs = value.split(',').map(part => part.split('=') as [string, string?])
  const bad = pairs.find(([key]) => !netKeys.has(key))
  if (bad) return `invalid format - format error\n${name}.${bad[0]}: property is not defined in schema and the schema does not allow additional properties\n`
  if (!pairs.some(([key, given]) => key === 'name' && given)) return `invalid format - format error\n${name}.name: property is missing and it is not optional\n`
  const wrong = pairs.find(([key, given = '']) => (key === 'ip' || key === 'ip6') && !/^([\da-fA-F.:]+\/\d{1,3}|dhcp|manual|auto)$/.test(given))
  return wrong ? `invalid format - format error\n${name}.${wrong[0]}: value does not look like a valid network configuration\n` : null
}
