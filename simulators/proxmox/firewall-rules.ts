import { vm } from './call.ts'
import type { Call, CallDefinition } from './call.ts'
import { digestOf, firewallOf, keep, proveDigest, wrong } from './firewall.ts'

/** The firewall rules of a machine, as Proxmox keeps them: a list by position, the first that fits decides. */

type Rule = Record<string, string>
const at = '/nodes/{node}/qemu/{vmid}/firewall/rules'
const rulesOf = (call: Call): Rule[] => firewallOf(call).rules ?? []
const store = (call: Call, rules: Rule[]): null => keep(call, { ...firewallOf(call), rules })

/** What goes together in one rule. */
function verify(rule: Rule): Rule {
  if (rule.type === 'in' || rule.type === 'out') {
    if (!rule.macro && !['ACCEPT', 'DROP', 'REJECT'].includes(rule.action ?? '')) wrong('action', `unknown action '${rule.action}'`)
    if ((rule.dport || rule.sport) && !rule.macro && !['tcp', 'udp', 'sctp'].includes(rule.proto ?? '')) wrong('proto', 'missing property - \'dport\'/\'sport\' need a protocol with ports')
  }
  const families = [rule.source, rule.dest].filter(Boolean).map(list => list?.includes(':'))
  if (new Set(families).size > 1) wrong('source', 'detected mixed ipv4/ipv6 addresses in rule')
  return rule
}
function place(call: Call, rules: Rule[]): number {
  const pos = Number(call.path.pos)
  return Number.isInteger(pos) && pos >= 0 && pos < rules.length ? pos : wrong('pos', `no rule at position ${call.path.pos}`)
}
const given = ({ params }: Call): Rule => Object.fromEntries(Object.entries(params).filter(([name]) => !['digest', 'pos', 'delete', 'moveto'].includes(name)).map(([name, value]) => [name, value.trim()]))

const read: CallDefinition['needs'] = [vm, 'VM.Audit']
const write: CallDefinition['needs'] = [vm, 'VM.Config.Network']
export const firewallRuleCalls: Readonly<Record<string, CallDefinition>> = {
  [`GET ${at}`]: { needs: read, handle: (call) => {
    const rules = rulesOf(call)
    return rules.map(({ enable = '0', ...rule }, pos) => ({ ...rule, enable: Number(enable), pos, digest: digestOf(rules) }))
  } },
  // Always at the top, and without effect unless told otherwise.
  [`POST ${at}`]: { needs: write, handle: (call) => {
    const rules = rulesOf(call)
    proveDigest(call, rules)
    return store(call, [{ enable: '0', ...verify(given(call)) }, ...rules])
  } },
  [`PUT ${at}/{pos}`]: { needs: write, handle: (call) => {
    const rules = rulesOf(call)
    proveDigest(call, rules)
    const pos = place(call, rules)
    const rule = rules[pos] ?? {}
    const { moveto, delete: removed } = call.params
    if (moveto !== undefined) {
      const goal = Math.min(Number(moveto), rules.length)
      return store(call, [...rules.slice(0, goal).filter((_, i) => i !== pos), rule, ...rules.slice(goal).filter((_, i) => i + goal !== pos)])
    }
    const gone = new Set(removed?.split(/[\s,;]+/))
    return store(call, rules.with(pos, verify({ ...Object.fromEntries(Object.entries(rule).filter(([name]) => !gone.has(name))), ...given(call) })))
  } },
  [`DELETE ${at}/{pos}`]: { needs: write, handle: (call) => {
    const rules = rulesOf(call)
    proveDigest(call, rules)
    return store(call, rules.toSpliced(place(call, rules), 1))
  } },
}
