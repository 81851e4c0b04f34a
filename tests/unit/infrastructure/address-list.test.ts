import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planList } from '#server/infrastructure/address-list.ts'
import { addressStatuses } from '#shared/vocabulary/machines.ts'
import type { AddressStatus } from '#shared/vocabulary/machines.ts'

const known = (last: number, status: AddressStatus, reason: string | null = status === 'blocked' ? 'Kamera gedung' : null) => ({ id: `id-${last}`, address: `203.0.113.${last}`, status, reason })
const pool = [known(10, 'free'), known(11, 'blocked'), known(12, 'assigned'), known(13, 'reserved'), known(14, 'quarantine')]
const plan = (...lines: string[]) => planList(['address,status,reason', ...lines].join('\n'), pool)

describe('a list of addresses', () => {
  it('blocks free addresses, frees blocked ones and changes reasons', () => {
    expect(plan('203.0.113.10,blocked,Router lama', '203.0.113.11,free,')).toEqual({ problems: [], unchanged: 0, changes: [
      { line: 2, address: '203.0.113.10', id: 'id-10', from: 'free', to: 'blocked', reason: 'Router lama' }, { line: 3, address: '203.0.113.11', id: 'id-11', from: 'blocked', to: 'free', reason: null },
    ] })
    expect(plan('203.0.113.11,blocked,Printer')?.changes).toEqual([expect.objectContaining({ from: 'blocked', to: 'blocked', reason: 'Printer' })])
  })
  it('leaves out what it must not or cannot do, and says why by line', () => {
    const found = plan('203.0.113.12,free,', '203.0.113.13,blocked,Milik kami', '203.0.113.14,free,', '203.0.113.99,free,', 'router,free,', '203.0.113.10,kosong,', '203.0.113.10,blocked,', '203.0.113.11,free,', '203.0.113.11,free,', '203.0.113.999,free,')
    expect(found?.problems.map(({ line, problem }) => [line, problem])).toEqual([[2, 'address_in_use'], [3, 'address_in_use'], [4, 'address_rests'], [5, 'address_not_in_pool'], [6, 'address_invalid'], [7, 'status_invalid'], [8, 'reason_missing'], [10, 'address_twice'], [11, 'address_invalid']])
    expect(found?.changes).toHaveLength(1)
  })
  it('may have its columns in any order, more of them, semicolons, capitals, a mark at its head and quotes', () => {
    expect(planList('\uFEFFReason;Hostname;ADDRESS;Status\r\n"Lama; sekali";;203.0.113.10;Blocked\r\n'.slice(1), pool)?.changes).toEqual([expect.objectContaining({ address: '203.0.113.10', to: 'blocked', reason: 'Lama; sekali' })])
    expect(planList('alamat,status\n203.0.113.10,free', pool)).toBeNull()
    expect(planList('', pool)).toBeNull()
  })
  it('never changes an address that is in use or rests, whatever it says; applied, it changes nothing more', () => {
    const status = fc.constantFrom(...addressStatuses)
    const lines = fc.array(fc.tuple(fc.integer({ min: 8, max: 22 }), fc.oneof(status, fc.string({ maxLength: 8 })), fc.string({ maxLength: 12 })), { maxLength: 20 })
    fc.assert(fc.property(fc.array(status, { minLength: 1, maxLength: 10 }), lines, (statuses, rows) => {
      const before = statuses.map((each, i) => known(10 + i, each))
      const text = ['address,status,reason', ...rows.map(([last, word, why]) => `203.0.113.${last},${JSON.stringify(word)},"${why.replaceAll('"', '""')}"`)].join('\n')
      const found = planList(text, before)
      const changed = new Map(found?.changes.map(change => [change.id, change]))
      for (const row of before) if (changed.has(row.id)) expect(['free', 'blocked']).toContain(row.status)
      const after = before.map(row => changed.has(row.id) ? { ...row, status: changed.get(row.id)?.to ?? row.status, reason: changed.get(row.id)?.reason ?? null } : row)
      expect(planList(text, after)?.changes).toEqual([])
    }))
  })
})
