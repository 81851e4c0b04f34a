import { domainToASCII, domainToUnicode } from 'node:url'
import { parse } from 'tldts'
import type { DomainNames } from '#server/domains/ports.ts'

/** Node's UTS-46 and the Public Suffix List of tldts. */
export const domainNames: DomainNames = {
  toAscii: text => domainToASCII(text) || null,
  toUnicode: ascii => domainToUnicode(ascii) || ascii,
  publicSuffix(ascii) {
    const found = parse(ascii, { allowPrivateDomains: false, validateHostname: false })
    return found.isIcann ? found.publicSuffix : null
  },
}
