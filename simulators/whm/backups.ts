import { accountOf, no } from './calls.ts'
import type { Call, CallDefinition } from './calls.ts'
import type { SimAccount, SimRestore, WhmState } from './state.ts'

const dayMilliseconds = 86_400_000
const dayOf = (now: number) => new Date(now).toISOString().slice(0, 10)
const seconds = (now: number) => Math.floor(now / 1000)

/** What a backup brings back: everything but who the account is on this server. */
const kept = ({ email, plan, suspended, suspendreason, diskUsedMiB, password }: SimAccount): Partial<SimAccount> => ({ email, plan, suspended, suspendreason, diskUsedMiB, password })
/** One night's backup of an account, as it is now. */
export function backUp(state: WhmState, user: string, when: string, where = 'local'): void {
  const account = state.accounts[user]
  if (account) state.backups[user] = [...state.backups[user] ?? [], { when, where, account: structuredClone(kept(account)) }]
}

/** What a server does while nobody asks: nightly backups, and the restores of its queue, one after another. */
function settle({ state, now }: Pick<Call, 'state' | 'now'>): void {
  if (state.nightly) {
    for (const account of Object.values(state.accounts)) {
      for (let day = 6; day >= 0; day--) {
        const when = dayOf(now - day * dayMilliseconds)
        if (Date.parse(when) > account.unix_startdate * 1000 && !state.backups[account.user]?.some(each => each.when === when)) backUp(state, account.user, when)
      }
    }
  }
  const { restores } = state
  for (const job of restores.running.filter(each => each.until <= now)) finish(state, job, now)
  restores.running = restores.running.filter(each => each.until > now)
  if (!restores.active) return
  restores.running.push(...restores.pending.map(job => ({ ...job, started: Math.max(seconds(now), ...restores.completed.map(each => each.started + 1)), until: now + state.restoreMilliseconds })))
  restores.pending = []
  restores.active = restores.running.length > 0
}
function finish(state: WhmState, job: SimRestore, now: number): void {
  const account = state.accounts[job.user]
  const found = state.backups[job.user]?.find(each => each.when === job.restore_point && each.where === job.options.destid)
  const worked = state.failRestores === '' && account !== undefined && found !== undefined
  if (worked) Object.assign(account, structuredClone(found.account))
  state.restores.completed.push({ ...job, finished: seconds(now), result: worked ? state.warnRestores === '' ? 1 : 2 : 0, log: worked ? `Extracting Domain....Done Account Restore Complete ${state.warnRestores}` : `Extracting Domain.... ${state.failRestores || 'the archive is not there'}` })
}

const viewOf = ({ user, restore_point, options }: SimRestore) => ({ user, restore_point, options })
/** These belong to root alone. */
const root = (handle: (call: Call) => unknown, reason?: string): CallDefinition => ({ acl: 'all', ...(reason === undefined ? {} : { reason }), handle(call) {
  settle(call)
  return handle(call)
} })

export const backupCalls: Readonly<Record<string, CallDefinition>> = {
  backup_set_list_combined: root(({ state }) => ({
    backup_set: Object.fromEntries(Object.entries(state.backups).map(([user, own]) => [user, own.map(({ when, where }) => ({ when: `${when}T00:00:00.000Z`, where }))])),
    destination_legend: { GLT1vFsVO8cqk2UWWFpJ9kSQ: { name: 'Gudang', type: 'FTP' } },
  })),
  restore_queue_add_task: root((call) => {
    const { state, params, lie } = call
    const account = accountOf(call)
    const options = { destid: params.destid ?? 'local', give_ip: Number(params.give_ip ?? 0), mail_config: Number(params.mail_config ?? 0), mysql: Number(params.mysql ?? 0), subdomains: Number(params.subdomains ?? 0) }
    if (!state.backups[account.user]?.some(each => each.when === params.restore_point && each.where === options.destid)) no(`Invalid restore point: ${params.restore_point}`)
    if ([...state.restores.pending, ...state.restores.running].some(each => each.user === account.user)) no(`The account “${account.user}” is already in the restore queue.`)
    state.restores.asked += 1
    if (!lie) state.restores.pending.push({ user: account.user, restore_point: params.restore_point ?? '', options, started: 0, until: 0 })
    return { queue_id: state.restores.asked }
  }),
  restore_queue_activate: { acl: 'all', reason: 'Restore queue processing initiated', handle(call) {
    if (!call.lie) call.state.restores.active = true
    settle(call)
    return {}
  } },
  restore_queue_state: root(({ state: { restores } }) => ({ is_active: Number(restores.active), active: restores.running.map(viewOf), pending: restores.pending.map(viewOf), completed: restores.completed.map(viewOf) })),
  restore_queue_list_completed: root(({ state: { restores } }) => ({
    restore_job: restores.completed.map(job => ({ restore_job: viewOf(job), status_info: { altered_items: null, dangerous_items: null, finished: String(job.finished), log: job.log, restore_logfile: 'item-RESTORE_AccountLocal_sim', result: job.result, skipped_items: null, started: String(job.started), transfer_session_id: 'userbackupsim', warnings: null } })),
  })),
}
