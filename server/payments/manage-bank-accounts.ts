import type { z } from 'zod'
import type { bankAccountBody, bankAccountView, pendingTransferView } from '#shared/contracts/transfers.ts'
import { AppError } from '#shared/errors/codes.ts'
import { toMoneyJson } from '#shared/money/money.ts'
import type { Actor, PageRequest } from '../kernel/ports.ts'
import { toProofView } from './add-proof.ts'
import type { TransferDeps } from './transfer-deps.ts'

type Body = z.output<typeof bankAccountBody>
type View = z.input<typeof bankAccountView>

/** Every bank account of the house, in the order in which clients see them. */
export const listBankAccounts = (deps: TransferDeps) => async (): Promise<{ items: View[] }> => ({ items: await deps.read.bankAccounts.list() })

/** Adds an account, or changes one (`id`). What was imported for it stays. @throws AppError not_found, bank_account_taken */
export const saveBankAccount = (deps: TransferDeps) => async ({ id: known, actor, ...body }: Body & { readonly id: string | null, readonly actor: Actor }): Promise<View> => {
  const id = known ?? deps.newId()
  await deps.transact(async (stores) => {
    const before = known === null ? undefined : await stores.bankAccounts.find(known)
    if (before === null) throw new AppError('not_found')
    if (before === undefined) await stores.bankAccounts.insert({ id, ...body, createdAt: deps.clock.now() })
    else await stores.bankAccounts.update({ id, ...body })
    await stores.audit.record({ actor, action: before === undefined ? 'bank_account.create' : 'bank_account.update', entity: 'bank_account', entityId: id, ...(before === undefined ? {} : { before }), after: body })
  })
  const saved = (await deps.read.bankAccounts.list()).find(account => account.id === id)
  if (!saved) throw new AppError('not_found')
  return saved
}

/** Open transfers with their proofs, for Finance. */
export const listOpenTransfers = (deps: TransferDeps) => async (page: PageRequest) => {
  const found = await deps.read.transfers.listOpen(page)
  return { ...found, items: found.items.map(({ proofs, createdAt, expiresAt, amount, base, ...rest }): z.input<typeof pendingTransferView> => ({ ...rest, amount: toMoneyJson(amount), base: toMoneyJson(base), createdAt: createdAt.toISOString(), expiresAt: expiresAt?.toISOString() ?? null, proofs: proofs.map(toProofView) })) }
}
