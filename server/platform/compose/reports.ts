import en from '#i18n/en/reports.json' with { type: 'json' }
import id from '#i18n/id/reports.json' with { type: 'json' }
import { reportsOf } from '#db/repositories/reports.ts'
import type { Calendar, ForeseenRenewal } from '#server/reports/ports.ts'
import type { ComputeTax } from '#server/billing/ports.ts'
import { csvWriter } from '#server/drivers/export/csv.ts'
import { xlsxWriter } from '#server/drivers/export/xlsx.ts'
import { exportReport } from '#server/reports/export-report.ts'
import type { ReportWords } from '#server/reports/export-report.ts'
import { listReportRows } from '#server/reports/list-report-rows.ts'
import { showReport } from '#server/reports/show-report.ts'
import type { Money } from '#shared/money/money.ts'
import { reportShapes } from '#shared/vocabulary/reports.ts'
import type { Core } from '../core.ts'

/** What the reports ask of billing. */
export interface BillingForReports {
  readonly calendar: Calendar, readonly zone: string, readonly computeTax: ComputeTax
  readonly foreseeRenewals: (until: Date) => AsyncIterable<Omit<ForeseenRenewal, 'net'> & { readonly price: Money }>
}

function wordsOf({ reports }: typeof id): ReportWords {
  const texts = (group: Record<string, string>, name: string) => group[name] ?? name
  const method = (label: string) => {
    const [gateway = '', way = ''] = label.split(':')
    return [texts(reports.gateway, gateway || 'none'), texts(reports.method, way || 'none')].join(' · ')
  }
  return {
    title: report => reports.name[report], row: report => reports.row[reportShapes[report].row], column: (report, column) => texts(reports.columns[report], column), detail: name => reports.detail[name],
    rowLabel: (report, label) => reportShapes[report].row === 'method' ? method(label) : label,
  }
}

/** Reports read through statements of their own, outside any transaction: a page may be a moment younger than the one before. */
export function composeReports(core: Core, billing: BillingForReports) {
  const foreseeRenewals = async function* (until: Date): AsyncGenerator<ForeseenRenewal> {
    for await (const { price, ...renewal } of billing.foreseeRenewals(until)) yield { ...renewal, net: price.amount }
  }
  const deps = { reports: reportsOf(core.database.executor, billing.zone), clock: core.clock, calendar: billing.calendar, zone: billing.zone, computeTax: billing.computeTax, foreseeRenewals }
  return { showReport: showReport(deps), listReportRows: listReportRows(deps), exportReport: exportReport({ ...deps, words: { id: wordsOf(id), en: wordsOf(en) }, writers: { csv: csvWriter, xlsx: xlsxWriter } }) }
}
