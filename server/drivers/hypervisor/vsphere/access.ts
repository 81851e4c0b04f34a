import { DriverError } from '#shared/errors/driver-error.ts'
import type { MachineAccess, MachineRescue } from '#server/infrastructure/guest-ports.ts'
import type { MachineNetwork } from '#server/infrastructure/network-ports.ts'
import type { MachineRef } from '#server/infrastructure/ports.ts'
import type { Locator } from './locate.ts'
import { guestNameOf, isCustomised, renameSpec } from './transform.ts'
import type { Machine } from './transform.ts'
import type { XmlNode } from './xml.ts'

/** The name of machines. Their network, login and a rescue are not changed from here: that would need rights inside the guests, or a place for images that clients may start from. */
export function accessOf(label: string, find: Locator, reconfigure: (found: Machine, spec: XmlNode) => Promise<void>): MachineAccess & MachineRescue & MachineNetwork {
  async function refuse(machine: MachineRef | null, what: string): Promise<never> {
    if (machine) await find.prove(machine)
    throw new DriverError('permanent', `${label}: ${what}`)
  }
  const noLogin = (machine: MachineRef) => refuse(machine, 'the login of a machine that is there is not changed from here')
  const noRescue = (machine: MachineRef | null) => refuse(machine, 'machines are not started from CD images from here')
  return {
    // Its guest is told of its network once, as the instance that it is then.
    // An address by hand has to be of a range that vCenter keeps for that: the one that it chose itself cannot be given back.
    setCardAddress: machine => refuse(machine, 'the hardware address of a network card is not changed from here'),
    giveIpv6: machine => refuse(machine, 'the network of a machine that is there is not changed from here'),
    setPasswordInside: noLogin, keepLogin: noLogin,
    async rename(machine, hostname) {
      const found = await find.prove(machine)
      if (isCustomised(found)) return refuse(null, 'the guest was customised by VMware Tools at its first start; its name is changed inside it')
      const spec = renameSpec(found, hostname)
      if (spec) await reconfigure(found, spec)
    },
    // The login is wiped after the first boot, so there is nothing to tell of it.
    readAccess: async machine => ({ hostname: guestNameOf(await find.prove(machine)), sshKey: null, hasPassword: false }),
    listIsos: () => noRescue(null), attachRescue: noRescue, detachRescue: noRescue, readRescue: noRescue,
  }
}
