import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accountName } from '#server/provisioning/account-name.ts'

describe('user names of hosting accounts', () => {
  it.each([
    ['toko-budi.co.id', 0, 'tokobudi'], ['toko-budi.co.id', 1, 'tokobud2'], ['toko-budi.co.id', 9, 'tokobu10'], ['1234.id', 0, 'id'], ['99toko.id', 0, 'toko'], ['testing.id', 0, 'wtesting'], ['mysql.id', 0, 'wmysql'], ['a.id', 0, 'aid'], ['ab.contoh.id', 0, 'abcontoh'],
  ])('%s, after %i were taken: %s', (domain, taken, name) => expect(accountName(domain, taken)).toBe(name))

  it('are at most eight lower-case letters and digits, begin with a letter and not with test, and each try is another one', () => {
    fc.assert(fc.property(fc.domain(), (domain) => {
      const names = Array.from({ length: 50 }, (_, taken) => accountName(domain, taken))
      for (const name of names) expect(name).toMatch(/^(?!test)[a-z][a-z0-9]{0,7}$/)
      expect(new Set(names).size).toBe(50)
    }))
  })
})
