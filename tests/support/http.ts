import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp as createH3, createRouter, toNodeListener } from 'h3'
import type { EventHandler, H3Event } from 'h3'
import type { App } from '#server/platform/app.ts'
import { setApp } from '#server/platform/app.ts'

/** Serves routes over real HTTP without Nitro: what Nitro's file routing does, by a list. */
export async function serveRoutes(app: App, routes: [method: 'get' | 'post' | 'put' | 'patch' | 'delete', path: string, handler: EventHandler][], before?: (event: H3Event) => void | Promise<void>) {
  setApp(app)
  const h3 = createH3()
  if (before) h3.use({ handler: before as never } as never)
  const router = createRouter()
  for (const [method, path, handler] of routes) router.add(path.replace(/\{(\w+)\}/g, ':$1'), handler, method)
  h3.use(router)
  const server = createServer(toNodeListener(h3))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    async close() {
      setApp(null)
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
