import { AppError } from '#shared/errors/codes.ts'
import { hintPayment } from './move-payment.ts'
import { isOpen } from './payment-lifecycle.ts'
import type { Proof } from './transfer-ports.ts'
import type { TransferDeps } from './transfer-deps.ts'
import { extensions, mediaTypes, mostProofs, sniffProof, transferExpiry } from './transfer.ts'

interface Place { readonly clientId: string, readonly invoiceId: string, readonly paymentId: string }

/**
 * Keeps a proof of a transfer: what the file is, its content says. From the first one on the attempt counts as a payment under way, and
 * it stays open three days more. @throws AppError not_found, invoice_not_payable (the attempt is closed), file_refused, files_too_many
 */
export const addProof = (deps: TransferDeps) => async ({ content, ...place }: Place & { readonly content: Uint8Array }): Promise<void> => {
  const kind = sniffProof(content)
  if (!kind) throw new AppError('file_refused')
  await deps.transact(async (stores) => {
    const payment = await stores.payments.lock(place.paymentId)
    if (!payment || payment.clientId !== place.clientId || payment.invoiceId !== place.invoiceId || payment.method !== 'transfer') throw new AppError('not_found')
    if (!isOpen(payment.status)) throw new AppError('invoice_not_payable')
    const proofs = await stores.proofs.listOf(payment.id)
    if (proofs.length >= mostProofs) throw new AppError('files_too_many', { params: { limit: mostProofs } })
    const at = deps.clock.now()
    await stores.proofs.insert({ id: deps.newId(), paymentId: payment.id, kind, size: content.length, uploadedAt: at, content })
    if (proofs.length === 0) {
      await stores.transfers.setProofAt(payment.id, at)
      await stores.payments.setStatus(payment.id, { status: payment.status, expiresAt: transferExpiry(at) })
    }
    hintPayment(stores, payment)
  })
}

/** A proof as a file to be saved: its name says nothing but its id. `owner`: who may have it; null for Finance. @throws AppError not_found */
export const openProof = (deps: TransferDeps) => async ({ proofId, owner }: { readonly proofId: string, readonly owner: Place | null }): Promise<{ name: string, type: string, content: Uint8Array }> => {
  const proof = await deps.read.proofs.content(proofId)
  const payment = proof && await deps.read.payments.find(proof.paymentId)
  const theirs = owner === null || (payment?.clientId === owner.clientId && payment.invoiceId === owner.invoiceId && payment.id === owner.paymentId)
  if (!proof || !payment || !theirs) throw new AppError('not_found')
  return { name: `${proof.id}.${extensions[proof.kind]}`, type: mediaTypes[proof.kind], content: proof.content }
}

export const toProofView = ({ id, kind, size, uploadedAt }: Proof) => ({ id, kind, size, uploadedAt: uploadedAt.toISOString() })
