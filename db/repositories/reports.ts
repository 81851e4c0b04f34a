import type { Reports } from '#server/reports/ports.ts'
import type { Executor } from '../client.ts'
import { clientReports } from './report-clients.ts'
import { growthReports } from './report-growth.ts'
import { journalReports } from './report-journal.ts'
import { revenueReports } from './report-revenue.ts'
import { salesReports } from './report-sales.ts'

/** The reports in a business zone: they read tables of every module that deals with money, and change none. */
export const reportsOf = (db: Executor, zone: string): Reports => ({ ...journalReports(db), ...revenueReports(db, zone), ...clientReports(db, zone), ...growthReports(db), ...salesReports(db) })
