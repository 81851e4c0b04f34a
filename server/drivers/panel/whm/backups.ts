import { z } from 'zod'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { AccountRef } from '#server/infrastructure/panel-ports.ts'
import type { PanelBackups, RestoreHandle, RestorePoint, RestoreState } from '#server/infrastructure/panel-backups-ports.ts'
import { PanelRefusal } from './api.ts'
import type { Params, WhmApi } from './api.ts'
import { ifTold } from './own-api.ts'
import type { OwnApi } from './own-api.ts'
import * as reply from './schema.ts'
import type { Account } from './schema.ts'
import { toAccountState } from './transform.ts'

interface Tools { readonly api: WhmApi, readonly own: OwnApi, readonly list: () => Promise<readonly Account[]>, readonly prove: (ref: AccountRef) => Promise<Account>, readonly told: <T>(work: Promise<T>) => Promise<T>, readonly act: (call: string, params: Params) => Promise<unknown> }

const mostPoints = 100
const mostFiles = 50
const hourMilliseconds = 3_600_000

/** Dates come as such, or as the first second of their day. */
const date = z.string().regex(/^\d{4}-\d{2}-\d{2}/).transform(text => text.slice(0, 10))
const text = z.string().nullish().transform(value => value ?? '')
const sets = z.object({
  backup_set: z.record(z.string(), z.array(z.object({ when: date, where: z.string().default('local') }))).nullish().transform(value => value ?? {}),
  destination_legend: z.record(z.string(), z.unknown()).nullish().transform(value => value ?? {}),
})
const job = z.object({ user: z.string(), restore_point: date })
/** A list that is empty may be missing. */
const listOf = <S extends z.ZodType>(of: S) => z.array(of).nullish().transform(value => value ?? [])
const queue = z.object({ is_active: z.unknown().transform(value => value === 1 || value === '1'), active: listOf(job), pending: listOf(job) })
const completed = z.object({ restore_job: listOf(z.object({ restore_job: job, status_info: z.object({ result: z.coerce.number(), started: z.coerce.number(), log: text, warnings: z.array(z.unknown()).nullish() }) })) })
const file = z.object({ file: z.string(), size: z.coerce.number().default(0), mtime: z.coerce.number().default(0) })
/** The vendor describes an object with `files`; servers send the list itself. */
const files = z.union([z.array(file), z.object({ files: z.array(file) }).transform(found => found.files)])
const nameOf = z.object({ name: z.string() })

/**
 * Whether a backup of that date is certainly of the account as it was born: the day began, wherever the server's clock stands, after its birth. Pure.
 */
export const isOfThisLife = (day: string, { unix_startdate }: Pick<Account, 'unix_startdate'>): boolean => Date.parse(`${day}T00:00:00Z`) - 14 * hourMilliseconds >= unix_startdate * 1000

const lastWords = (log: string): string => log.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim().slice(-300)

/** WHM's own backups, its restore queue (root's alone), and whole backups in an account's home directory. */
export function backups({ api, own, list, prove, told, act }: Tools): PanelBackups {
  const all = () => told(api.read('backup_set_list_combined', sets))
  const waiting = () => told(api.read('restore_queue_state', queue))
  const over = async (user: string) => (await told(api.read('restore_queue_list_completed', completed))).restore_job.filter(each => each.restore_job.user === user)

  async function pointsOf(account: Account): Promise<RestorePoint[]> {
    const { backup_set, destination_legend } = await all()
    const called = (where: string) => where === 'local' ? null : nameOf.safeParse(destination_legend[where]).data?.name ?? where
    return (backup_set[account.user] ?? []).filter(({ when }) => isOfThisLife(when, account)).map(({ when, where }) => ({ date: when, where, place: called(where) })).sort((a, b) => a.date === b.date ? a.where < b.where ? -1 : 1 : a.date < b.date ? 1 : -1).slice(0, mostPoints)
  }

  async function stateOf({ user, date: day, after }: RestoreHandle): Promise<{ readonly found: RestoreState, readonly going: boolean }> {
    // The queue before the list of what is over: what moves on meanwhile is met in the second.
    const { is_active: going, active, pending } = await waiting()
    const isOurs = (each: z.output<typeof job>) => each.user === user && each.restore_point === day
    if (active.some(isOurs)) return { found: { state: 'running' }, going }
    if (pending.some(isOurs)) return { found: { state: 'queued' }, going }
    const ended = (await over(user)).filter(each => each.restore_job.restore_point === day && each.status_info.started > after).sort((a, b) => b.status_info.started - a.status_info.started)[0]
    if (!ended) return { found: { state: 'unknown' }, going }
    const { result, log, warnings } = ended.status_info
    if (result === 0) return { found: { state: 'failed', message: `WHM: the restore failed: ${lastWords(log) || 'no reason given'}` }, going }
    const warned = (warnings ?? []).map(String).join(' ').trim()
    return { found: { state: 'done', warning: result === 2 || warned !== '' ? (warned || lastWords(log)).slice(0, 300) : null }, going }
  }

  async function newestOfAll() {
    // The accounts first: one that is made meanwhile is missing, and none is without its backups.
    const accounts = await list()
    const { backup_set } = await all()
    return accounts.map(account => ({ birth: toAccountState(account).birth, date: (backup_set[account.user] ?? []).filter(({ when }) => isOfThisLife(when, account)).map(({ when }) => when).sort().at(-1) ?? null }))
  }

  return {
    newestBackups: () => ifTold(newestOfAll()),
    async restorePoints(ref) {
      const account = await prove(ref)
      return ifTold(pointsOf(account))
    },
    async prepareRestore(ref, { date: day, where }) {
      const account = await prove(ref)
      if (!(await pointsOf(account)).some(point => point.date === day && point.where === where)) throw new DriverError('permanent', `WHM: there is no backup of ${account.user} from ${day}`)
      const { active, pending } = await waiting()
      if ([...active, ...pending].some(each => each.user === account.user)) throw new DriverError('retryable', `WHM: another restore of ${account.user} waits or runs`, { afterSeconds: 30 })
      return { user: account.user, date: day, where, after: (await over(account.user)).reduce((newest, { status_info: { started } }) => Math.max(newest, started), 0) }
    },
    async startRestore(ref, handle) {
      const account = await prove(ref)
      if (account.user !== handle.user) throw new DriverError('permanent', `WHM: ${handle.user} is called ${account.user} meanwhile`)
      const { found } = await stateOf(handle)
      if (found.state === 'running' || found.state === 'done' || found.state === 'failed') return
      if (found.state === 'unknown') await act('restore_queue_add_task', { user: handle.user, restore_point: handle.date, destid: handle.where, give_ip: '0', mail_config: '1', mysql: '1', subdomains: '1' })
      // Going already, it takes up what was added.
      await told(api.act('restore_queue_activate', {}, reply.nothing).catch((error: unknown) => {
        if (!(error instanceof PanelRefusal && /already (active|running|in progress)/i.test(error.reason))) throw error
      }))
    },
    restoreState: async handle => (await stateOf(handle)).found,
    async backUpToHome(ref) {
      const account = await prove(ref)
      if (account.suspended) throw new DriverError('permanent', `WHM: ${account.user} is suspended`)
      await own(account.user, 'Backup', 'fullbackup_to_homedir', z.object({ pid: z.coerce.string() }), { act: true })
    },
    async homeBackups(ref) {
      const { user } = await prove(ref)
      const found = await ifTold(own(user, 'Fileman', 'list_files', files, { params: { dir: '/', types: 'file' } }))
      return found && found.filter(({ file }) => file.startsWith('backup-') && file.endsWith(`_${user}.tar.gz`)).map(({ file, size, mtime }) => ({ file, sizeBytes: size, changedAt: new Date(mtime * 1000) })).sort((a, b) => b.changedAt.getTime() - a.changedAt.getTime()).slice(0, mostFiles)
    },
  }
}
