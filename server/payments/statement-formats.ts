import type { BankName } from '#shared/vocabulary/transfers.ts'

export type DateShape = 'day/month/year' | 'day/month' | 'year-month-day' | 'day month-name year'

/**
 * How one bank writes its statement. Columns are found by their names in the heading row (small letters, without punctuation), whatever
 * stands above it. A new layout of a bank is one more row here.
 */
export interface StatementFormat {
  readonly id: string
  readonly bank: BankName
  readonly delimiters: readonly string[]
  readonly columns: {
    readonly date: string
    /** All of them that are filled, in this order, make the description. */
    readonly text: readonly string[]
    readonly balance?: string
    /** The number of the account, where each row names it. */
    readonly account?: string
    readonly currency?: string
  }
  /** Either two columns, or one amount whose side (CR, DB) stands in the column `mark`; without one behind the amount or in the cell after it. */
  readonly sides: { readonly credit: string, readonly debit: string } | { readonly amount: string, readonly mark?: string }
  readonly dates: readonly DateShape[]
  /** What stands before the cents; the other of the two groups thousands. */
  readonly decimal: '.' | ','
  /** The number of the account and the period, where they stand above the heading. */
  readonly preamble?: { readonly account: RegExp, readonly period: RegExp }
}

const bcaPreamble = { account: /rekening\W*([\d-]{6,})/i, period: /periode\D*(\d{1,2}\/\d{1,2}\/\d{4})\D+(\d{1,2}\/\d{1,2}\/\d{4})/i }

export const statementFormats: readonly StatementFormat[] = [
  // KlikBCA: `'01/11,'TRSF E-BANKING CR …,'0000,"250,123.00 CR","1,250,123.00"`; the year stands in the period only.
  { id: 'bca', bank: 'BCA', delimiters: [',', ';'], columns: { date: 'tanggal transaksi', text: ['keterangan'], balance: 'saldo' }, sides: { amount: 'jumlah' }, dates: ['day/month/year', 'day/month'], decimal: '.', preamble: bcaPreamble },
  { id: 'bca-klik', bank: 'BCA', delimiters: [',', ';'], columns: { date: 'tanggal', text: ['keterangan'], balance: 'saldo' }, sides: { amount: 'jumlah' }, dates: ['day/month/year', 'day/month'], decimal: '.', preamble: bcaPreamble },
  // Mandiri Cash Management and Kopra.
  { id: 'mandiri-mcm', bank: 'Mandiri', delimiters: [',', ';'], columns: { date: 'date', text: ['description', 'reference no'], account: 'account no' }, sides: { credit: 'credit', debit: 'debit' }, dates: ['day/month/year'], decimal: '.' },
  { id: 'mandiri-kopra', bank: 'Mandiri', delimiters: [';', ','], columns: { date: 'postdate', text: ['remarks', 'additionaldesc'], balance: 'close balance', account: 'accountno', currency: 'ccy' }, sides: { credit: 'credit amount', debit: 'debit amount' }, dates: ['day month-name year', 'day/month/year'], decimal: '.' },
  // BNIDirect and the internet banking for persons.
  { id: 'bni-direct', bank: 'BNI', delimiters: [',', ';'], columns: { date: 'post date', text: ['description', 'journal no'], balance: 'balance' }, sides: { credit: 'credit', debit: 'debit' }, dates: ['day/month/year'], decimal: '.' },
  { id: 'bni', bank: 'BNI', delimiters: [';', ','], columns: { date: 'tanggal transaksi', text: ['uraian transaksi'], balance: 'saldo' }, sides: { amount: 'nominal', mark: 'tipe' }, dates: ['day/month/year', 'day month-name year'], decimal: '.' },
  // BRI Cash Management (two generations) and internet banking.
  { id: 'bri-cms', bank: 'BRI', delimiters: [',', ';'], columns: { date: 'tgl tran', text: ['desk tran', 'trremk', 'remark custom'], balance: 'saldo akhir mutasi', account: 'norek' }, sides: { credit: 'mutasi kredit', debit: 'mutasi debet' }, dates: ['year-month-day', 'day/month/year'], decimal: '.' },
  { id: 'bri-qlola', bank: 'BRI', delimiters: [',', ';'], columns: { date: 'tgl transaksi', text: ['deskripsi', 'remark custom'], balance: 'saldo akhir', account: 'no rekening' }, sides: { credit: 'kredit', debit: 'debet' }, dates: ['year-month-day', 'day/month/year'], decimal: '.' },
  { id: 'bri-ib', bank: 'BRI', delimiters: [';', ','], columns: { date: 'tanggal', text: ['uraian transaksi'], balance: 'saldo' }, sides: { credit: 'kredit', debit: 'debet' }, dates: ['day/month/year'], decimal: ',' },
]

/** A cell of the heading as it is compared: `Val. Date` → `val date`, `TGL_TRAN` → `tgl tran`. */
export const headingName = (cell: string): string => cell.toLowerCase().replace(/[^a-z0-9]+/g, ' ').trim()
/** Rows under the movements that repeat sums; they are no movements. */
export const summaryRow = /^(saldo (awal|akhir)|mutasi (debet|kredit|debit)|total|jumlah mutasi|(transaksi|transaction) (debit|credit|debet|kredit))\b|^(kredit|debet)$/i
