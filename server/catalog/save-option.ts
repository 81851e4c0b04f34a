import { AppError, fieldError } from '#shared/errors/codes.ts'
import { mostOptions } from '#shared/vocabulary/catalog.ts'
import type { ProductKind } from '#shared/vocabulary/catalog.ts'
import { checkOnce } from './product.ts'
import type { Actor, Clock, NewId, Transact } from '../kernel/ports.ts'
import { toAdminProductView } from './catalog-view.ts'
import type { AdminProductView } from './catalog-view.ts'
import type { CatalogStores, CatalogueChanged, OptionFields, OptionPrice, OptionRecord } from './ports.ts'

interface Deps { readonly transact: Transact<CatalogStores>, readonly clock: Clock, readonly newId: NewId, readonly catalogueChanged: CatalogueChanged }
interface SaveInput { readonly actor: Actor, readonly productId: string, /** Null: a new one. */ readonly optionId: string | null, readonly fields: OptionFields }

/** @throws AppError invalid_input: bounds that no step reaches, a choice without choices or with one key twice */
function checkOption(fields: OptionFields, before: OptionRecord | undefined): void {
  if (before && (before.key !== fields.key || before.kind !== fields.kind)) throw fieldError(before.key !== fields.key ? 'key' : 'kind', 'option_fixed')
  if (fields.kind === 'number' && fields.max < fields.min) throw fieldError('max', 'option_bounds')
  if (fields.kind === 'number' && (fields.max - fields.min) % fields.step !== 0) throw fieldError('step', 'option_step')
  if (fields.kind === 'choice' && !fields.choices.some(choice => choice.active)) throw fieldError('choices', 'option_needs_choices')
  if (new Set(fields.choices.map(choice => choice.key)).size < fields.choices.length) throw fieldError('choices', 'option_choice_twice')
}

/** Options make machines larger; an account is what its package says. @throws AppError invalid_input */
function checkEffect(kind: ProductKind, { effect, choices }: OptionFields): void {
  if (kind === 'hosting' && (effect !== 'none' || choices.some(choice => choice.effectAmount !== 0))) throw fieldError('effect', 'option_machines_only')
}

/**
 * Adds an option to a product or changes it; `active: false` retires it. What was sold keeps what was agreed. Its key and kind never change,
 * choices are retired and never taken away. @throws AppError not_found, invalid_input
 */
export const saveOption = ({ transact, clock, newId, catalogueChanged }: Deps) => async ({ actor, productId, optionId, fields }: SaveInput): Promise<AdminProductView> => {
  const view = await transact(async (stores) => {
    const now = clock.now()
    const product = await stores.products.lock(productId)
    const existing = (await stores.options.of([productId], now)).get(productId) ?? []
    const before = existing.find(option => option.id === optionId)
    if (!product || (optionId !== null && !before)) throw new AppError('not_found')
    if (optionId === null && existing.length >= mostOptions) throw fieldError('key', 'too_many_kept')
    if (existing.some(option => option.id !== optionId && option.key === fields.key)) throw fieldError('key', 'option_key_taken')
    checkOption(fields, before)
    checkEffect(product.kind, fields)
    const kept = (before?.choices ?? []).filter(choice => !fields.choices.some(({ key }) => key === choice.key)).map(choice => ({ ...choice, active: false }))
    const choices = fields.kind === 'choice' ? [...fields.choices, ...kept] : []
    await stores.options.save(productId, optionId ?? newId(), { ...fields, choices }, now)
    await stores.audit.record({ actor, action: optionId ? 'product.change-option' : 'product.add-option', entity: 'product', entityId: productId, ...(before ? { before: { key: before.key, label: before.label, active: before.active } } : {}), after: { ...fields } })
    return toAdminProductView(product, now, (await stores.options.of([productId], now)).get(productId))
  })
  await catalogueChanged()
  return view
}

interface PriceInput extends OptionPrice { readonly actor: Actor, readonly productId: string, readonly optionId: string, readonly choiceId: string | null }

/** Sets the price of an option (per unit) or of one of its choices in a cycle, from now on; earlier prices stay as history. @throws AppError not_found, invalid_input */
export const setOptionPrice = ({ transact, clock, newId, catalogueChanged }: Deps) => async ({ actor, productId, optionId, choiceId, cycle, price, setup }: PriceInput): Promise<AdminProductView> => {
  if (price.currency !== setup.currency) throw fieldError('setup.currency', 'currency_differs')
  const problem = checkOnce({ cycle, setup })
  if (problem) throw new AppError('invalid_input', { fields: [problem] })
  const view = await transact(async (stores) => {
    const now = clock.now()
    const product = await stores.products.lock(productId)
    const option = (await stores.options.of([productId], now)).get(productId)?.find(candidate => candidate.id === optionId)
    if (!product || !option) throw new AppError('not_found')
    if (option.kind === 'choice' ? !option.choices.some(choice => choice.id === choiceId) : choiceId !== null) throw fieldError('choiceId', 'option_which_choice')
    await stores.options.addPrice({ id: newId(), optionId, choiceId, cycle, price, setup, effectiveFrom: now, createdBy: actor.kind === 'user' ? actor.id : null, at: now })
    await stores.audit.record({ actor, action: 'product.set-option-price', entity: 'product', entityId: productId, after: { option: option.key, choiceId, cycle, price: price.amount.toString(), setup: setup.amount.toString() } })
    return toAdminProductView(product, now, (await stores.options.of([productId], now)).get(productId))
  })
  await catalogueChanged()
  return view
}
