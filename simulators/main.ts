import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startControl } from './control.ts'
import type { Controlled } from './control.ts'
import { startMidtransSimulator } from './midtrans/index.ts'
import { startPowerDnsSimulator } from './powerdns/index.ts'
import { startProxmoxSimulator } from './proxmox/index.ts'
import { startRdapSimulator } from './rdap/index.ts'
import { startRelaySimulator } from './relay/index.ts'
import { startSmtpSimulator } from './smtp/index.ts'
import { startWhmSimulator } from './whm/index.ts'
import { startXenditSimulator } from './xendit/index.ts'

/** All simulators in one process: `node simulators/main.ts --data <dir> --base-port <n> --app <url of the app>`. Ends on SIGTERM or SIGINT with its state kept. */
const { values } = parseArgs({ options: { 'data': { type: 'string', default: '.data/simulators' }, 'base-port': { type: 'string', default: '4400' }, 'app': { type: 'string', default: 'http://127.0.0.1:3000' }, 'delay': { type: 'string', default: '0.5' }, 'version': { type: 'string', default: '9.2.3' } } })
const base = Number(values['base-port'])
const dataDir = values.data

async function start() {
  mkdirSync(dataDir, { recursive: true })
  const proxmox = await startProxmoxSimulator({ port: base + 1, dataDir, delayFactor: Number(values.delay), version: values.version })
  const midtrans = await startMidtransSimulator({ port: base + 2, dataDir, app: values.app, notificationLagMs: 800, timeFactor: 1 / 60 })
  const rdap = await startRdapSimulator({ port: base + 3 })
  const xendit = await startXenditSimulator({ port: base + 5, dataDir, app: values.app, notificationLagMs: 800, timeFactor: 1 / 600 })
  const whm = await startWhmSimulator({ port: base + 7, dataDir })
  const smtp = await startSmtpSimulator({ port: base + 4, dataDir })
  const relay = await startRelaySimulator({ port: base + 6 })
  const powerdns = await startPowerDnsSimulator({ port: base + 8, dataDir, zones: ['113.0.203.in-addr.arpa.', '0.1.0.0.8.b.d.0.1.0.0.2.ip6.arpa.'] })
  const simulators: Controlled[] = [
    { name: 'midtrans', title: 'Midtrans', says: 'Every charge and Snap page: pay it, let it fail, let it expire, scan its QRIS.', url: midtrans.url, page: `${midtrans.url}/`, faults: midtrans.faults, state: midtrans.state },
    { name: 'xendit', title: 'Xendit', says: 'Every payment session: pay it by a channel, let it fail, let it expire, send its webhook again.', url: xendit.url, page: `${xendit.url}/`, faults: xendit.faults, state: xendit.state },
    { name: 'smtp', title: 'Mail', says: 'What Gardu has sent, for example the code of a new account.', url: smtp.url, page: '/inbox', faults: smtp.faults, state: smtp.state, answer: smtp.inbox },
    { name: 'proxmox', title: 'Proxmox VE', says: 'Two nodes with their machines and running tasks; fill a storage, stop a machine behind Gardu\'s back, lose an answer.', url: proxmox.url, page: '/proxmox', answer: proxmox.pages, faults: proxmox.faults, state: { ...proxmox.state, get tokens() { return proxmox.state.tokens.map(t => ({ id: t.id, privileges: t.privileges })) } } },
    { name: 'whm', title: 'cPanel & WHM', says: 'A hosting server with its packages and accounts; suspend one behind Gardu\'s back, let changes be refused.', url: whm.url, page: '/whm', answer: whm.pages, faults: whm.faults, state: { ...whm.state, get tokens() { return whm.state.tokens.map(t => ({ user: t.user, acls: t.acls })) }, get accounts() { return Object.values(whm.state.accounts).map(({ password: _, ...account }) => account) } } },
    { name: 'powerdns', title: 'PowerDNS', says: 'The name server: what the addresses of machines are called backwards.', url: powerdns.url, page: `${powerdns.url}/`, faults: powerdns.faults, state: powerdns.state },
    { name: 'rdap', title: 'RDAP', says: 'A registry for domain checks: which names are taken, and which make trouble.', url: rdap.url, page: `${rdap.url}/`, faults: rdap.faults, state: rdap.state },
    { name: 'relay', title: 'WhatsApp relay', says: 'A receiver of outgoing webhooks: proves their signatures and shows what it would pass on.', url: relay.url, page: `${relay.url}/`, faults: relay.faults, state: { get told() { return relay.state.told } } },
  ]
  const control = await startControl({ port: base, simulators })
  // What the application must know to trust and use the cluster; readable by the owner alone, as any credential.
  writeFileSync(join(dataDir, 'simulators.json'), JSON.stringify({ proxmox: { url: proxmox.url, tokenId: proxmox.token.id, tokenSecret: proxmox.token.secret, fingerprint: proxmox.fingerprint }, whm: { url: whm.url, tokenId: whm.token.id, tokenSecret: whm.token.secret, fingerprint: whm.fingerprint }, powerdns: { url: powerdns.url, apiKey: powerdns.apiKey }, control: control.url }, null, 1), { mode: 0o600 })
  process.stdout.write(`simulators: ${control.url}\n`)
  let stopping = false
  const stop = async () => {
    if (stopping) return
    stopping = true
    await Promise.all([control, proxmox, midtrans, xendit, rdap, smtp, relay, whm, powerdns].map(server => server.close()))
    process.exit(0)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  // Started by the demo over a channel: when that is gone, so is the reason to run.
  process.on('disconnect', stop)
}

try {
  await start()
} catch (error) {
  const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
  process.stderr.write(taken ? `simulators: a port from ${base} to ${base + 8} is taken; set GARDU_SIMULATOR_PORT to another base\n` : `simulators: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
}
