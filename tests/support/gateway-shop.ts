import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Delivery { readonly raw: Uint8Array, readonly headers: Record<string, string> }
/** A shop on loopback that keeps every notification as it came and answers 200. */
export async function notificationShop() {
  const received: Delivery[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', part => parts.push(part as Buffer))
    request.on('end', () => {
      received.push({ raw: Buffer.concat(parts), headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])) })
      response.writeHead(200).end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    about: (orderId: string) => received.filter(delivery => Buffer.from(delivery.raw).includes(orderId)),
    close: () => new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
}
