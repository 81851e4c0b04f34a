import type { z } from 'zod'
import type { bankStatementView, statementPreviewView } from '#shared/contracts/transfers.ts'
import { AppError } from '#shared/errors/codes.ts'
import { money, toMoneyJson } from '#shared/money/money.ts'
import { actorLabel } from '../kernel/ports.ts'
import type { Actor, PageRequest } from '../kernel/ports.ts'
import { readStatement } from './read-statement.ts'
import type { Movement, Statement } from './read-statement.ts'
import type { BankAccount, BankStatement } from './transfer-ports.ts'
import type { TransferDeps } from './transfer-deps.ts'

interface Upload { readonly accountId: string, readonly name: string, readonly content: Uint8Array }
interface Numbered extends Movement { readonly fingerprint: string }
const [shownProblems, shownRows, piece] = [200, 20, 500]

/**
 * What makes a movement the same in two statements: day, amount, texts and balance, and its running number among those that are equal in
 * all of these. Statements that overlap by whole days name it alike.
 */
export function numbered(movements: readonly Movement[], digest: (text: string) => string): Numbered[] {
  const seen = new Map<string, number>()
  return movements.map((movement) => {
    const facts = JSON.stringify([movement.bookedOn, movement.amount.toString(), movement.description, movement.balance])
    const number = (seen.get(facts) ?? 0) + 1
    seen.set(facts, number)
    return { ...movement, fingerprint: digest(`${facts}#${number}`) }
  })
}

async function read(deps: TransferDeps, { accountId, content }: Upload): Promise<{ account: BankAccount, statement: Statement, rows: Numbered[], known: Set<string> }> {
  const account = await deps.read.bankAccounts.find(accountId)
  if (!account) throw new AppError('not_found')
  const statement = readStatement(deps.decode(content))
  const foreign = statement.accounts.find(number => !sameAccount(number, account.number))
  if (foreign !== undefined) throw new AppError('statement_other_account', { params: { number: foreign } })
  const rows = numbered(statement.movements, deps.digest)
  const known = new Set<string>()
  for (let i = 0; i < rows.length; i += piece) for (const one of await deps.read.bankLines.known(accountId, rows.slice(i, i + piece).map(row => row.fingerprint))) known.add(one)
  return { account, statement, rows, known }
}
/** Banks write the number with leading zeros, or not. */
const sameAccount = (a: string, b: string) => a.replace(/^0+/, '') === b.replace(/^0+/, '')
const sumOf = (amounts: readonly bigint[]) => toMoneyJson(money(amounts.reduce((sum, amount) => sum + amount, 0n)))

/** What an import would do; nothing is written. @throws AppError not_found, statement_unknown, statement_other_account, statement_too_long */
export const previewStatement = (deps: TransferDeps) => async (upload: Upload): Promise<z.input<typeof statementPreviewView>> => {
  const { statement: { format, problems }, rows, known } = await read(deps, upload)
  const amounts = rows.map(row => row.amount)
  const days = rows.map(row => row.bookedOn).sort()
  return {
    format: format.id, bank: format.bank, rows: rows.length, added: rows.filter(row => !known.has(row.fingerprint)).length, incoming: sumOf(amounts.filter(amount => amount > 0n)), outgoing: sumOf(amounts.filter(amount => amount < 0n)), from: days[0] ?? null, until: days.at(-1) ?? null,
    problems: problems.slice(0, shownProblems), problemCount: problems.length,
    sample: rows.slice(0, shownRows).map(row => ({ line: row.line, bookedOn: row.bookedOn, description: row.description, amount: toMoneyJson(money(row.amount)), known: known.has(row.fingerprint) })),
  }
}

/**
 * Imports a statement in one transaction: all of what is new, or nothing. What the account has already is not added again, also when two
 * import at once. Rows that could not be read are kept with the statement. @throws as `previewStatement`
 */
export const importStatement = (deps: TransferDeps) => async ({ actor, ...upload }: Upload & { readonly actor: Actor }): Promise<z.input<typeof bankStatementView>> => {
  const { account, statement, rows, known } = await read(deps, upload)
  const lines = rows.filter(row => !known.has(row.fingerprint)).map(({ line, bookedOn, amount, description, fingerprint }) => ({ id: deps.newId(), line, bookedOn, amount: money(amount), description, fingerprint, status: amount > 0n ? 'open' as const : 'outgoing' as const }))
  const id = deps.newId()
  const kept: BankStatement = { id, accountId: account.id, name: upload.name, format: statement.format.id, importedAt: deps.clock.now(), importedBy: actorLabel(actor), rows: rows.length, added: 0, problems: statement.problems }
  const added = await deps.transact(async (stores) => {
    await stores.bankLines.insertStatement(kept)
    let count = 0
    for (let i = 0; i < lines.length; i += piece) count += await stores.bankLines.addLines({ accountId: account.id, statementId: id, lines: lines.slice(i, i + piece) })
    await stores.bankLines.setAdded(id, count)
    await stores.audit.record({ actor, action: 'bank.statement', entity: 'bank_statement', entityId: id, after: { account: account.number, name: upload.name, rows: rows.length, added: count, problems: statement.problems.length } })
    stores.live.publish({ audience: 'staff', name: 'payment', id })
    return count
  })
  return toStatementView({ ...kept, added, accountLabel: `${account.bank} ${account.number}` })
}

const toStatementView = ({ importedAt, problems, ...statement }: BankStatement & { readonly accountLabel: string }): z.input<typeof bankStatementView> => ({ ...statement, importedAt: importedAt.toISOString(), problems: problems.slice(0, shownProblems), problemCount: problems.length })

export const listStatements = (deps: TransferDeps) => async (page: PageRequest) => {
  const found = await deps.read.bankLines.listStatements(page)
  return { ...found, items: found.items.map(toStatementView) }
}
