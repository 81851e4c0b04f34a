"""Drives a Proxmox VE through proxmoxer, a client that is not ours, and prints what it was told as JSON."""
import json
import sys
import time

from proxmoxer import ProxmoxAPI, ResourceException

address, port, token_id, secret = sys.argv[1:5]
user, name = token_id.split('!')
pve = ProxmoxAPI(address, port=int(port), user=user, token_name=name, token_value=secret, verify_ssl=False, timeout=20)


def finished(node, upid):
    for _ in range(200):
        status = pve.nodes(node).tasks(upid).status.get()
        if status['status'] == 'stopped':
            return status['exitstatus']
        time.sleep(0.05)
    return 'still running'


def refused(work):
    try:
        work()
        return None
    except ResourceException as error:
        return error.status_code


node = pve.nodes.get()[0]['node']
vmid = pve.cluster.nextid.get()
machine = pve.nodes(node).qemu(vmid)
said = {'version': pve.version.get()['version'], 'resources': sorted({row['type'] for row in pve.cluster.resources.get()}), 'tasks': []}
said['tasks'].append(finished(node, pve.nodes(node).qemu(9000).clone.post(newid=vmid, name='dibaca-dari-luar', full=1)))
said['tasks'].append(finished(node, machine.config.post(cores=2, memory=2048, ipconfig0='ip=203.0.113.77/24,gw=203.0.113.1')))
said['tasks'].append(finished(node, machine.resize.put(disk='scsi0', size='20G')))
said['tasks'].append(finished(node, machine.status.start.post()))
config = machine.config.get()
said['config'] = {key: config[key] for key in ('name', 'cores', 'memory', 'ipconfig0')}
said['status'] = machine.status.current.get()['status']
said['tasks'].append(finished(node, machine.snapshot.post(snapname='luar')))
said['snapshots'] = [entry['name'] for entry in machine.snapshot.get()]
machine.firewall.options.put(enable=1, ipfilter=1)
machine.firewall.ipset.post(name='ipfilter-net0')
machine.firewall.ipset('ipfilter-net0').post(cidr='203.0.113.77')
said['filter'] = [entry['cidr'] for entry in machine.firewall.ipset('ipfilter-net0').get()]
said['samples'] = len(machine.rrddata.get(timeframe='hour')) > 0
said['destroyed while it runs'] = refused(machine.delete)
said['tasks'].append(finished(node, machine.status.stop.post()))
said['tasks'].append(finished(node, machine.delete(purge=1)))
said['gone'] = refused(machine.config.get)

templates = [row['volid'] for row in pve.nodes(node).storage('local').content.get(content='vztmpl')]
number = pve.cluster.nextid.get()
container = pve.nodes(node).lxc(number)
made = [finished(node, pve.nodes(node).lxc.post(vmid=number, ostemplate=templates[0], hostname='wadah-dari-luar', rootfs='local-lvm:8', cores=1, memory=512, unprivileged=1, features='nesting=1', password='rahasia', net0='name=eth0,bridge=vmbr0,ip=203.0.113.78/24,gw=203.0.113.1'))]
made.append(finished(node, container.resize.put(disk='rootfs', size='10G')))
container.config.put(cores=2, memory=1024)
made.append(finished(node, container.status.start.post()))
inside = container.config.get()
said['container'] = {
    'tasks': made, 'config': {key: inside[key] for key in ('hostname', 'cores', 'memory', 'rootfs')}, 'status': container.status.current.get()['status'],
    'row': [row['type'] for row in pve.cluster.resources.get(type='vm') if row['vmid'] == int(number)], 'as a machine': refused(pve.nodes(node).qemu(number).config.get), 'destroyed while it runs': refused(container.delete),
}
made.append(finished(node, container.snapshot.post(snapname='luar')))
made.append(finished(node, container.status.shutdown.post()))
made.append(finished(node, container.delete(purge=1)))
said['container']['gone'] = refused(container.config.get)
print(json.dumps(said))
