import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { money } from '#shared/money/money.ts'
import type { Currency } from '#shared/money/money.ts'
import { serviceStatuses } from '#shared/vocabulary/billing.ts'
import { depositRule } from '#server/billing/deposit.ts'
import type { ClientRow, InvoiceLine, SagaHistory, ServiceFilter, ServicePages, ServiceSummary } from '#server/provisioning/ports.ts'
import type { Executor } from '../client.ts'
import { isLowPool } from '../low-pool.ts'
import type { StoredOption } from '../schema/index.ts'
import { toSold } from './sold-options.ts'
import { containing } from '../search-pattern.ts'
import { failingAlone } from '../failed-tasks.ts'
import { rowsOf } from '../rows-of.ts'
import { lostNetworks } from './networks.ts'
import { stillRefused } from './refused-growths.ts'

/** The rows of a raw statement; both databases answer them alike. */
/** Raw statements answer instants as text on one database and as dates on the other. */
export const toDate = (value: string | Date | null | undefined): Date | null => value === null || value === undefined ? null : new Date(value)
/** Nobody owes a deposit: one that is not paid lapses, and one over several invoices would count them twice. */
const owedFor = sql`i.tax_rule <> ${depositRule}`
const all = (conditions: (SQL | undefined)[]) => {
  const given = conditions.filter(condition => condition !== undefined)
  return given.length > 0 ? sql`where ${sql.join(given, sql` and `)}` : sql``
}

type Raw<T> = { [K in keyof T]: T[K] extends Date | null ? string | Date | null : T[K] }
type SummaryRow = Raw<Omit<ServiceSummary, 'price' | 'options'>> & { options: StoredOption[], amount: string, currency: Currency, total: string }

const toSummary = ({ amount, currency, options, total: _, ...row }: SummaryRow): ServiceSummary => ({
  ...row, price: money(BigInt(amount), currency), options: toSold(options, currency), holdUntil: toDate(row.holdUntil), observedAt: toDate(row.observedAt), deliveredAt: toDate(row.deliveredAt), rescueSince: toDate(row.rescueSince),
})

/** Whether anything of a service's options can be changed: it has one that can be taken away, or its product sells one in its cycle. */
const optionsChangeable = sql`(exists (select 1 from jsonb_array_elements(s.options) had where had ->> 'kind' <> 'choice')
  or (p.status = 'active' and exists (select 1 from product_options o join product_option_prices op on op.option_id = o.id and op.cycle = s.cycle left join product_option_choices oc on oc.id = op.choice_id where o.product_id = s.product_id and o.active and (op.choice_id is null or oc.active))))`

/** One row per service with everything that a page shows of it; the sub-selects walk indexes by service. */
const summary = sql`
  select s.id, s.client_id as "clientId", u.name as "clientName", u.email as "clientEmail", s.hostname, s.product_name as "productName", p.kind as "productKind", s.status, s.suspension_reason as "suspensionReason", s.end_reason as "endReason",
    s.cancel_at_period_end as "cancelAtPeriodEnd", s.cancel_reason as "cancelReason", s.cancel_note as "cancelNote", s.hold_until as "holdUntil", s.hold_reason as "holdReason", s.cycle, s.delivered_at as "deliveredAt", ${optionsChangeable} as "optionsChangeable", s.price::text as amount, s.currency, s.ssh_key as "sshKey", t.name as "templateName", t.machine_type as "machineType", coalesce(r.customised, t.identity <> 'cloud_init', false) as customised, coalesce(t.identity <> 'sysprep', true) as "takesKeys", s.spec, s.options,
    coalesce(r.status, 'none') as "resourceStatus", coalesce(r.power, 'unknown') as power, host(a.address) as ipv4, (select json_build_object('address', host(x.address), 'length', case when xp.machine_length = 128 then xp.prefix_length else xp.machine_length end) from ipv6_prefixes x join ipv6_pools xp on xp.id = x.pool_id where x.service_id = s.id and (x.status = 'assigned' or coalesce(r.status, 'none') <> 'ready')) as ipv6, r.connection_id as "connectionId", c.name as "connectionName", c.kind as "connectionKind", coalesce(c.console, false) as "connectionConsole", r.node, r.vmid, r.problem, r.username, r.initial_password is not null as "hasPassword",
    r.cpu, r.memory_used_mi_b as "memoryUsedMiB", r.memory_total_mi_b as "memoryTotalMiB", r.uptime_seconds as "uptimeSeconds", r.observed_at as "observedAt", r.rescue, r.rescue_since as "rescueSince",
    (select g.kind from sagas g where g.service_id = s.id and g.status in ('running', 'waiting')) as "openSaga",
    count(*) over () as total
  from services s join users u on u.id = s.client_id join products p on p.id = s.product_id left join templates t on t.id = s.template_id
    left join resources r on r.service_id = s.id left join connections c on c.id = r.connection_id left join addresses a on a.service_id = s.id and a.ordinal = 0`

const newestFailed = sql`(select case when g.reason = 'cancelled' then 'done' else g.status end from sagas g where g.service_id = s.id order by g.started_at desc, g.id desc limit 1) = 'failed'`

export function servicePages(db: Executor, history: (serviceId: string, limit: number) => Promise<SagaHistory[]>): ServicePages {
  const page = (request: { page: number, pageSize: number }) => sql`limit ${request.pageSize} offset ${(request.page - 1) * request.pageSize}`
  return {
    history,
    async list(filter: ServiceFilter) {
      const where = all([
        filter.clientId ? sql`s.client_id = ${filter.clientId}` : undefined, filter.status ? sql`s.status = ${filter.status}` : undefined, filter.resourceStatus ? sql`coalesce(r.status, 'none') = ${filter.resourceStatus}` : undefined,
        filter.failed ? newestFailed : undefined, filter.refused ? sql`exists (select 1 from refused_growths g where g.service_id = s.id and ${stillRefused})` : undefined, filter.work ? sql`p.kind = 'work' and s.status = 'pending' and exists (select 1 from paid_periods paid where paid.service_id = s.id)` : undefined,
        filter.q ? sql`(s.hostname ilike ${containing(filter.q)} or u.name ilike ${containing(filter.q)} or u.email ilike ${containing(filter.q)} or exists (select 1 from addresses own where own.service_id = s.id and host(own.address) = ${filter.q}) or exists (select 1 from ipv6_prefixes x where x.service_id = s.id and host(x.address) = ${filter.q.toLowerCase()}) or s.id::text = ${filter.q.toLowerCase()})` : undefined,
      ])
      const rows = rowsOf<SummaryRow>(await db.execute(sql`${summary} ${where} order by s.created_at desc, s.id desc ${page(filter)}`))
      return { items: rows.map(toSummary), total: Number(rows[0]?.total ?? 0), page: filter.page, pageSize: filter.pageSize }
    },
    async find(id, clientId) {
      const [row] = rowsOf<SummaryRow>(await db.execute(sql`${summary} ${all([sql`s.id = ${id}`, clientId ? sql`s.client_id = ${clientId}` : undefined])}`))
      return row ? toSummary(row) : null
    },
    async unpaidInvoices(clientId, limit) {
      type Row = Raw<Omit<InvoiceLine, 'total' | 'outstanding'>> & { total: string, outstanding: string, currency: Currency }
      const rows = rowsOf<Row>(await db.execute(sql`
        select i.id, i.number, i.status, i.issued_at as "issuedAt", i.due_at as "dueAt", i.paid_at as "paidAt", i.total::text as total, i.currency, (select late.number from late_fees f join invoices late on late.id = f.late_invoice_id where f.fee_invoice_id = i.id) as "lateFeeOf",
          coalesce((select sum(l.amount) from journal_lines l where l.invoice_id = i.id and l.account = 'receivable'), 0)::text as outstanding
        from invoices i where i.client_id = ${clientId} and i.status = 'issued' and ${owedFor} order by i.due_at, i.id limit ${limit}`))
      return rows.map(({ currency, ...row }) => ({ ...row, issuedAt: toDate(row.issuedAt), dueAt: toDate(row.dueAt), paidAt: toDate(row.paidAt), total: money(BigInt(row.total), currency), outstanding: money(BigInt(row.outstanding), currency) }))
    },
    async standing(clientId) {
      const [row] = rowsOf<{ due: string, credit: string, profile: boolean, totp: boolean }>(await db.execute(sql`
        select (select coalesce(sum(l.amount), 0) from journal_lines l join invoices i on i.id = l.invoice_id where l.client_id = ${clientId} and l.account = 'receivable' and i.status = 'issued' and ${owedFor})::text as due,
          (select coalesce(-sum(l.amount), 0) from journal_lines l where l.client_id = ${clientId} and l.account = 'client_credit')::text as credit,
          exists (select 1 from client_profiles p where p.user_id = ${clientId}) as profile, exists (select 1 from users u where u.id = ${clientId} and u.totp_enabled_at is not null) as totp`))
      return { totalDue: money(BigInt(row?.due ?? 0)), credit: money(BigInt(row?.credit ?? 0)), hasProfile: row?.profile ?? false, totpOn: row?.totp ?? false }
    },
    async listClients(filter) {
      type Row = Raw<Omit<ClientRow, 'outstanding' | 'credit' | 'createdAt'>> & { createdAt: string | Date, outstanding: string, credit: string, total: string }
      const where = all([sql`u.role = 'client'`, filter.q ? sql`(u.name ilike ${containing(filter.q)} or u.email ilike ${containing(filter.q)})` : undefined])
      const rows = rowsOf<Row>(await db.execute(sql`
        select u.id, u.name, u.email, u.role, u.email_verified_at is not null as "emailVerified", u.created_at as "createdAt", (select count(*)::int from services s where s.client_id = u.id) as "serviceCount", g.id as "groupId", g.name as "groupName",
          (select coalesce(sum(l.amount), 0) from journal_lines l join invoices i on i.id = l.invoice_id where l.client_id = u.id and l.account = 'receivable' and i.status = 'issued' and ${owedFor})::text as outstanding,
          (select coalesce(-sum(l.amount), 0) from journal_lines l where l.client_id = u.id and l.account = 'client_credit')::text as credit, count(*) over () as total
        from users u left join client_group_members gm on gm.client_id = u.id left join client_groups g on g.id = gm.group_id ${where} order by u.created_at desc, u.id desc ${page(filter)}`))
      return { items: rows.map(({ total: _, ...row }) => ({ ...row, createdAt: new Date(row.createdAt), outstanding: money(BigInt(row.outstanding)), credit: money(BigInt(row.credit)) })), total: Number(rows[0]?.total ?? 0), page: filter.page, pageSize: filter.pageSize }
    },
    async staffNumbers(now, monthStart) {
      const [counts, connections, [numbers], [run]] = [
        rowsOf<{ status: typeof serviceStatuses[number], n: number }>(await db.execute(sql`select status, count(*)::int as n from services group by status`)),
        rowsOf<{ id: string, name: string, healthy: boolean | null, checked_at: string | Date | null }>(await db.execute(sql`select id, name, healthy, checked_at from connections order by name limit 100`)),
        rowsOf<{ failed: number, notready: number, waiting: number, parked: number, money_back: number, unmatched: number, letters: number, hooks: number, missed_templates: number, missed_packages: number, missed_networks: number, refused_growths: number, drift: number, low_pools: number, receivable: string, overdue: string, received: string }>(await db.execute(sql`
          select (select count(*)::int from resources r where r.status = 'error') + (select count(*)::int from sagas g where g.status = 'failed' and g.kind in (${failingAlone}) and g.reason is distinct from 'cancelled' and g.finished_at > ${now.toISOString()}::timestamptz - interval '1 day') as failed,
            (select count(*)::int from services s left join resources r on r.service_id = s.id where s.status in ('active', 'past_due') and coalesce(r.status, 'none') <> 'ready' and not exists (select 1 from sagas g where g.service_id = s.id and g.kind in ('reinstall', 'rebuild') and g.status in ('running', 'waiting')) and (s.cycle <> 'one_time' or exists (select 1 from products k where k.id = s.product_id and k.kind <> 'work'))) as notready,
            (select count(*)::int from services s join products k on k.id = s.product_id and k.kind = 'work' where s.status = 'pending' and exists (select 1 from paid_periods p where p.service_id = s.id)) as waiting,
            (select count(*)::int from webhooks w where w.status = 'parked') as parked,
            (select count(*)::int from refunds f where (f.status = 'requested' and f.needs_approval and f.approved_at is null) or (f.noted_at is null and (f.found or f.status = 'failed'))) as money_back,
            (select count(*)::int from comparison_items c where c.resolved_at is null and c.acknowledged_at is null) as unmatched,
            (select count(*)::int from mails m where m.status = 'queued' and m.template = 'final_notice' and m.created_at < ${now.toISOString()}::timestamptz - interval '1 hour') as letters,
            (select count(*)::int from webhook_endpoints h where h.paused_by = 'endpoint' or (h.paused_by is null and h.failing_since < ${now.toISOString()}::timestamptz - interval '3 days')) as hooks,
            (select count(*)::int from templates t where not t.present and exists (select 1 from product_templates pt join products p on p.id = pt.product_id and p.status <> 'retired' where pt.template_id = t.id)) as missed_templates,
            (select count(*)::int from packages k where not k.present and exists (select 1 from product_connections pc join products p on p.id = pc.product_id and p.kind = 'hosting' and p.status <> 'retired' and p.spec ->> 'panelPackage' = k.name where pc.connection_id = k.connection_id)) as missed_packages,
            ${lostNetworks} as missed_networks,
            (select count(*)::int from refused_growths g where ${stillRefused}) as refused_growths,
            (select count(*)::int from drift_findings d where d.resolved_at is null and d.ignored_at is null) as drift,
            (select count(*)::int from address_pools p where ${isLowPool(sql`p.id`)}) as low_pools,
            (select coalesce(sum(l.amount), 0) from journal_lines l join invoices i on i.id = l.invoice_id where i.status = 'issued' and ${owedFor} and l.account = 'receivable')::text as receivable,
            (select coalesce(sum(l.amount), 0) from journal_lines l join invoices i on i.id = l.invoice_id where i.status = 'issued' and ${owedFor} and i.due_at < ${now.toISOString()}::timestamptz and l.account = 'receivable')::text as overdue,
            (select coalesce(sum(l.amount), 0) from journal_entries e join journal_lines l on l.entry_id = e.id where e.at >= ${monthStart.toISOString()}::timestamptz and e.cause in ('payment_received', 'manual_payment') and l.account in ('gateway_clearing', 'bank'))::text as received`)),
        rowsOf<{ at: string | Date, status: string, done: number }>(await db.execute(sql`select at, status, done from billing_runs order by started_at desc limit 1`)),
      ]
      return {
        services: Object.fromEntries(serviceStatuses.map(status => [status, counts.find(row => row.status === status)?.n ?? 0])) as Record<typeof serviceStatuses[number], number>,
        failedSagas: numbers?.failed ?? 0, activeNotReady: numbers?.notready ?? 0, workWaiting: numbers?.waiting ?? 0, parkedWebhooks: numbers?.parked ?? 0, refundTasks: numbers?.money_back ?? 0, unmatchedSettlements: numbers?.unmatched ?? 0, waitingLetters: numbers?.letters ?? 0, failingWebhooks: numbers?.hooks ?? 0, missedTemplates: numbers?.missed_templates ?? 0, missedPackages: numbers?.missed_packages ?? 0, missedNetworks: numbers?.missed_networks ?? 0, refusedGrowths: numbers?.refused_growths ?? 0, drift: numbers?.drift ?? 0, lowPools: numbers?.low_pools ?? 0, connections: connections.map(row => ({ id: row.id, name: row.name, healthy: row.healthy, checkedAt: toDate(row.checked_at) })),
        receivable: money(BigInt(numbers?.receivable ?? 0)), overdue: money(BigInt(numbers?.overdue ?? 0)), receivedThisMonth: money(BigInt(numbers?.received ?? 0)),
        lastBillingRun: run ? { at: new Date(run.at), status: run.status, actions: run.done } : null,
      }
    },
  }
}
