import { DriverError } from '#shared/errors/driver-error.ts'
import type { MachineNetwork } from '#server/infrastructure/network-ports.ts'
import type { ProxmoxApi } from './api.ts'
import { guestPath } from './locate.ts'
import type { Locator } from './locate.ts'
import * as reply from './schema.ts'
import { changeNet, hasCloudInit, macOf, withMac } from './transform.ts'

/** What a machine is told of its network: by cloud-init, or a container by its own card. */
export const networkOf = (api: ProxmoxApi, find: Locator): MachineNetwork => ({
  async giveIpv6(machine, { ipv6, nameservers }) {
    const found = await find.prove(machine)
    const { kind, config } = found
    const [ip6, nameserver] = [`${ipv6.address}/${ipv6.length}`, nameservers.join(' ')]
    if (kind === 'qemu' && !hasCloudInit(config)) throw new DriverError('action_required', `Proxmox: machine ${machine.vmid} has no cloud-init drive; its template needs one`, { who: 'sysadmin' })
    const kept = (config.ipconfig0 ?? '').split(',').filter(part => part !== '' && !/^(ip6|gw6)=/.test(part))
    const wanted: Record<string, string> = kind === 'lxc' ? { net0: changeNet(config.net0 ?? 'name=eth0', { ip6, gw6: ipv6.gateway }), nameserver } : { ipconfig0: [...kept, `ip6=${ip6}`, `gw6=${ipv6.gateway}`].join(','), nameserver }
    if (Object.entries(wanted).every(([key, value]) => config[key] === value)) return
    await api.put(guestPath(found, 'config'), { ...wanted, ...(config.digest ? { digest: config.digest } : {}) }, reply.anything)
  },
  async setCardAddress(machine, mac) {
    const found = await find.prove(machine)
    const { config } = found
    const net0 = config.net0 === undefined ? null : withMac(config.net0, mac)
    if (net0 === null) throw new DriverError('action_required', `Proxmox: machine ${machine.vmid} has no network card net0`, { who: 'sysadmin' })
    if (macOf(config.net0) === mac.toUpperCase()) return
    await api.put(guestPath(found, 'config'), { net0, ...(config.digest ? { digest: config.digest } : {}) }, reply.anything)
  },
})
