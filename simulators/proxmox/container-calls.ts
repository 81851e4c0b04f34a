/** Which of the calls of virtual machines containers know, under their own path. */
const alike = /^(GET|DELETE|POST|PUT) \/nodes\/\{node\}\/qemu(\/\{vmid\}(\/(config|pending|status\/(current|start|stop|shutdown|reboot|suspend|resume)|rrddata|snapshot(\/.+)?|firewall\/.+))?)?$/
const unlike = new Set(['POST /nodes/{node}/qemu', 'POST /nodes/{node}/qemu/{vmid}/config'])
export const isAlike = (call: string): boolean => alike.test(call) && !unlike.has(call)
export const asContainerCall = (call: string): string => call.replace('/qemu', '/lxc')
