import { DriverError } from '#shared/errors/driver-error.ts'
import type { MachineNetwork } from '#server/infrastructure/network-ports.ts'
import { path } from './api.ts'
import type { ProxmoxApi } from './api.ts'
import type { Locator } from './locate.ts'
import * as reply from './schema.ts'
import { hasCloudInit } from './transform.ts'

/** What cloud-init tells a machine of its network. */
export const networkOf = (api: ProxmoxApi, find: Locator): MachineNetwork => ({
  async giveIpv6(machine, { ipv6, nameservers }) {
    const { node, vmid, config } = await find.prove(machine)
    if (!hasCloudInit(config)) throw new DriverError('action_required', `Proxmox: machine ${machine.vmid} has no cloud-init drive; its template needs one`, { who: 'sysadmin' })
    const kept = (config.ipconfig0 ?? '').split(',').filter(part => part !== '' && !/^(ip6|gw6)=/.test(part))
    const wanted = { ipconfig0: [...kept, `ip6=${ipv6.address}/${ipv6.length}`, `gw6=${ipv6.gateway}`].join(','), nameserver: nameservers.join(' ') }
    if (config.ipconfig0 === wanted.ipconfig0 && config.nameserver === wanted.nameserver) return
    await api.put(path('nodes', node, 'qemu', vmid, 'config'), { ...wanted, ...(config.digest ? { digest: config.digest } : {}) }, reply.anything)
  },
})
