import { identitiesOf } from '#shared/vocabulary/machines.ts'
import type { OfferFilter } from './panel-ports.ts'
import type { TemplateStore } from './ports.ts'

/** Synchronised templates, vanished ones included. */
export const listTemplates = ({ remoteTemplates }: { readonly remoteTemplates: TemplateStore }) => async (filter: OfferFilter) => {
  const page = await remoteTemplates.list(filter)
  return { ...page, items: page.items.map(template => ({ ...template, identities: [...identitiesOf(template.connectionKind)], products: [...template.products], seenAt: template.seenAt.toISOString() })) }
}
