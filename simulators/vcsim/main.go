// VMware's own simulator, vcsim, as a vCenter or (-esx) as a stand-alone ESXi. Built from Debian's packages golang-go and
// golang-github-vmware-govmomi-dev alone. It prepares one thing to sell (a template, or a base disk) and adds what the simulator
// lacks: a guest that boots, reads its cloud-init data and tells its address; RebootGuest; tickets for screens; on an ESXi no clones.
package main

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const envelope = `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>%s</soapenv:Body></soapenv:Envelope>`
const notSupported = `<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>The operation is not supported on the object.</faultstring><detail><NotSupportedFault xmlns="urn:vim25" xsi:type="NotSupported"></NotSupportedFault></detail></soapenv:Fault>`

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// A template on a vCenter: the first machine of the cluster, off and marked.
func prepareTemplate(name string) {
	for _, e := range simulator.Map.All("VirtualMachine") {
		vm := e.(*simulator.VirtualMachine)
		if vm.Name != "DC0_C0_RP0_VM0" {
			continue
		}
		vm.Name, vm.Config.Name, vm.Summary.Config.Name = name, name, name
		vm.Runtime.PowerState = types.VirtualMachinePowerStatePoweredOff
		vm.Summary.Runtime.PowerState = types.VirtualMachinePowerStatePoweredOff
		vm.MarkAsTemplate(&types.MarkAsTemplate{This: vm.Self})
	}
}

// A disk in the folder "base" of an ESXi's datastore.
func prepareDisk(name string) {
	for _, e := range simulator.Map.All("Datastore") {
		dir := path.Join(e.(*simulator.Datastore).Info.GetDatastoreInfo().Url, "base")
		must(os.MkdirAll(dir, 0700))
		for _, file := range []string{name + ".vmdk", name + "-flat.vmdk"} {
			must(os.WriteFile(path.Join(dir, file), nil, 0600))
		}
	}
}

// The addresses that cloud-init would set from guestinfo.metadata, IPv4 first.
func addressesOf(vm *mo.VirtualMachine) []string {
	found := []string{}
	text := ""
	for _, option := range vm.Config.ExtraConfig {
		if v := option.GetOptionValue(); v.Key == "guestinfo.metadata" {
			text, _ = v.Value.(string)
		}
	}
	plain, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return found
	}
	var data struct {
		Network struct {
			Ethernets map[string]struct{ Addresses []string }
		}
	}
	if json.Unmarshal(plain, &data) != nil {
		return found
	}
	for _, card := range data.Network.Ethernets {
		for _, address := range card.Addresses {
			found = append(found, strings.Split(address, "/")[0])
		}
	}
	return found
}

// Hosts on which there is room to sell.
func prepareHosts() {
	for _, e := range simulator.Map.All("HostSystem") {
		hardware := e.(*simulator.HostSystem).Summary.Hardware
		hardware.MemorySize = 64 << 30
		hardware.NumCpuCores, hardware.NumCpuThreads = 16, 32
	}
}

// What VMware Tools gave a guest at its first start, which the simulator carries out; it keeps it at later ones.
var customised sync.Map

// Guests that run tell their address and are plugged in if they start so; those that do not run are neither.
func bootGuests() {
	for _, e := range simulator.Map.All("VirtualMachine") {
		vm := e.(*simulator.VirtualMachine)
		simulator.Map.WithLock(vm, func() {
			address, addresses := "", []string{}
			running := vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
			if running {
				addresses = addressesOf(&vm.VirtualMachine)
				if len(addresses) == 0 && vm.Guest != nil && vm.Guest.IpAddress != "" {
					customised.Store(vm.Self.Value, vm.Guest.IpAddress)
				}
				if kept, ok := customised.Load(vm.Self.Value); ok && len(addresses) == 0 {
					addresses = []string{kept.(string)}
				}
				if len(addresses) > 0 {
					address = addresses[0]
				}
			}
			for _, device := range vm.Config.Hardware.Device {
				if card, ok := device.(types.BaseVirtualEthernetCard); ok && card.GetVirtualEthernetCard().Connectable != nil {
					plug := card.GetVirtualEthernetCard().Connectable
					plug.Connected = running && plug.StartConnected
				}
			}
			if vm.Guest != nil && vm.Guest.IpAddress != address {
				// Every card has its link-local address too.
				told := append([]string{}, addresses...)
				if address != "" {
					told = append(told, "fe80::250:56ff:fe00:1")
				}
				simulator.Map.Update(vm, []types.PropertyChange{{Name: "guest.ipAddress", Val: address}, {Name: "guest.net", Val: []types.GuestNicInfo{{Connected: running, IpAddress: told}}}})
			}
		})
	}
}

func main() {
	esx := flag.Bool("esx", false, "a stand-alone ESXi instead of a vCenter")
	listen := flag.String("l", "127.0.0.1:0", "listen address")
	user := flag.String("username", "gardu", "")
	password := flag.String("password", "", "")
	name := flag.String("template", "debian-12", "name of the template or base disk")
	screens := flag.String("webmks", "", "host:port that AcquireTicket hands out for screens; empty: it is refused as a plain simulator does")
	thumbprint := flag.String("thumbprint", "", "SHA-1 of the certificate there")
	flag.Parse()
	model := simulator.VPX()
	if *esx {
		model = simulator.ESX()
	}
	model.Machine = 1
	must(model.Create())
	defer model.Remove()
	prepareHosts()
	if *esx {
		prepareDisk(*name)
	} else {
		prepareTemplate(*name)
	}
	model.Service.TLS = new(tls.Config)
	model.Service.Listen = &url.URL{Host: *listen, User: url.UserPassword(*user, *password)}
	server := model.Service.NewServer()
	handler := server.Config.Handler
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/sdk") || r.Method != "POST" {
			handler.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		calls := func(name string) bool {
			return bytes.Contains(body, []byte("<"+name+" ")) || bytes.Contains(body, []byte("<"+name+">"))
		}
		answer := func(status int, inside string) {
			w.Header().Set("Content-Type", "text/xml; charset=utf-8")
			w.WriteHeader(status)
			fmt.Fprintf(w, envelope, inside)
		}
		switch {
		case calls("RebootGuest"):
			answer(200, `<RebootGuestResponse xmlns="urn:vim25"></RebootGuestResponse>`)
		case *screens != "" && calls("AcquireTicket"):
			host, port, _ := net.SplitHostPort(*screens)
			answer(200, fmt.Sprintf(`<AcquireTicketResponse xmlns="urn:vim25"><returnval><ticket>%x</ticket><cfgFile>[LocalDS_0] vm/vm.vmx</cfgFile><host>%s</host><port>%s</port><sslThumbprint>%s</sslThumbprint></returnval></AcquireTicketResponse>`, time.Now().UnixNano(), host, port, *thumbprint))
		case *esx && calls("CloneVM_Task"):
			answer(500, notSupported)
		default:
			r.Body = io.NopCloser(bytes.NewReader(body))
			handler.ServeHTTP(w, r)
		}
		if calls("PowerOnVM_Task") || calls("PowerOffVM_Task") || calls("ResetVM_Task") || calls("ShutdownGuest") {
			bootGuests()
		}
	})
	fmt.Println("READY", server.URL.Host)
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGINT, syscall.SIGTERM)
	// Whoever started it is gone when its input ends.
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		end <- syscall.SIGTERM
	}()
	<-end
	server.Close()
}
