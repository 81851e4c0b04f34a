import { createHash, randomInt } from 'node:crypto'
import type { Core } from '../core.ts'
import type { ApplyCredit, BookManualPayment, CreditClient, TakeCreditBack } from '#server/billing/ports.ts'
import { addProof, openProof } from '#server/payments/add-proof.ts'
import { confirmExact, decideBankLine } from '#server/payments/decide-bank-line.ts'
import type { PaymentDeps } from '#server/payments/deps.ts'
import { importStatement, listStatements, previewStatement } from '#server/payments/import-statement.ts'
import { lapseTransfers } from '#server/payments/lapse-transfers.ts'
import { listBankLines } from '#server/payments/list-bank-lines.ts'
import { listBankAccounts, listOpenTransfers, saveBankAccount } from '#server/payments/manage-bank-accounts.ts'
import { payWithCredit } from '#server/payments/pay-with-credit.ts'
import { showWays, viewTransfer } from '#server/payments/show-ways.ts'
import { startTransfer } from '#server/payments/start-transfer.ts'
import type { TransferDeps } from '#server/payments/transfer-deps.ts'

/** What paying without a gateway needs of billing. */
export interface TransfersNeed {
  readonly calendar: TransferDeps['calendar'], readonly bookManualPayment: BookManualPayment, readonly creditClient: CreditClient, readonly takeCreditBack: TakeCreditBack, readonly applyCredit: ApplyCredit, readonly depositState: TransferDeps['depositState']
}

/** Banks write UTF-8 or, of old, Windows-1252. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

/** Bank transfers, statements and paying from credit: the part of payments that stands at no gateway. */
export function composeTransfers({ read, transact }: Core, payments: PaymentDeps, { calendar, bookManualPayment, creditClient, takeCreditBack, applyCredit, depositState }: TransfersNeed) {
  const deps: TransferDeps = {
    ...payments, transact, read, bookManualPayment, creditClient, takeCreditBack, applyCredit, depositState, calendar, decode,
    creditOf: clientId => read.ledger.credit(clientId), random: below => below > 0 ? randomInt(below) : 0, digest: text => createHash('sha256').update(text).digest('hex'),
  }
  const [start, view] = [startTransfer(deps), viewTransfer(deps)]
  const prove = addProof(deps)
  return {
    showWays: showWays(deps), payWithCredit: payWithCredit(deps), openProof: openProof(deps),
    startTransfer: async (input: Parameters<typeof start>[0]) => view(await start(input)),
    async addProof(input: Parameters<typeof prove>[0]) {
      await prove(input)
      const payment = await read.payments.find(input.paymentId)
      if (!payment) throw new RangeError('a payment with a proof exists')
      return view(payment)
    },
    listBankAccounts: listBankAccounts(deps), saveBankAccount: saveBankAccount(deps), listOpenTransfers: listOpenTransfers(deps),
    previewStatement: previewStatement(deps), importStatement: importStatement(deps), listStatements: listStatements(deps), listBankLines: listBankLines(deps), decideBankLine: decideBankLine(deps), confirmExact: confirmExact(deps),
    lapse: lapseTransfers(deps),
  }
}
