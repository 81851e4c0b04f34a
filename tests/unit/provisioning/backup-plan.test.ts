import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backupOrigins } from '#shared/vocabulary/machines.ts'
import { configOfBackup } from '#server/drivers/hypervisor/proxmox/backups.ts'
import { makeRoom, nextBackupAt, spreadOverNodes } from '#server/provisioning/backup-plan.ts'

const held = fc.array(fc.record({ id: fc.uuid(), origin: fc.constantFrom(...backupOrigins), state: fc.constantFrom('ready' as const, 'running' as const), startedAt: fc.date({ min: new Date('2026-01-01'), max: new Date('2027-01-01'), noInvalidDate: true }) }), { maxLength: 20 })

describe('room for an automatic backup', () => {
  it('only automatic ones that are ready go, the oldest first, no more than needed, and then there is room', () => {
    fc.assert(fc.property(held, fc.integer({ min: 0, max: 20 }), (rows, included) => {
      const gone = makeRoom(rows, included)
      const automatic = rows.filter(row => row.origin === 'schedule' && row.state === 'ready')
      if (gone === null) return void expect(included === 0 || rows.length + 1 - automatic.length > included).toBe(true)
      expect(new Set(gone).size).toBe(gone.length)
      expect(rows.length - gone.length + 1).toBeLessThanOrEqual(included)
      if (gone.length > 0) expect(rows.length - gone.length + 1).toBe(included)
      const going = automatic.filter(row => gone.includes(row.id))
      expect(going).toHaveLength(gone.length)
      for (const row of automatic) if (!gone.includes(row.id)) for (const old of going) expect(old.startedAt.getTime()).toBeLessThanOrEqual(row.startedAt.getTime())
    }))
  })
})

describe('the next time of a schedule', () => {
  const zones = fc.constantFrom('Asia/Jakarta', 'Asia/Jayapura', 'Europe/Berlin', 'UTC')
  const schedules = fc.oneof(fc.record({ frequency: fc.constant('daily' as const), weekday: fc.constant(null), hour: fc.integer({ min: 0, max: 23 }) }), fc.record({ frequency: fc.constant('weekly' as const), weekday: fc.integer({ min: 1, max: 7 }), hour: fc.integer({ min: 0, max: 23 }) }))
  it('lies after now, within a day or a week, at its hour and on its day', () => {
    fc.assert(fc.property(schedules, fc.date({ min: new Date('2026-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }), zones, (schedule, now, zone) => {
      const at = nextBackupAt(schedule, now, zone)
      expect(at.getTime()).toBeGreaterThan(now.getTime())
      expect(at.getTime() - now.getTime()).toBeLessThanOrEqual((schedule.frequency === 'daily' ? 25 : 7 * 24 + 1) * 3_600_000)
      const parts = Object.fromEntries(new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', weekday: 'short', hourCycle: 'h23' }).formatToParts(at).map(part => [part.type, part.value]))
      // Where clocks are put forward the hour may not exist.
      expect([schedule.hour, schedule.hour + 1]).toContain(Number(parts.hour))
      if (zone.startsWith('Asia')) expect(parts).toMatchObject({ hour: String(schedule.hour).padStart(2, '0'), minute: '00' })
      if (schedule.weekday !== null) expect(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(parts.weekday ?? '') + 1).toBe(schedule.weekday)
    }))
  })
})

describe('how many begin at once', () => {
  it('never more than so many on a node, in their order, and every node with room gets some', () => {
    fc.assert(fc.property(fc.array(fc.record({ connectionId: fc.constantFrom('a', 'b'), node: fc.constantFrom('1', '2') })), fc.dictionary(fc.constantFrom('a 1', 'a 2', 'b 1', 'b 2'), fc.nat(4)), fc.integer({ min: 1, max: 3 }), (due, running, perNode) => {
      const begun = spreadOverNodes(due, new Map(Object.entries(running)), perNode)
      expect(begun).toEqual(due.filter(row => begun.includes(row)))
      for (const key of ['a 1', 'a 2', 'b 1', 'b 2']) {
        const of = (rows: typeof due) => rows.filter(row => `${row.connectionId} ${row.node}` === key).length
        expect(of(begun)).toBe(Math.max(0, Math.min(of(due), perNode - (running[key] ?? 0))))
      }
    }))
  })
})

describe('the configuration in a backup', () => {
  it('is read as Proxmox writes it: comments are the description, sections of snapshots do not count', () => {
    const text = '#gardu-01900000-0000-7000-8000-00000000abcd\n#Dikelola 100%25 oleh kami%3A jangan diubah\nboot: order=scsi0\ntags: gardu-01900000-0000-7000-8000-00000000abcd;web\n#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:\n\n[sebelum]\ntags: lain\n'
    expect(configOfBackup(text)).toEqual({ description: 'gardu-01900000-0000-7000-8000-00000000abcd\nDikelola 100% oleh kami: jangan diubah', boot: 'order=scsi0', tags: 'gardu-01900000-0000-7000-8000-00000000abcd;web' })
  })
})
