import type { MachineRef } from './access-ports.ts'
import type { MachineIpv6 } from './ipv6-range.ts'

/** What a machine that is there is told of its network. Guarantees as those of `HypervisorDriver`. */
export interface MachineNetwork {
  /**
   * IPv6 beside its IPv4 address, for the guest's next start; `inspect` tells it from then on. What else the guest is told stays; so already: nothing is done. `nameservers`: all that it
   * shall have. @throws DriverError permanent without the capability
   */
  giveIpv6(machine: MachineRef, network: { readonly ipv6: MachineIpv6, readonly nameservers: readonly string[] }): Promise<void>
  /**
   * Gives the machine's first card this hardware address and changes nothing else of it; one that runs is without network for a moment. It has it already: nothing is done.
   * @throws DriverError permanent without the capability, action_required without a card
   */
  setCardAddress(machine: MachineRef, mac: string): Promise<void>
}
