import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOwn, mostChanges, nextRuleChange, toFields, toRule } from '#server/drivers/hypervisor/proxmox/firewall-rules.ts'
import type { RuleFields } from '#server/drivers/hypervisor/proxmox/firewall-rules.ts'
import type { FirewallRule } from '#shared/vocabulary/firewall.ts'

/** A small world of packets: which of six ports, from where. Small on purpose, so that rules meet. */
const ports = ['22', '80', '443']
const rule = fc.record({
  direction: fc.constant('in' as const), action: fc.constantFrom('accept' as const, 'drop' as const), protocol: fc.constantFrom('tcp' as const, 'any' as const), ports: fc.constantFrom('', ...ports),
  peers: fc.constantFrom([], ['192.0.2.1'], ['198.51.100.0/24']), comment: fc.constantFrom('', 'kantor'), enabled: fc.boolean(),
}).map(one => one.protocol === 'any' ? { ...one, ports: '' } : one)
const foreign = rule.map((one): RuleFields => ({ ...toFields(one), comment: 'by hand' }))
const packets = ports.flatMap(port => ['192.0.2.1', '198.51.100.7', '203.0.113.9'].map(from => ({ port, from })))
const decide = (rows: readonly RuleFields[], policy: string) => packets.map(({ port, from }) => rows.find(row => row.enable === '1' && (row.dport === undefined || row.dport === port) && (row.source === undefined || row.source === from || (row.source.endsWith('/24') && from.startsWith('198.51.100.'))))?.action ?? policy)

/** As the hypervisor carries it out. */
function apply(rows: readonly RuleFields[], change: NonNullable<ReturnType<typeof nextRuleChange>>): RuleFields[] {
  if (change.kind === 'insert') return [change.fields, ...rows]
  if (change.kind === 'delete') return rows.toSpliced(change.at, 1)
  if (change.kind === 'finish') return rows.with(change.at, { ...rows[change.at], enable: change.fields.enable ?? '', comment: change.fields.comment ?? '' })
  if (change.kind === 'policy') return [...rows]
  const moved = rows[change.from] ?? {}
  return [...rows.slice(0, change.to).filter((_, i) => i !== change.from), moved, ...rows.slice(change.to).filter((_, i) => i + change.to !== change.from)]
}
function run(start: readonly RuleFields[], wish: readonly FirewallRule[], oldPolicy: string, policy: string) {
  const wanted = wish.map(toFields)
  let [rows, now] = [[...start], oldPolicy]
  const seen = [{ rows, policy: now }]
  for (let i = 0; ; i++) {
    const change = nextRuleChange(rows, wanted, now === policy)
    if (!change) return { rows, policy: now, seen, changes: i }
    if (i > mostChanges(start.length, wanted.length)) throw new Error('it does not end')
    rows = apply(rows, change)
    if (change.kind === 'policy') now = policy
    seen.push({ rows, policy: now })
  }
}
const policy = fc.constantFrom('ACCEPT', 'DROP')
const lists = { old: fc.array(rule, { maxLength: 6 }), next: fc.array(rule, { maxLength: 6 }), others: fc.array(foreign, { maxLength: 3 }) }

describe('firewall rules on Proxmox', () => {
  it('whatever stood there, half made or moved by hand: in the end ours are exactly the wish, behind those of others, which are as they were', () => {
    const half = rule.map((one): RuleFields => ({ ...toFields(one), enable: '0', comment: 'gardu-new' }))
    const anything = fc.array(fc.oneof(rule.map(toFields), foreign, half), { maxLength: 9 })
    fc.assert(fc.property(anything, lists.next, policy, policy, (start, wish, before, after) => {
      const end = run(start, wish, before, after)
      const others = start.filter(row => !isOwn(row))
      expect(end.rows).toEqual([...others, ...wish.map(toFields)])
      expect(end.policy).toBe(after)
      for (const { rows } of end.seen) expect(rows.filter(row => !isOwn(row))).toEqual(others)
    }))
  })
  it('at every moment each packet is decided as by the old list or as by the new one', () => {
    fc.assert(fc.property(lists.others, lists.old, lists.next, policy, policy, (others, old, wish, before, after) => {
      const start = [...others, ...old.map(toFields)]
      const { seen, rows } = run(start, wish, before, after)
      const [first, last] = [decide(start, before), decide(rows, after)]
      for (const moment of seen) decide(moment.rows, moment.policy).forEach((verdict, i) => expect([first[i], last[i]]).toContain(verdict))
    }))
  })
  it('where it is so already nothing is sent; a rule added at the end, or taken away, costs three changes at most', () => {
    fc.assert(fc.property(lists.others, lists.old, rule, (others, old, more) => {
      const start = [...others, ...old.map(toFields)]
      expect(run(start, old, 'DROP', 'DROP').changes).toBe(0)
      expect(run(start, [...old, more], 'DROP', 'DROP').changes).toBeLessThanOrEqual(3)
      expect(run(start, old.slice(0, -1), 'DROP', 'DROP').changes).toBeLessThanOrEqual(1)
    }))
  })
  it('a rule is read back as it was written; one of ours that somebody changed by hand is not taken for it', () => {
    fc.assert(fc.property(rule, (one) => {
      expect(toRule(toFields(one))).toEqual(one)
      expect(toRule({ ...toFields(one), log: 'info' })).toBeNull()
      expect(isOwn({ ...toFields(one), comment: 'gardus' })).toBe(false)
    }))
  })
})
