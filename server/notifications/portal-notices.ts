import type { PageRequest } from '../kernel/ports.ts'
import type { Notice, Notices } from './ports.ts'
import { isMailTemplate, writeNotice } from './write-letter.ts'

interface NoticeDeps { readonly notices: Notices, readonly seller: string }
/** More are shown as "99+". */
const countedAtMost = 100

/** Where a mail's link leads on the portal, without the language; null when it leads elsewhere. */
function pathOf(url: string | undefined): string | null {
  const path = (/^https?:\/\/[^/]+(\/[^?#]*)/.exec(url ?? '')?.[1] ?? '').replace(/^\/en(?=\/)/, '')
  return path.startsWith('/portal/') || path === '/portal' ? path : null
}

function view({ id, locale, template, params, createdAt, readAt }: Notice, seller: string) {
  const { title, text } = isMailTemplate(template) ? writeNotice({ locale, template, params }, seller) : { title: template, text: '' }
  return { id, at: createdAt.toISOString(), locale, title, text, path: pathOf(params.url), read: readAt !== null }
}

/** A client's notices, newest first: the very letters that were queued for him, whether or not the mail server took them. */
export const listNotices = ({ notices, seller }: NoticeDeps) => async (query: PageRequest & { readonly userId: string, readonly unread: boolean }) => {
  const page = await notices.list(query)
  return { ...page, items: page.items.map(notice => view(notice, seller)) }
}

/** How many a client has not read, as far as a hundred. */
export const countUnreadNotices = ({ notices }: NoticeDeps) => async (userId: string) => ({ unread: await notices.countUnread(userId, countedAtMost) })

/** Marks one notice of a client as read, or all (null). One that is not his, or is read already, is left as it is. */
export const readNotices = ({ notices }: NoticeDeps) => ({ userId, id }: { readonly userId: string, readonly id: string | null }) => notices.markRead(userId, id)
