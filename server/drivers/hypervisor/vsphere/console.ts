import { DriverError } from '#shared/errors/driver-error.ts'
import type { ConsoleTarget, HypervisorAccess, HypervisorDriver } from '#server/infrastructure/ports.ts'
import type { locator } from './locate.ts'
import type { Vim } from './soap.ts'
import { textOf } from './xml.ts'
import type { XmlNode } from './xml.ts'

const thumbprint = /^([0-9A-F]{2}:){19}[0-9A-F]{2}$/

/**
 * Where the ticket leads: the host that runs the machine, or the server that was asked where it names none. Its certificate is the one that
 * the ticket pins; a ticket that pins none is trusted as the connection says. Source: VirtualMachineTicket of the vSphere API.
 * @throws DriverError permanent for a ticket that cannot be used
 */
export function consoleTarget(label: string, access: Pick<HypervisorAccess, 'url' | 'tls'>, ticket: XmlNode | undefined): ConsoleTarget {
  const secret = textOf(ticket, 'ticket')
  if (!secret || !/^[\w-]+$/.test(secret)) throw new DriverError('permanent', `${label}: the ticket of the console cannot be read`)
  // Hosts show screens over TLS alone, whatever stands before the API.
  const url = new URL(access.url.replace(/^https?/, 'wss'))
  const [host, port, pinned] = [textOf(ticket, 'host'), textOf(ticket, 'port'), textOf(ticket, 'sslThumbprint')?.toUpperCase()]
  if (host) url.hostname = host.includes(':') ? `[${host}]` : host
  if (port) url.port = port
  url.pathname = `/ticket/${secret}`
  if (pinned && !thumbprint.test(pinned)) throw new DriverError('permanent', `${label}: the ticket of the console pins its host by something else than SHA-1`)
  return { label, url: url.href, protocols: ['binary'], headers: {}, password: '', tls: pinned ? { mode: 'thumbprint', sha1: pinned } : access.tls }
}

/** The screen of a machine by a WebMKS ticket, where the connection says that it is shown in the browser. */
export const consoleOf = (vim: Vim, find: ReturnType<typeof locator>, access: HypervisorAccess): Pick<HypervisorDriver, 'openConsole'> => ({
  async openConsole(machine) {
    const found = await find.prove(machine)
    // WebMKS is VNC with VMware's own additions, promised to VMware's viewer alone: whether a browser can show it is for staff to find out.
    if (!access.console) throw new DriverError('permanent', `${vim.label}: the connection does not show consoles in the browser`)
    if (found.props['runtime.powerState'] !== 'poweredOn') return null
    const [ticket] = await vim.call('AcquireTicketRequestType', found.obj, { ticketType: 'webmks' })
    return consoleTarget(vim.label, access, ticket)
  },
})
