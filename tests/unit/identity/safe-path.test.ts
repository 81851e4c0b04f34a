import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { safePath } from '#shared/navigation/safe-path.ts'

describe('the page after logging in', () => {
  it.each(['/portal', '/en/portal/invoices/1?page=2#pay', '/checkout', '/admin/services?q=a%2Fb'])('a path of this site is kept: %s', path => expect(safePath(path)).toBe(path))

  it.each([
    'https://jahat.test', '//jahat.test', '///jahat.test', '/\\jahat.test', '\\\\jahat.test', '/\t/jahat.test', '/\n/jahat.test', 'javascript:alert(1)', ' /portal', 'portal', '', '/./\\jahat.test', '/.//jahat.test', '/portal/..//jahat.test', '/auth/login?next=/portal', '/en/auth/logout', 'http:/jahat.test', '/%0d%0a\u0000', undefined, null, 7, ['/portal'],
  ])('attack: open redirect: %j leads nowhere', next => expect(safePath(next)).toBeNull())

  it('attack: open redirect: whatever is kept stays on this site in every reading of it', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('/', '\\', '.', ':', '@', '?', '#', '%', '\t', '\n', 'a', 'jahat.test') }).map(text => `/${text}`), (next) => {
      const kept = safePath(next)
      if (kept !== null) {
        expect(new URL(kept, 'https://gardu.test/auth/login').host).toBe('gardu.test')
        expect(kept).toMatch(/^\/(?![/\\])/)
      }
    }), { numRuns: 2000 })
  })
})
