import type { showSession } from '#shared/contracts/auth.ts'

const route_ = { method: 'GET', path: '/api/auth/session', access: 'public' } as unknown as typeof showSession

/** Who is signed in, asked by the browser after the page is there: public pages are the same for everybody. Null until known, and for visitors. */
export function useVisitor() {
  const api = useApi()
  const visitor = useState<ApiResult<typeof showSession>['user']>('visitor', () => null)
  onMounted(async () => {
    visitor.value = (await api(route_).catch(() => ({ user: null }))).user
  })
  return visitor
}
