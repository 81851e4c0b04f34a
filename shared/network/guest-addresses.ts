/** What a client enters in his server for addresses that nobody tells it of by itself. */
export interface GuestLines { /** At once, until the next start. */ readonly now: string, /** For good, with netplan: a file, and how it begins to count. */ readonly netplan: string, readonly netplanFile: string }

/**
 * Lines for further addresses of a machine, in the order given. `card`: how cloud-init calls its card in netplan's files, so that the addresses join those that stand there.
 * The card of the first command is the one of the default route, whatever it is called. Pure.
 */
export function guestLines(addresses: readonly { readonly ipv4: string, readonly prefixLength: number }[], card: string): GuestLines {
  const netplanFile = '/etc/netplan/90-gardu-addresses.yaml'
  const list = addresses.map(({ ipv4, prefixLength }) => `${ipv4}/${prefixLength}`)
  const file = ['network:', '  version: 2', '  ethernets:', `    ${card}:`, '      addresses:', ...list.map(address => `        - ${address}`)]
  return {
    now: list.map(address => `sudo ip address add ${address} dev "$(ip -4 route show default | awk '{print $5; exit}')"`).join('\n'),
    netplanFile, netplan: [`sudo tee ${netplanFile} >/dev/null <<'END'`, ...file, 'END', `sudo chmod 600 ${netplanFile}`, 'sudo netplan apply'].join('\n'),
  }
}
