import { buildVcsim, components, startVcsim } from './components.ts'
import { startVcsimPage } from './vcsim-page.ts'

/** `npm run vcsim`: a vCenter and a stand-alone ESXi to connect to, simulated by VMware's own vcsim. Their inventories are gone when it ends. */
const go = components.vcsim.find()
if (!go) {
  console.error(`missing: ${components.vcsim.hint}`)
  process.exit(1)
}
const binary = buildVcsim(go, console.log)
const base = Number(process.env.GARDU_VCSIM_PORT ?? 4420)
const [vcenter, esxi] = await Promise.all([startVcsim(binary, 'vcenter', { port: base }), startVcsim(binary, 'esxi', { port: base + 1 })])
const breaking = await startVcsimPage({ vcenter, esxi }, base + 2)
const show = (kind: string, { url, username, password, fingerprint }: typeof vcenter) => `
  ${kind}
    API address             ${url}
    User name               ${username}
    Password                ${password}
    TLS trust               run the connection test once, then pin the fingerprint that it shows;
                            it is ${fingerprint}
    Datastore               LocalDS_0
    Network or port group   VM Network`
console.log(`${show('VMware vCenter', vcenter)}\n${show('VMware ESXi', esxi)}

Both have something to sell after Synchronise: debian-12. Break their machines on ${breaking.url}. Ctrl-C stops them.`)
const stop = async () => {
  await Promise.all([breaking.close(), vcenter.stop(), esxi.stop()])
  process.exit(0)
}
process.on('SIGINT', stop)
process.on('SIGTERM', stop)
// What keeps the process is its children's pipes; without one of them it has nothing to show.
await new Promise(() => setInterval(() => {}, 1 << 30))
