import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { startProxmoxSimulator } from '../../simulators/proxmox/index.ts'

const python = process.env.GARDU_TEST_PROXMOXER ?? ''
const run = promisify(execFile)

describe('the Proxmox simulator, used by a client that is not ours', () => {
  it.each(['9.2.3', '8.4.5'])('proxmoxer clones, configures, starts, filters, snapshots and destroys a machine and a container of version %s, and reads back what it did', async (version) => {
    const sim = await startProxmoxSimulator({ version, taskSeconds: 0 })
    try {
      const { hostname, port } = new URL(sim.url)
      const { stdout } = await run(python, ['-W', 'ignore', 'tests/support/proxmoxer-reader.py', hostname, port, sim.token.id, sim.token.secret], { timeout: 50_000 })
      expect(JSON.parse(stdout)).toEqual({
        'version': version, 'resources': ['node', 'qemu', 'storage'], 'tasks': Array.from({ length: 7 }, () => 'OK'), 'config': { name: 'dibaca-dari-luar', cores: 2, memory: expect.anything() as unknown, ipconfig0: 'ip=203.0.113.77/24,gw=203.0.113.1' },
        'status': 'running', 'snapshots': ['luar', 'current'], 'filter': ['203.0.113.77'], 'samples': expect.any(Boolean) as unknown, 'destroyed while it runs': 500, 'gone': 500,
        'container': { 'tasks': Array.from({ length: 6 }, () => 'OK'), 'config': { hostname: 'wadah-dari-luar', cores: 2, memory: expect.anything() as unknown, rootfs: expect.stringMatching(/^local-lvm:.*size=10G/) as unknown }, 'status': 'running', 'row': ['lxc'], 'as a machine': 500, 'destroyed while it runs': 500, 'gone': 500 },
      })
    } finally {
      await sim.close()
    }
  })
})
