//! The addresses under which a server is reached, and what to say of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use if_addrs::{IfAddr, Interface};

/// Interfaces whose networks exist on this machine only: those of containers and of virtual machines.
const INTERNAL: [&str; 16] = [
    "docker",
    "br-",
    "bridge",
    "virbr",
    "veth",
    "vnet",
    "vbox",
    "virtualbox",
    "vmnet",
    "vmware",
    "lxc",
    "lxd",
    "podman",
    "cni",
    "flannel",
    "cali",
];
/// Interfaces that lead through another network.
const TUNNELS: [&str; 9] = ["tun", "tap", "utun", "wg", "zt", "ppp", "ipsec", "tailscale", "nordlynx"];
/// Addresses of the world: towards them the system would take its default route.
const FAR_AWAY: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888)),
];

/// How likely it is that another machine reaches an address, the likeliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Likelihood {
    DefaultRoute,
    PrivateNetwork,
    Other,
    /// Given by nobody: two machines on one cable, without a router.
    LinkLocal,
    Internal,
    Tunnel,
    /// Leads nowhere but to this machine itself.
    Loopback,
}

/// An address of this machine, to be typed on another one (or, if none can reach it, here).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reachable {
    address: SocketAddr,
    likelihood: Likelihood,
    interface: String,
}

impl Reachable {
    /// What to type there.
    pub fn command(&self) -> String {
        format!("client {}", self.address)
    }

    /// Which way that takes, for someone who has to choose between several.
    pub fn way(&self) -> String {
        let Reachable { address, likelihood, interface } = self;
        match likelihood {
            Likelihood::Internal => format!("par {interface}, réseau interne à cette machine"),
            Likelihood::Tunnel => format!("par {interface}, un tunnel VPN"),
            Likelihood::LinkLocal if address.is_ipv6() => format!(
                "par {interface}, en ajoutant la carte réseau de l'autre machine, comme [{}%eth0]",
                address.ip()
            ),
            Likelihood::Loopback => "de cette machine, la seule qui puisse le joindre".to_owned(),
            _ => format!("par {interface}"),
        }
    }

    /// Whether another machine may reach it.
    pub fn is_for_others(&self) -> bool {
        self.likelihood != Likelihood::Loopback
    }

    /// Whether it can be typed without a thought about the way.
    pub fn is_likely(&self) -> bool {
        self.likelihood < Likelihood::LinkLocal
    }
}

/// What to type on the other machines to reach a server that listens on `bound`: at least one address, the likeliest
/// first.
pub fn reachable(bound: SocketAddr) -> Vec<Reachable> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        log::warn!("Les adresses de cette machine sont inconnues : {error}");
        Vec::new()
    });
    let default_routes: Vec<IpAddr> = FAR_AWAY.into_iter().filter_map(own_address_towards).collect();
    ranked(bound, &interfaces, &default_routes)
}

/// From which of its addresses this machine would send there. Nothing is sent.
fn own_address_towards(there: IpAddr) -> Option<IpAddr> {
    let any: IpAddr =
        if there.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((there, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

fn ranked(bound: SocketAddr, interfaces: &[Interface], default_routes: &[IpAddr]) -> Vec<Reachable> {
    let is_served = |ip: IpAddr| match bound.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => ip.is_ipv4(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => true,
        bound => ip == bound,
    };
    let mut all: Vec<Reachable> = interfaces
        .iter()
        .filter(|interface| is_served(interface.ip()) && !interface.is_loopback())
        .map(|interface| Reachable {
            // Without the number of this machine's interface, which means nothing on another one.
            address: SocketAddr::new(interface.ip(), bound.port()),
            likelihood: likelihood(interface, default_routes),
            interface: interface.name.clone(),
        })
        .collect();
    all.sort_by_key(|reachable| (reachable.likelihood, reachable.address.is_ipv6(), reachable.address));
    // Where there is a router, nobody types a link-local address.
    if all.first().is_some_and(Reachable::is_likely) {
        all.retain(|reachable| reachable.likelihood != Likelihood::LinkLocal);
    }
    if all.is_empty() {
        let (address, likelihood) = (from_this_machine(bound), Likelihood::Loopback);
        all.push(Reachable { address, likelihood, interface: String::new() });
    }
    all
}

fn likelihood(interface: &Interface, default_routes: &[IpAddr]) -> Likelihood {
    let name = interface.name.to_lowercase();
    let starts_like = |names: &[&str]| names.iter().any(|start| name.starts_with(start));
    match &interface.addr {
        _ if starts_like(&INTERNAL) => Likelihood::Internal,
        // Before the default route: with a VPN that one leads away from the room.
        _ if interface.is_p2p() || starts_like(&TUNNELS) => Likelihood::Tunnel,
        addr if addr.is_link_local() => Likelihood::LinkLocal,
        addr if default_routes.contains(&addr.ip()) => Likelihood::DefaultRoute,
        IfAddr::V4(addr) if addr.ip.is_private() => Likelihood::PrivateNetwork,
        IfAddr::V6(addr) if addr.ip.is_unique_local() => Likelihood::PrivateNetwork,
        _ => Likelihood::Other,
    }
}

/// What a server that listens on `bound` says first.
pub fn greeting(bound: SocketAddr) -> String {
    greeting_for(bound, &reachable(bound))
}

fn greeting_for(bound: SocketAddr, reachable: &[Reachable]) -> String {
    let mut greeting = format!("Le serveur écoute sur {bound}.\n");
    for (place, one) in reachable.iter().enumerate() {
        greeting.push_str(&match one.likelihood {
            Likelihood::Loopback => "On ne peut le joindre que de cette machine ; tapez-y :\n".to_owned(),
            _ if place > 0 => format!("ou, {} :\n", one.way()),
            _ if one.is_likely() => "Sur les machines des deux participants, tapez :\n".to_owned(),
            _ => format!("Sur les machines des deux participants, tapez, {} :\n", one.way()),
        });
        greeting.push_str(&format!("    {}\n", one.command()));
    }
    greeting
}

/// Where a program on this machine itself finds a server that listens on `bound`.
pub fn from_this_machine(bound: SocketAddr) -> SocketAddr {
    match bound.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => (Ipv4Addr::LOCALHOST, bound.port()).into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => (Ipv6Addr::LOCALHOST, bound.port()).into(),
        _ => bound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_addrs::{IfOperStatus, Ifv4Addr, Ifv6Addr};

    /// One address of an interface; those in `tun…` are point to point, as on a real machine.
    fn interface(name: &str, ip: &str) -> Interface {
        let addr = match ip.parse().unwrap() {
            IpAddr::V4(ip) => {
                IfAddr::V4(Ifv4Addr { ip, netmask: Ipv4Addr::UNSPECIFIED, prefixlen: 24, broadcast: None })
            }
            IpAddr::V6(ip) => {
                IfAddr::V6(Ifv6Addr { ip, netmask: Ipv6Addr::UNSPECIFIED, prefixlen: 64, broadcast: None })
            }
        };
        let name = name.to_owned();
        Interface {
            is_p2p: name == "p2p",
            name,
            addr,
            index: Some(3),
            oper_status: IfOperStatus::Up,
            #[cfg(windows)]
            adapter_name: String::new(),
        }
    }

    /// The addresses in the order in which they are shown, as `interface address`.
    fn order(bound: &str, default_route: &str, interfaces: &[(&str, &str)]) -> Vec<String> {
        let interfaces: Vec<_> = interfaces.iter().map(|(name, ip)| interface(name, ip)).collect();
        let default_routes: Vec<IpAddr> = default_route.parse().into_iter().collect();
        ranked(bound.parse().unwrap(), &interfaces, &default_routes)
            .iter()
            .map(|reachable| format!("{} {}", reachable.interface, reachable.address.ip()))
            .collect()
    }

    #[test]
    fn the_likeliest_address_is_the_first() {
        let any = "0.0.0.0:7878";
        for (bound, default_route, interfaces, expected) in [
            // Someone at home, with a VPN and docker.
            (
                any,
                "192.168.1.23",
                &[
                    ("lo", "127.0.0.1"),
                    ("tun0", "10.8.0.2"),
                    ("docker0", "172.17.0.1"),
                    ("wlan0", "192.168.1.23"),
                ][..],
                &["wlan0 192.168.1.23", "docker0 172.17.0.1", "tun0 10.8.0.2"][..],
            ),
            // All that he sends goes into the VPN.
            (
                any,
                "10.8.0.2",
                &[("tun0", "10.8.0.2"), ("eth0", "192.168.1.23")],
                &["eth0 192.168.1.23", "tun0 10.8.0.2"],
            ),
            (
                any,
                "10.8.0.2",
                &[("p2p", "10.8.0.2"), ("eth0", "192.168.1.23")],
                &["eth0 192.168.1.23", "p2p 10.8.0.2"],
            ),
            // The default route comes before a private network, that one before the rest.
            (
                any,
                "203.0.113.9",
                &[("eth2", "198.51.100.7"), ("eth1", "10.0.0.5"), ("eth0", "203.0.113.9")],
                &["eth0 203.0.113.9", "eth1 10.0.0.5", "eth2 198.51.100.7"],
            ),
            // Two machines on one cable.
            (
                any,
                "",
                &[("eth0", "169.254.7.7"), ("virbr0", "192.168.122.1")],
                &["eth0 169.254.7.7", "virbr0 192.168.122.1"],
            ),
            (any, "10.0.0.5", &[("eth1", "169.254.7.7"), ("eth0", "10.0.0.5")], &["eth0 10.0.0.5"]),
            // Names that Windows gives.
            (
                any,
                "",
                &[
                    ("vEthernet (WSL)", "172.20.0.1"),
                    ("VirtualBox Host-Only Network", "192.168.56.1"),
                    ("Wi-Fi", "10.0.0.5"),
                ],
                &[
                    "Wi-Fi 10.0.0.5",
                    "vEthernet (WSL) 172.20.0.1",
                    "VirtualBox Host-Only Network 192.168.56.1",
                ],
            ),
            // IPv6 only where it was asked for, behind IPv4.
            (any, "", &[("eth0", "2001:db8::7"), ("eth0", "10.0.0.5")], &["eth0 10.0.0.5"]),
            (
                "[::]:7878",
                "2001:db8::7",
                &[
                    ("eth0", "fe80::7"),
                    ("eth1", "fd00::7"),
                    ("eth1", "10.0.0.5"),
                    ("eth0", "2001:db8::7"),
                    ("lo", "::1"),
                ],
                &["eth0 2001:db8::7", "eth1 10.0.0.5", "eth1 fd00::7"],
            ),
            // Only where it listens.
            ("10.0.0.5:7878", "", &[("eth0", "10.0.0.5"), ("eth1", "10.1.0.5")], &["eth0 10.0.0.5"]),
            ("127.0.0.1:7878", "", &[("lo", "127.0.0.1"), ("eth1", "10.1.0.5")], &[" 127.0.0.1"]),
        ] {
            assert_eq!(order(bound, default_route, interfaces), expected, "{bound} {interfaces:?}");
        }
    }

    fn greeted(bound: &str, interfaces: &[(&str, &str)]) -> String {
        let bound = bound.parse().unwrap();
        let interfaces: Vec<_> = interfaces.iter().map(|(name, ip)| interface(name, ip)).collect();
        greeting_for(bound, &ranked(bound, &interfaces, &[]))
    }

    #[test]
    fn the_greeting_says_what_to_type_where() {
        assert_eq!(
            greeted("0.0.0.0:7878", &[("eth0", "192.168.1.23")]),
            "Le serveur écoute sur 0.0.0.0:7878.\n\
             Sur les machines des deux participants, tapez :\n    client 192.168.1.23:7878\n"
        );
        assert_eq!(
            greeted(
                "0.0.0.0:7878",
                &[
                    ("docker0", "172.17.0.1"),
                    ("tun0", "10.8.0.2"),
                    ("eth0", "192.168.1.23"),
                    ("eth1", "192.168.2.4")
                ]
            ),
            "Le serveur écoute sur 0.0.0.0:7878.\n\
             Sur les machines des deux participants, tapez :\n    client 192.168.1.23:7878\n\
             ou, par eth1 :\n    client 192.168.2.4:7878\n\
             ou, par docker0, réseau interne à cette machine :\n    client 172.17.0.1:7878\n\
             ou, par tun0, un tunnel VPN :\n    client 10.8.0.2:7878\n"
        );
    }

    #[test]
    fn a_server_for_this_machine_only_speaks_of_no_other() {
        for bound in ["127.0.0.1:7878", "0.0.0.0:7878"] {
            assert_eq!(
                greeted(bound, &[("lo", "127.0.0.1")]),
                format!(
                    "Le serveur écoute sur {bound}.\n\
                     On ne peut le joindre que de cette machine ; tapez-y :\n    client 127.0.0.1:7878\n"
                )
            );
        }
    }

    #[test]
    fn nobody_is_told_the_number_of_an_interface_of_this_machine() {
        let greeting = greeted("[fe80::7]:7878", &[("eth3", "fe80::7")]);
        assert!(
            greeting.ends_with(
                "tapez, par eth3, en ajoutant la carte réseau de l'autre machine, comme [fe80::7%eth0] :\n    \
                 client [fe80::7]:7878\n"
            ),
            "{greeting}"
        );
        let scoped: SocketAddr = "[fe80::7%3]:7878".parse().unwrap();
        assert_eq!(
            ranked(scoped, &[interface("eth3", "fe80::7")], &[])[0].command(),
            "client [fe80::7]:7878"
        );
    }

    #[test]
    fn this_machine_finds_every_server_of_its_own() {
        for (bound, found) in [
            ("0.0.0.0:7878", "127.0.0.1:7878"),
            ("[::]:7878", "[::1]:7878"),
            ("192.0.2.7:7878", "192.0.2.7:7878"),
            // With its interface, without which the address means nothing.
            ("[fe80::1%2]:7878", "[fe80::1%2]:7878"),
        ] {
            let bound: SocketAddr = bound.parse().unwrap();
            assert_eq!(from_this_machine(bound), found.parse().unwrap());
        }
    }

    #[test]
    fn nobody_is_told_to_type_zeros() {
        for any in ["0.0.0.0:7878", "[::]:7878"] {
            let (first, commands) = greeting(any.parse().unwrap())
                .split_once('\n')
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .unwrap();
            assert!(first.contains(any));
            assert!(
                commands.contains("    client ")
                    && !commands.contains("0.0.0.0")
                    && !commands.contains("[::]"),
                "{commands}"
            );
        }
    }
}
