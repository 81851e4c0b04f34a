import type { z } from 'zod'
import type { transferView, waysView } from '#shared/contracts/transfers.ts'
import { AppError } from '#shared/errors/codes.ts'
import { min, money, toMoneyJson } from '#shared/money/money.ts'
import { toProofView } from './add-proof.ts'
import { isOpen } from './payment-lifecycle.ts'
import type { Payment } from './ports.ts'
import type { TransferDeps } from './transfer-deps.ts'
import { mostProofs } from './transfer.ts'

export type TransferView = z.input<typeof transferView>

/** An open transfer as its buyer needs it: amount with its code, accounts to pay into, proofs. @throws AppError not_found when it is none */
export const viewTransfer = (deps: TransferDeps) => async (payment: Payment): Promise<TransferView> => {
  const transfer = await deps.read.transfers.find(payment.id)
  if (!transfer) throw new AppError('not_found')
  const accounts = await deps.read.bankAccounts.listActive()
  const proofs = await deps.read.proofs.listOf(payment.id)
  return {
    paymentId: payment.id, base: toMoneyJson(transfer.base), code: transfer.code, amount: toMoneyJson(payment.amount), expiresAt: payment.expiresAt?.toISOString() ?? null,
    accounts: accounts.map(({ bank, number, holder }) => ({ bank, number, holder })), proofs: proofs.map(toProofView), proofsLeft: Math.max(0, mostProofs - proofs.length),
  }
}

/** Ways to pay an invoice without a gateway, as its owner sees them. @throws AppError not_found */
export const showWays = (deps: TransferDeps) => async ({ invoiceId, clientId }: { readonly invoiceId: string, readonly clientId: string }): Promise<z.input<typeof waysView>> => {
  const state = await deps.depositState({ invoiceId, clientId })
  if (!state) throw new AppError('not_found')
  const none = { credit: toMoneyJson(money(0n)), transfer: false, attempt: null, deposit: state.deposit, canCancel: state.canCancel }
  if (!state.payable) return none
  const live = await deps.read.payments.findLive(invoiceId)
  const attempt = live?.method === 'transfer' && isOpen(live.status) ? await viewTransfer(deps)(live) : null
  const credit = state.deposit ? 0n : await deps.creditOf(clientId)
  return { ...none, credit: toMoneyJson(min(money(credit > 0n ? credit : 0n), state.outstanding)), transfer: (await deps.read.bankAccounts.listActive()).length > 0, attempt }
}
