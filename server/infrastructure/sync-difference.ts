/** What one offer (a template, a package) is called and consists of; a field that is null has no limit or is not told. */
export type OfferFields = Readonly<Record<string, string | number | null>>
export interface KnownOffer { readonly id: string, readonly key: string, readonly name: string, readonly fields: OfferFields }
export interface SeenOffer { readonly key: string, readonly name: string, readonly fields: OfferFields }
export interface ChangedField { field: string, from: string | number | null, to: string | number | null }

export interface Difference {
  /** Keys of what was not known, or known as vanished. */
  readonly added: readonly SeenOffer[]
  readonly changed: readonly { readonly name: string, readonly key: string, readonly fields: readonly ChangedField[] }[]
  readonly vanished: readonly KnownOffer[]
  /** Not told, and not to be told from what cannot be reached now: they stay as they were. */
  readonly unsure: readonly KnownOffer[]
  readonly unchanged: number
}

/**
 * What is different between what is known as present and what a connection offers now. Pure. `unreachable`: whether what is not told of this one
 * means nothing, because the place where it lies does not answer.
 */
export function compareOffers(known: readonly KnownOffer[], offered: readonly SeenOffer[], unreachable: (offer: KnownOffer) => boolean): Difference {
  const before = new Map(known.map(offer => [offer.key, offer]))
  const now = new Set(offered.map(offer => offer.key))
  const missing = known.filter(offer => !now.has(offer.key))
  const changed = offered.flatMap(({ key, name, fields }) => {
    const old = before.get(key)
    const different = old ? Object.entries(fields).flatMap(([field, to]) => (old.fields[field] ?? null) === to ? [] : [{ field, from: old.fields[field] ?? null, to }]) : []
    return different.length > 0 ? [{ key, name, fields: different }] : []
  })
  const added = offered.filter(({ key }) => !before.has(key))
  return { added, changed, vanished: missing.filter(offer => !unreachable(offer)), unsure: missing.filter(unreachable), unchanged: offered.length - added.length - changed.length }
}

/** Two differences with the same text are the same, in whatever order they were told: what staff agreed to is what is applied. */
export function differenceText({ added, changed, vanished }: Difference): string {
  const sorted = (offers: readonly { readonly key: string, readonly fields?: unknown }[]) => offers.map(({ key, fields }) => JSON.stringify([key, fields])).sort()
  return JSON.stringify([sorted(added), sorted(changed), vanished.map(({ key }) => key).sort()])
}
