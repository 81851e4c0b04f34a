import { z } from 'zod'
import { locales } from '#shared/vocabulary/catalog.ts'
import { contract, idParams, instant, listOf, pageQuery, uuid } from './contract.ts'

const tag = 'portal'
const access = 'client' as const

/** `locale`: the language it was written in; `path`: the page of the portal that it is about. */
export const noticeView = z.object({ id: uuid, at: instant, locale: z.enum(locales), title: z.string(), text: z.string(), path: z.string().nullable(), read: z.boolean() })
export const listNotices = contract({ method: 'GET', path: '/api/portal/notices', access, tag, summary: 'What I was told by mail, newest first', query: pageQuery.extend({ unread: z.stringbool().optional() }), response: listOf(noticeView) })
export const countUnreadNotices = contract({ method: 'GET', path: '/api/portal/notices/unread', access, tag, summary: 'How many notices I have not read, as far as a hundred', response: z.object({ unread: z.number().int() }) })
export const readNotice = contract({ method: 'PUT', path: '/api/portal/notices/{id}/read', access, tag, summary: 'I have read a notice', params: idParams, status: 204 })
export const readAllNotices = contract({ method: 'PUT', path: '/api/portal/notices/read', access, tag, summary: 'I have read all notices', status: 204 })
