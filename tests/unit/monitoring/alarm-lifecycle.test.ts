import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calmBelow, calmMilliseconds, longestGap, nextAlarm } from '#server/monitoring/alarm-lifecycle.ts'
import type { AlarmLimit, AlarmMemory, Reading } from '#server/monitoring/alarm-lifecycle.ts'
import { judge } from '#server/monitoring/evaluate-alarms.ts'
import type { AlarmRecord, AlarmRule } from '#server/monitoring/ports.ts'
import { readingsOf } from '#server/monitoring/readings.ts'
import { alarmLine } from '#server/monitoring/texts.ts'
import { alarmMeasureNames } from '#shared/vocabulary/monitoring.ts'

const limit: fc.Arbitrary<AlarmLimit> = fc.record({ measure: fc.constantFrom('node_cpu', 'silent', 'failed_sagas', 'panel_load'), threshold: fc.constantFrom(0.9, 1, 10), minutes: fc.integer({ min: 0, max: 15 }) })
/** Readings every half minute or at larger distances, some of them without a value; values around the threshold. */
const readings = fc.array(fc.tuple(fc.constantFrom(30, 30, 30, 30, 60, 150, 600, 7200), fc.option(fc.double({ min: 0, max: 1.3, noNaN: true }), { nil: null, freq: 6 })), { maxLength: 120 })
const timed = (list: readonly (readonly [number, number | null])[], threshold: number): Reading[] => {
  let at = 0
  return list.map(([seconds, share]) => ({ at: at += seconds * 1000, value: share === null ? null : share * threshold }))
}
const walk = (rule: AlarmLimit, list: readonly Reading[]) => {
  const states: AlarmMemory[] = []
  for (const reading of list) states.push(nextAlarm(states.at(-1) ?? null, rule, reading))
  return states
}

describe('an alarm', () => {
  it('fires only when it was over the threshold in every reading for the whole time, without a gap', () => {
    fc.assert(fc.property(limit, readings, (rule, list) => {
      const told = timed(list, rule.threshold)
      walk(rule, told).forEach((state, i, states) => {
        if (state?.state !== 'firing' || states[i - 1]?.state === 'firing') return
        const measured = told.slice(0, i + 1).filter(reading => reading.value !== null)
        const inTime = measured.filter(reading => reading.at >= state.since)
        expect((inTime.at(-1)?.at ?? 0) - (inTime[0]?.at ?? 0)).toBeGreaterThanOrEqual(rule.minutes * 60_000)
        expect(inTime.every(reading => (reading.value ?? 0) >= rule.threshold)).toBe(true)
        inTime.slice(1).forEach((reading, n) => expect(reading.at - (inTime[n]?.at ?? 0)).toBeLessThanOrEqual(longestGap))
      })
    }))
  })
  it('does not flap: once it fires it ends only after a time in which every reading was calm', () => {
    fc.assert(fc.property(limit, readings, (rule, list) => {
      const told = timed(list, rule.threshold)
      const states = walk(rule, told)
      states.forEach((state, i) => {
        const before = states[i - 1]
        if (before?.state !== 'firing' || state?.state === 'firing') return
        expect(state).toBeNull()
        const calm = told.slice(0, i + 1).filter(reading => reading.value !== null && before.calmSince !== null && reading.at >= before.calmSince)
        expect((calm.at(-1)?.at ?? 0) - (calm[0]?.at ?? 0)).toBeGreaterThanOrEqual(calmMilliseconds(rule))
        expect(calm.every(reading => (reading.value ?? Number.NaN) < calmBelow(rule))).toBe(true)
      })
    }))
  })
  it('no data changes nothing: what fires goes on firing however long, and what is well is not called ill', () => {
    fc.assert(fc.property(limit, readings, fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 20 }), (rule, list, silence) => {
      const told = timed(list, rule.threshold)
      const before = walk(rule, told).at(-1) ?? null
      let at = told.at(-1)?.at ?? 0
      expect(silence.reduce<AlarmMemory>((state, seconds) => nextAlarm(state, rule, { at: at += seconds * 1000, value: null }), before)).toEqual(before)
    }))
  })
  it('survives a restart: what is remembered is all that the next reading needs, and a reading that comes twice counts once', () => {
    fc.assert(fc.property(limit, readings, fc.nat(), (rule, list, cut) => {
      const told = timed(list, rule.threshold)
      const [first, rest] = [told.slice(0, cut % (told.length + 1)), told.slice(cut % (told.length + 1))]
      const kept = JSON.parse(JSON.stringify(walk(rule, first).at(-1) ?? null)) as AlarmMemory
      const again = rest.reduce<AlarmMemory>((state, reading) => nextAlarm(nextAlarm(state, rule, reading), rule, reading), kept)
      expect(again?.state).toBe(walk(rule, told).at(-1)?.state)
    }))
  })
  it('a value that swings just below the threshold neither ends it nor calls again', () => {
    const rule = { measure: 'node_cpu', threshold: 0.9, minutes: 5 } as const
    const swinging = Array.from({ length: 400 }, (_, i): Reading => ({ at: i * 30_000, value: i % 2 === 0 ? 0.905 : 0.88 }))
    const steady = Array.from({ length: 12 }, (_, i): Reading => ({ at: i * 30_000, value: 0.95 }))
    const states = walk(rule, [...steady, ...swinging.map(({ at, value }) => ({ at: at + 360_000, value }))])
    expect(states.findIndex(state => state?.state === 'firing')).toBe(10)
    expect(states.slice(10).every(state => state?.state === 'firing')).toBe(true)
  })
})

describe('an evaluation', () => {
  const now = new Date('2026-11-02T03:00:00Z')
  const house = { connections: [], panels: [], sagas: { running: 0, waiting: 0, failed: 0 }, mails: { queued: 0, oldestAt: null, failed: 0 } }
  const node = { connectionId: 'c', connectionName: 'Jakarta', node: 'pve-1', online: true, cpu: 0.99, memoryUsed: 1, memoryTotal: 4, diskUsed: 1, diskTotal: 4, observedAt: now.toISOString() }
  const connection = { id: 'c', name: 'Jakarta', kind: 'proxmox' as const, maintenance: false, healthy: true, healthSince: now, checkedAt: now, answeredAt: now, problem: null }
  const rule: AlarmRule = { id: 'r', measure: 'node_cpu', threshold: 0.9, minutes: 0, severity: 'warning', enabled: true, days: null }
  const read = (seen: Partial<Parameters<typeof readingsOf>[0]> = {}) => readingsOf({ nodes: [node], storages: [], house: { ...house, connections: [connection] }, queues: [], unbacked: new Map([[7, { machines: 0, accounts: 0 }]]), now, ...seen })
  const fired = (): AlarmRecord[] => judge([rule], [], read(), now, () => 'a').fired

  it('what was observed long ago is no value of now; what is off has no CPU; what is in maintenance is not looked at', () => {
    expect(read().node_cpu[0]?.value).toBe(0.99)
    expect(read({ now: new Date(now.getTime() + 121_000) }).node_cpu[0]?.value).toBeNull()
    const off = read({ nodes: [{ ...node, online: false }] })
    expect([off.node_cpu[0]?.value, off.node_offline[0]?.value]).toEqual([null, 1])
    const away = read({ house: { ...house, connections: [{ ...connection, maintenance: true }] } })
    expect([away.node_cpu, away.node_offline, away.connection_unhealthy, away.silent]).toEqual([[], [], [], []])
  })
  it('a rule that is off, or whose subject is gone, ends what it raised', () => {
    const open = fired()
    expect(open).toHaveLength(1)
    for (const [rules, seen] of [[[{ ...rule, enabled: false }], {}], [[rule], { nodes: [] }]] as const) {
      expect(judge(rules, open, read({ ...seen, nodes: [...seen.nodes ?? [node]] }), now, () => 'b').resolved).toEqual([expect.objectContaining({ id: 'a', state: 'resolved', resolvedAt: now })])
    }
  })
  it('a rule that looks back over days goes by a count of as many, and by none of others', () => {
    const weekly: AlarmRule = { ...rule, measure: 'machines_unbacked', threshold: 2, days: 7 }
    const seen = { unbacked: new Map([[7, { machines: 1, accounts: null }], [30, { machines: 5, accounts: null }]]) }
    expect(judge([weekly], [], read(seen), now, () => 'b').fired).toEqual([])
    expect(judge([{ ...weekly, days: 30 }], [], read(seen), now, () => 'b').fired).toMatchObject([{ subject: 'unbacked/machines/30', value: 5, days: 30 }])
    // Accounts of which no panel told are not taken for backed up, nor for the contrary.
    expect(judge([{ ...weekly, measure: 'accounts_unbacked', threshold: 1 }], [], read(seen), now, () => 'b').fired).toEqual([])
  })
  it('evaluated twice at one moment, nothing begins twice', () => {
    expect(judge([rule], fired(), read(), now, () => 'b')).toEqual({ saved: [], calm: [], fired: [], resolved: [] })
  })
  it('every measure is read, and has a line in both languages', () => {
    expect(Object.keys(read()).sort()).toEqual([...alarmMeasureNames].sort())
    for (const measure of alarmMeasureNames) {
      const [line] = fired().map(alarm => ['id', 'en'].map(locale => alarmLine({ ...alarm, measure, value: 2, threshold: 1 }, locale as 'id' | 'en')))
      for (const text of line ?? []) expect(text).not.toMatch(/undefined|NaN/)
      expect(new Set(line).size).toBe(2)
    }
  })
})
