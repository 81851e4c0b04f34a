import { DriverError } from '#shared/errors/driver-error.ts'
import type { GuestIdentity } from '#shared/vocabulary/machines.ts'
import type { MachineSpec } from '#server/infrastructure/ports.ts'
import type { MachineSetup } from '#server/infrastructure/setup-ports.ts'
import { isFault } from './faults.ts'
import type { Vim } from './soap.ts'
import { cardsOf, isCustomised, isSettled } from './transform.ts'
import type { Machine } from './transform.ts'
import { build, textOf } from './xml.ts'
import type { Mor, XmlNode } from './xml.ts'

export type CustomisedBy = Exclude<GuestIdentity, 'cloud_init'>
/** Bytes that VMware takes of a script. */
const scriptLimit = 1500
/** Windows' number for Jakarta's time zone. */
const jakarta = 205

const quoted = (text: string): string => `'${text.replaceAll('\'', String.raw`'\''`)}'`
/** LinuxPrep has no word for a login: this does it, after the network. The guest must allow scripts (open-vm-tools: deployPkg enable-custom-scripts). */
export const loginScript = ({ username, password, sshKey }: MachineSpec['login']): string => [
  '#!/bin/sh', '[ "$1" = postcustomization ] || exit 0', 'set -e', `u=${quoted(username)}`,
  'id "$u" >/dev/null 2>&1 || useradd -m -s /bin/sh "$u"', `printf '%s:%s\\n' "$u" ${quoted(password)} | chpasswd`,
  ...sshKey === null ? [] : ['h=$(getent passwd "$u" | cut -d: -f6)', 'umask 077', 'mkdir -p "$h/.ssh"', `printf '%s\\n' ${quoted(sshKey)} > "$h/.ssh/authorized_keys"`, 'chown -R "$u:" "$h/.ssh"'], '',
].join('\n')

const maskOf = (length: number): string => [24, 16, 8, 0].map(shift => ((length === 0 ? 0 : (0xFFFF_FFFF << (32 - length)) >>> 0) >>> shift) & 255).join('.')
const fixedName = (name: string) => build('CustomizationFixedName', { name })

function identityOf(by: CustomisedBy, { hostname, login }: MachineSpec): XmlNode {
  const [label = hostname, ...domain] = hostname.split('.')
  if (by === 'linux_prep') return build('CustomizationLinuxPrep', { hostName: fixedName(label), domain: domain.join('.') || 'localdomain', scriptText: loginScript(login) })
  return build('CustomizationSysprep', {
    guiUnattended: build('CustomizationGuiUnattended', { password: build('CustomizationPassword', { value: login.password, plainText: true }), timeZone: jakarta, autoLogon: false, autoLogonCount: 0 }),
    // NetBIOS takes 15 characters. An empty product id: the template's own licence, or none yet.
    userData: build('CustomizationUserData', { fullName: 'Administrator', orgName: 'Gardu', computerName: fixedName(label.slice(0, 15).replace(/-+$/, '')), productId: '' }),
    identification: build('CustomizationIdentification', { joinWorkgroup: 'WORKGROUP' }),
  })
}

/** One entry a card, as VMware wants it: the first gets the address, others ask for one. */
export function customizationSpec(by: CustomisedBy, spec: MachineSpec, cards: number): XmlNode {
  const { address } = spec
  const dns = [...address.nameservers]
  const [, ...domain] = spec.hostname.split('.')
  const ipV6Spec = address.ipv6 ? build('CustomizationIPSettingsIpV6AddressSpec', { ip: build('CustomizationFixedIpV6', { ipAddress: address.ipv6.address, subnetMask: address.ipv6.length }), gateway: address.ipv6.gateway }) : undefined
  const first = build('CustomizationIPSettings', { ip: build('CustomizationFixedIp', { ipAddress: address.ipv4 }), subnetMask: maskOf(address.prefixLength), gateway: address.gateway, ipV6Spec, ...by === 'sysprep' ? { dnsServerList: dns } : {} })
  const other = build('CustomizationIPSettings', { ip: build('CustomizationDhcpIpGenerator', {}) })
  const adapter = (at: number) => build('CustomizationAdapterMapping', { adapter: at === 0 ? first : other })
  return build('CustomizationSpec', {
    options: by === 'sysprep' ? build('CustomizationWinOptions', { changeSID: true, deleteAccounts: false, reboot: 'reboot' }) : build('CustomizationLinuxOptions', {}),
    identity: identityOf(by, spec), globalIPSettings: build('CustomizationGlobalIPSettings', { dnsSuffixList: domain.length > 0 ? domain.join('.') : undefined, dnsServerList: by === 'linux_prep' ? dns : undefined }),
    nicSettingMap: Array.from({ length: cards }, (_, at) => adapter(at)),
  })
}

/** Customisation by VMware Tools: asked for while the machine is off, done by its guest at its next start, read back from the machine's events. */
export function customisationOf(label: string, vim: Vim) {
  /** @throws DriverError action_required for what customisation cannot carry: nothing of it is left out silently */
  function prove(by: CustomisedBy, spec: MachineSpec): void {
    if ((spec.address.extra ?? []).length > 0) throw new DriverError('action_required', `${label}: customisation gives a card one IPv4 address; several need a template that is set up by cloud-init`, { who: 'sysadmin' })
    if (by === 'linux_prep' && Buffer.byteLength(loginScript(spec.login)) > scriptLimit) throw new DriverError('action_required', `${label}: the SSH keys are too long for customisation (${scriptLimit} bytes with the script that sets them); use a shorter one or a template that is set up by cloud-init`, { who: 'sysadmin' })
  }
  return {
    prove,
    /** Null: it is asked for already, or the machine runs and had it. @returns the task */
    async ask(found: Machine, by: CustomisedBy, spec: MachineSpec): Promise<Mor | null> {
      if (found.props['runtime.powerState'] !== 'poweredOff' || isSettled(found) || found.props['config.tools.pendingCustomization'] !== '') return null
      try {
        return await vim.start('CustomizeVMRequestType', found.obj, { spec: customizationSpec(by, spec, cardsOf(found).length) })
      } catch (error) {
        if (isFault(error, 'CustomizationPending')) return null
        throw error
      }
    },
    /** Null: its guest is not customised, or that is over. */
    async read(found: Machine): Promise<MachineSetup | null> {
      if (!isCustomised(found) || isSettled(found)) return null
      const { eventManager } = await vim.content()
      if (!eventManager) return { state: 'running' }
      const events = await vim.call('QueryEventsRequestType', eventManager, { filter: build('EventFilterSpec', { entity: build('EventFilterSpecByEntity', { entity: found.obj, recursion: 'self' }) }) })
      const last = events.filter(({ xsiType }) => /^Customization/.test(xsiType ?? '')).toSorted((a, b) => Number(textOf(a, 'key')) - Number(textOf(b, 'key'))).at(-1)
      if (last?.xsiType === 'CustomizationSucceeded') return { state: 'done' }
      // CustomizationFailed and its kinds: CustomizationNetworkSetupFailed, CustomizationSysprepFailed …
      if (last && /Fail/.test(last.xsiType ?? '')) return { state: 'failed', message: textOf(last, 'fullFormattedMessage') || (last.xsiType ?? '') }
      return { state: 'running' }
    },
  }
}
