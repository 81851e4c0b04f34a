import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SeenAccount } from '#server/infrastructure/ports.ts'
import { confirmedAccount, suspectAccountDrift } from '#server/provisioning/account-drift.ts'
import type { BirthOwner, ExpectedAccount, MarkOwner } from '#server/provisioning/drift-ports.ts'

const expected = (n: number, change: Partial<ExpectedAccount> = {}): ExpectedAccount => ({ serviceId: `s${n}`, domain: `d${n}.test`, user: `u${n}`, ownershipMark: `m${n}`, birth: `${n}@1`, status: 'ready', package: 'hemat', busy: false, changed: false, ...change })
const observed = (n: number, change: Partial<SeenAccount> = {}): SeenAccount => ({ user: `u${n}`, domain: `d${n}.test`, package: 'hemat', ip: '192.0.2.1', contactEmail: '', birth: `${n}@1`, suspended: null, diskUsedMiB: 1, diskLimitMiB: null, mark: null, ...change })
const suspended = { reason: 'spam', byUs: false }
const suspect = (books: readonly ExpectedAccount[], seen: readonly SeenAccount[], births: readonly [string, BirthOwner][] = [], marks: readonly [string, MarkOwner][] = []) => suspectAccountDrift({ expected: books, observed: seen, births: new Map(births), marks: new Map(marks) })
const kinds = (...given: Parameters<typeof suspect>) => suspect(...given).map(each => `${each.kind} ${each.key}`)

describe('where a control panel and the books disagree', () => {
  it('nothing is said of accounts that are as the books say, nor of other people\'s', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.nat(50)), fc.uniqueArray(fc.integer({ min: 100, max: 150 })), fc.boolean(), (ours, theirs, stopped) => {
      const books = ours.map(n => expected(n, stopped ? { status: 'stopped_by_policy' } : {}))
      expect(suspect(books, [...theirs.map(n => observed(n)), ...ours.toReversed().map(n => observed(n, stopped ? { suspended } : {}))])).toEqual([])
    }))
  })
  it('each kind is told by name', () => {
    const owner = { serviceId: 's7', hostname: 'd7.test', status: 'destroyed' as const, connectionId: 'here', busy: false }
    expect(kinds([expected(1)], [])).toEqual(['missing_account m1'])
    expect(kinds([expected(1)], [observed(2, { user: 'u1', domain: 'd1.test' })])).toEqual(['missing_account m1'])
    expect(kinds([], [observed(7)], [['7@1', owner]])).toEqual(['orphan_account 7@1'])
    expect(kinds([], [observed(7)], [['7@1', { ...owner, status: 'ready' }]])).toEqual([])
    expect(kinds([], [observed(7)], [['7@1', { ...owner, busy: true }]])).toEqual([])
    expect(kinds([], [observed(7, { mark: 'm7' })])).toEqual(['orphan_account 7@1'])
    expect(kinds([], [observed(7, { mark: 'm7' })], [], [['m7', { ...owner, status: 'provisioning', vmid: null, busy: true }]])).toEqual([])
    expect(kinds([expected(1)], [observed(1, { package: 'lain' })])).toEqual(['wrong_package m1'])
    expect(kinds([expected(1)], [observed(1, { suspended })])).toEqual(['account_suspended m1'])
    expect(kinds([expected(1, { status: 'stopped_by_policy' })], [observed(1)])).toEqual(['account_runs m1'])
    expect(kinds([expected(1)], [observed(1, { user: 'baru' })])).toEqual(['account_renamed m1'])
    expect(kinds([expected(1)], [observed(1, { domain: 'lain.test' })])).toEqual(['account_domain m1'])
  })
  it('of an account that a saga is at work on nothing is said, and of one that is still to follow a change none about its package', () => {
    expect(suspect([expected(1, { busy: true })], [])).toEqual([])
    expect(suspect([expected(1, { changed: true })], [observed(1, { package: 'lain' })])).toEqual([])
  })
  it('a suspicion that the account itself does not bear out is dropped; what it is instead is told', () => {
    const of = (list: readonly SeenAccount[], seen: SeenAccount | null) => suspect([expected(1)], list).map(each => confirmedAccount(each, expected(1), seen)?.kind ?? null)
    expect(of([], null)).toEqual(['missing_account'])
    expect(of([], observed(1))).toEqual([null])
    expect(of([], observed(1, { user: 'baru' }))).toEqual(['account_renamed'])
    expect(of([observed(1, { package: 'lain' })], observed(1))).toEqual([null])
    expect(of([observed(1, { package: 'lain' })], null)).toEqual([null])
  })
})
