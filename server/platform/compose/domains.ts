import { checkDomains } from '#server/domains/check-domains.ts'
import { rdapAvailability } from '#server/drivers/availability/rdap/driver.ts'
import type { Core } from '../core.ts'
import { domainNames } from '../domain-names.ts'

export function composeDomains(core: Core) {
  const availability = rdapAvailability({ bootstrapUrl: core.config.RDAP_BOOTSTRAP_URL, cache: core.kv, clock: core.wallClock, log: core.log })
  return { checkDomains: checkDomains({ read: core.read, availability, names: domainNames, cache: core.kv, clock: core.wallClock }) }
}
