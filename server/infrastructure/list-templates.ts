import type { PageRequest } from '../kernel/ports.ts'
import type { TemplateStore } from './ports.ts'

/** Synchronised templates, vanished ones included. */
export const listTemplates = ({ remoteTemplates }: { readonly remoteTemplates: TemplateStore }) => async (filter: PageRequest & { readonly q?: string | undefined }) => {
  const page = await remoteTemplates.list(filter)
  return { ...page, items: page.items.map(template => ({ ...template, seenAt: template.seenAt.toISOString() })) }
}
