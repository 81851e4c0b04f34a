import type { FirewallAction, FirewallDirection, FirewallProtocol, FirewallRule } from '#shared/vocabulary/firewall.ts'

/** Rules of a machine as Proxmox keeps them, and the one next change that brings them nearer to what is wished. Pure. */

/** One rule as it is on the wire; `enable`, `comment` and everything that Proxmox can say of one. */
export type RuleFields = Readonly<Record<string, string>>

/** In the comment: whose rule it is. A rule that is being brought to its place carries the second, and has no effect yet. */
const ownMark = 'gardu'
const stagedMark = 'gardu-new'
const isStaged = (row: RuleFields) => row.comment === stagedMark && row.enable === '0'
export const isOwn = (row: RuleFields): boolean => row.type !== 'group' && (row.comment === ownMark || row.comment === stagedMark || row.comment?.startsWith(`${ownMark}: `) === true)

export function toFields(rule: FirewallRule): RuleFields {
  return {
    type: rule.direction, action: rule.action.toUpperCase(), enable: rule.enabled ? '1' : '0', comment: rule.comment === '' ? ownMark : `${ownMark}: ${rule.comment}`,
    ...(rule.protocol === 'any' ? {} : { proto: rule.protocol }), ...(rule.ports === '' ? {} : { dport: rule.ports.replaceAll('-', ':') }), ...(rule.peers.length === 0 ? {} : { [rule.direction === 'in' ? 'source' : 'dest']: rule.peers.join(',') }),
  }
}
const keyOf = (row: RuleFields) => JSON.stringify(Object.entries(row).sort(([a], [b]) => a.localeCompare(b)))
/** A rule of ours that says something which we never write (a log level, a network card) was changed by hand: null. */
export function toRule(row: RuleFields): FirewallRule | null {
  const peers = row.type === 'in' ? row.source : row.dest
  const rule: FirewallRule = {
    direction: row.type as FirewallDirection, action: (row.action ?? '').toLowerCase() as FirewallAction, protocol: (row.proto ?? 'any') as FirewallProtocol, ports: (row.dport ?? '').replaceAll(':', '-'), peers: peers ? peers.split(',') : [],
    comment: (row.comment ?? '').slice(ownMark.length).replace(/^: /, ''), enabled: row.enable === '1',
  }
  return row.comment !== stagedMark && keyOf(toFields(rule)) === keyOf(row) ? rule : null
}

export type RuleChange
  = | { readonly kind: 'insert', readonly fields: RuleFields }
    | { readonly kind: 'move', readonly from: number, /** Before the rule that stands there now; the number of rules: at the end. */ readonly to: number }
    | { readonly kind: 'finish', readonly at: number, readonly fields: RuleFields }
  /** Everything wished is in its place: the moment for the policy. */
    | { readonly kind: 'policy' }
    | { readonly kind: 'delete', readonly at: number }

/** Where our block begins (behind the last rule of others), and how much of the wish stands there already. */
function standing(rows: readonly RuleFields[], wanted: readonly RuleFields[]) {
  const begin = rows.findLastIndex(row => !isOwn(row)) + 1
  let kept = 0
  for (const wish of wanted) {
    const there = rows[begin + kept]
    if (there === undefined || keyOf(there) !== keyOf(wish)) break
    kept++
  }
  return { begin, kept }
}

/**
 * The next change, or null when all is as wished. A new rule is made without effect at the top (Proxmox makes them nowhere else), moved below the new
 * rules that stand already, and given its effect there; then the policy; then the old rules go, the last one first. So each packet meets a beginning
 * of the new list and then a beginning of the old one, and is decided as by one of them.
 */
export function nextRuleChange(rows: readonly RuleFields[], wanted: readonly RuleFields[], policyFits: boolean): RuleChange | null {
  const staged = rows.findIndex(row => isOwn(row) && isStaged(row))
  const others = staged < 0 ? rows : rows.toSpliced(staged, 1)
  const { begin, kept } = standing(others, wanted)
  const next = wanted[kept]
  if (next !== undefined) {
    const goal = begin + kept
    const asStaged = { ...next, enable: '0', comment: stagedMark }
    if (staged < 0) return { kind: 'insert', fields: goal === 0 ? next : asStaged }
    const stagedRow = rows[staged]
    if (stagedRow === undefined || keyOf(stagedRow) !== keyOf(asStaged)) return { kind: 'delete', at: staged }
    if (staged !== goal) return { kind: 'move', from: staged, to: goal > staged ? goal + 1 : goal }
    return { kind: 'finish', at: goal, fields: next }
  }
  if (staged >= 0) return { kind: 'delete', at: staged }
  if (!policyFits) return { kind: 'policy' }
  const extra = rows.findLastIndex((row, i) => isOwn(row) && (i < begin || i >= begin + kept))
  return extra < 0 ? null : { kind: 'delete', at: extra }
}
/** More changes than this never lead from one list to the other. */
export const mostChanges = (rows: number, wanted: number): number => 2 * rows + 3 * wanted + 10

/** A rule of others, as a person reads it. */
export const describeRow = ({ enable, type = '', action = '', comment, ...more }: RuleFields): string => [enable === '1' ? '' : '(off)', type.toUpperCase(), action, ...Object.entries(more).map(([name, value]) => `${name}=${value}`), comment ? `# ${comment}` : ''].filter(Boolean).join(' ')
