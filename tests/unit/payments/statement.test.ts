import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numbered } from '#server/payments/import-statement.ts'
import { readStatement } from '#server/payments/read-statement.ts'
import { readAmount } from '#server/payments/statement-values.ts'

const short = (text: string) => readStatement(text).movements.map(({ line, bookedOn, amount, description }) => [line, bookedOn, amount, description])

describe('reading a bank statement', () => {
  it('BCA: heading below a preamble, year from the period, CR and DB in the cell or beside it, quotes and apostrophes', () => {
    const text = (heading: string, rows: string[]) => ['Informasi Rekening - Mutasi Rekening', 'No. rekening : 1234567890', 'Nama : PT CONTOH', 'Periode : 25/12/2026 - 05/01/2027', 'Kode Mata Uang : IDR', '', heading, ...rows, 'Saldo Awal,:,"1,000,000.00"', 'Mutasi Kredit,:,"250,123.00",1', 'Saldo Akhir,:,"1,250,123.00"'].join('\r\n')
    const expected = [[8, '2026-12-30', 250_123n, 'TRSF E-BANKING CR 3012 INV-2026-000001 SARI'], [9, '2027-01-02', -15_000n, 'BIAYA ADM']]
    const inCell = text('Tanggal Transaksi,Keterangan,Cabang,Jumlah,Saldo', [`'30/12,"TRSF E-BANKING CR 3012 INV-2026-000001 SARI",'0000,"250,123.00 CR","1,250,123.00"`, `'02/01,BIAYA ADM,'0000,"15,000.00 DB","1,235,123.00"`])
    expect(short(inCell)).toEqual(expected)
    expect(readStatement(inCell)).toMatchObject({ format: { bank: 'BCA' }, accounts: ['1234567890'], problems: [] })
    expect(short(text('Tanggal Transaksi,Keterangan,Cabang,Jumlah,,Saldo', [`'30/12,'TRSF E-BANKING CR 3012 INV-2026-000001 SARI,'0000,"250,123.00",CR,"1,250,123.00"`, `'02/01,'BIAYA ADM,'0000,15000.00,DB,1235123.00`]))).toEqual(expected)
  })

  it('Mandiri, BNI and BRI, each in the layouts of its channels', () => {
    expect(short('Account No,Date,Val. Date,Transaction Code,Description,Description,Reference No.,Debit,Credit\n0060003911777,01/11/26,01/11/26,6902,"DR 1 KR 2 ","SARI DEWI",,".00","453,684.00"')).toEqual([[2, '2026-11-01', 453_684n, 'DR 1 KR 2 · SARI DEWI']])
    expect(short('AccountNo;Ccy;PostDate;Remarks;AdditionalDesc;Credit Amount;Debit Amount;Close Balance\n1060055988896;IDR;03 August 2026 11:27:10;GAJI;KE EKA;0.00;750000.00;13838932.64')).toEqual([[2, '2026-08-03', -750_000n, 'GAJI · KE EKA']])
    expect(short('Post Date,Value Date,Branch,Journal No.,Description,Debit,Credit\n01/11/26 10.00.00,01/11/26,001,ABC001,SETORAN TUNAI,,300000')).toEqual([[2, '2026-11-01', 300_000n, 'SETORAN TUNAI · ABC001']])
    expect(short('Tanggal Transaksi;Uraian Transaksi;Tipe;Nominal;Saldo\n01/11/2026;TRANSFER DARI SARI;Cr;300,000.00;1,300,000.00')).toEqual([[2, '2026-11-01', 300_000n, 'TRANSFER DARI SARI']])
    expect(short('ID,NOREK,TGL_TRAN,TGL_EFEKTIF,JAM_TRAN,SEQ,DESK_TRAN,SALDO_AWAL_MUTASI,MUTASI_DEBET,MUTASI_KREDIT,SALDO_AKHIR_MUTASI,GLSIGN\n1,012301001234567,2026-11-01 08:00:00.0,2026-11-01,080000,1,NBMB SARI TO CONTOH,500000.00,.00,200000.00,700000.00,C')).toEqual([[2, '2026-11-01', 200_000n, 'NBMB SARI TO CONTOH']])
    expect(short('Tanggal;Uraian Transaksi;Debet;Kredit;Saldo\n01/11/26;Transfer;0,00;1.250.000,00;2.500.000,55')).toEqual([[2, '2026-11-01', 1_250_000n, 'Transfer']])
  })

  it('a row that cannot be read is told with its line and reason, the others are read', () => {
    const rows = ['99/11/2026;no such day;0,00;1.000,00;1', '01/11/2026;cents;0,00;1.000,50;1', '01/11/2026;no number;0,00;x;1', '01/11/2026;nothing;0,00;0,00;1', '01/11/2026;both;1,00;1,00;1', '01/11/2026;short', '01/11/2026;good;0,00;5.000,00;1', '01/11/2026;thousands where cents stand;0,00;1,000.00;1']
    const { movements, problems } = readStatement(['Tanggal;Uraian Transaksi;Debet;Kredit;Saldo', ...rows].join('\n'))
    expect(problems.map(({ line, reason }) => [line, reason])).toEqual([[2, 'date'], [3, 'fraction'], [4, 'amount'], [5, 'no_amount'], [6, 'mark'], [7, 'columns'], [9, 'amount']])
    expect(movements.map(row => row.line)).toEqual([8])
  })

  it('BCA rows that are still pending or whose year nothing says are problems, not guesses', () => {
    const { problems } = readStatement('Tanggal Transaksi,Keterangan,Cabang,Jumlah,Saldo\nPEND,BIAYA,0000,"1,000.00 DB",\n\'01/11,TRSF,0000,"1,000.00 CR",')
    expect(problems.map(one => one.reason)).toEqual(['pending', 'no_year'])
  })

  it('refuses what no bank writes, and more than twenty thousand rows', () => {
    expect(() => readStatement('a,b,c\n1,2,3')).toThrow('statement_unknown')
    const heading = 'Tanggal;Uraian Transaksi;Debet;Kredit;Saldo\n'
    expect(() => readStatement(heading + '01/11/26;x;0,00;1,00;1\n'.repeat(20_001))).toThrow('statement_too_long')
    expect(readStatement(heading + '01/11/26;x;0,00;1,00;1\n'.repeat(20_000)).movements).toHaveLength(20_000)
  })

  it('an amount is read back as it was written, in both ways of grouping thousands', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 14n }), fc.constantFrom('.', ',') as fc.Arbitrary<'.' | ','>, fc.boolean(), fc.boolean(), (amount, decimal, grouped, cents) => {
      const digits = grouped ? amount.toString().replace(/\B(?=(\d{3})+$)/g, decimal === '.' ? ',' : '.') : amount.toString()
      expect(readAmount(`${digits}${cents ? `${decimal}00` : ''}`, decimal)).toBe(amount)
    }))
  })

  it('statements that overlap by whole days name equal movements alike, however many of them a day has', () => {
    const movement = fc.record({ line: fc.nat(), bookedOn: fc.constantFrom('2026-11-01', '2026-11-02'), amount: fc.constantFrom(1_000n, 2_000n), description: fc.constantFrom('a', 'b'), balance: fc.constant('') })
    fc.assert(fc.property(fc.array(movement, { maxLength: 30 }), (movements) => {
      const names = (rows: typeof movements) => numbered(rows, text => text).map(row => row.fingerprint)
      const all = names(movements)
      expect(new Set(all).size).toBe(movements.length)
      expect(all).toEqual(expect.arrayContaining(names(movements.filter(row => row.bookedOn === '2026-11-02'))))
    }))
  })
})
