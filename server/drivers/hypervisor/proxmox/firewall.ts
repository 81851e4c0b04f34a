import { DriverError } from '#shared/errors/driver-error.ts'
import type { MachineFirewall } from '#server/infrastructure/firewall-ports.ts'
import type { ProxmoxApi } from './api.ts'
import { describeRow, isOwn, mostChanges, nextRuleChange, toFields, toRule } from './firewall-rules.ts'
import type { RuleChange } from './firewall-rules.ts'
import { guestPath } from './locate.ts'
import type { Found, Locator } from './locate.ts'
import * as reply from './schema.ts'

const policies = { ACCEPT: 'accept', DROP: 'drop' } as const
const policyOf = (told: string) => policies[told as keyof typeof policies] ?? null

/** The firewall rules of machines. The file's digest goes with every write: a change by somebody else in between is told, not overwritten. */
export function firewallOf(api: ProxmoxApi, find: Locator): MachineFirewall {
  const of = (found: Found, ...more: (string | number)[]) => guestPath(found, 'firewall', ...more)
  const policy = async (found: Found) => policyOf((await api.get(of(found, 'options'), reply.firewallOptions)).policy_in)
  async function rules(found: Found) {
    const rows = (await api.get(of(found, 'rules'), reply.firewallRules)).sort((a, b) => a.pos - b.pos)
    return { rows: rows.map(({ fields }) => fields), digest: rows[0]?.digest }
  }
  const send = (found: Found, change: RuleChange, wanted: 'accept' | 'drop', digest: { digest?: string }) => {
    switch (change.kind) {
      case 'insert': return api.post(of(found, 'rules'), { ...change.fields, ...digest }, reply.anything)
      case 'move': return api.put(of(found, 'rules', change.from), { moveto: String(change.to), ...digest }, reply.anything)
      case 'finish': return api.put(of(found, 'rules', change.at), { enable: change.fields.enable ?? '1', comment: change.fields.comment ?? '', ...digest }, reply.anything)
      case 'delete': return api.delete(of(found, 'rules', change.at), digest, reply.anything)
      case 'policy': return api.put(of(found, 'options'), { policy_in: wanted.toUpperCase() }, reply.anything)
    }
  }
  return {
    async readFirewall(machine) {
      const found = await find.prove(machine)
      const [{ rows }, policyIn] = await Promise.all([rules(found), policy(found)])
      const own = rows.filter(isOwn).map(toRule)
      const readable = own.filter(rule => rule !== null)
      const behind = rows.slice(rows.findLastIndex(row => !isOwn(row)) + 1)
      return { policyIn, rules: readable, tidy: readable.length === own.length && behind.length === own.length, foreign: rows.filter(row => !isOwn(row)).map(describeRow) }
    },
    async setFirewall(machine, wish) {
      const found = await find.prove(machine)
      const wanted = wish.rules.map(toFields)
      let policyFits = await policy(found) === wish.policyIn
      let seen = await rules(found)
      const most = mostChanges(seen.rows.length, wanted.length)
      for (let changes = 0; changes <= most; changes++) {
        const change = nextRuleChange(seen.rows, wanted, policyFits)
        if (!change) return
        await send(found, change, wish.policyIn, seen.digest === undefined ? {} : { digest: seen.digest })
        if (change.kind === 'policy') policyFits = true
        else seen = await rules(found)
      }
      throw new DriverError('retryable', 'Proxmox: the firewall rules do not become what they should be: somebody else changes them', { afterSeconds: 2 })
    },
  }
}
