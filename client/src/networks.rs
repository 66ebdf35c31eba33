//! The networks that this machine is in: where to ask for a relay, and why one may be out of reach.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use common::endpoint::Endpoint;
use if_addrs::{IfAddr, Interface};

/// The addresses of a host, in the order in which they are tried.
///
/// # Errors
/// Its name leads nowhere.
pub(crate) fn resolve(server: &Endpoint) -> io::Result<Vec<SocketAddr>> {
    // A bare system does not know that name; others give ::1 first, where a server listens only if it was told to, and on
    // Windows that costs 2 s.
    if server.host.eq_ignore_ascii_case("localhost") {
        let here: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        return Ok(here.map(|ip| SocketAddr::new(ip, server.port)).into());
    }
    Ok((server.host.as_str(), server.port).to_socket_addrs()?.collect())
}

/// The most likely cause of an attempt to connect that failed with that error, and what to do next.
pub(crate) fn likely_cause(server: &Endpoint, error: io::ErrorKind) -> String {
    likely_cause_in(&Networks::now(), server, error)
}

fn likely_cause_in(networks: &Networks, server: &Endpoint, error: io::ErrorKind) -> String {
    let port = server.port;
    let elsewhere = server.host.parse().ok().and_then(|there| networks.instead_of(there));
    match (error, elsewhere.as_deref()) {
        (io::ErrorKind::ConnectionRefused, _) => {
            "lancez-y « serveur », ou vérifiez le port qu'il affiche".to_owned()
        }
        (
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted,
            _,
        ) => "c'est peut-être autre chose qui y répond ; vérifiez l'adresse et le port".to_owned(),
        (_, Some([])) => "cette machine n'a pas de réseau ; reliez-la à celui du serveur".to_owned(),
        (_, Some(own)) => format!(
            "vous êtes dans {}, {} n'y est pas ; mettez les deux machines dans le même réseau",
            own.join(" et "),
            server.host
        ),
        (_, None) => format!(
            "un pare-feu y ferme peut-être le port {port} (« sudo ufw allow {port}/tcp » l'ouvre), \
             ou la machine est éteinte ou dans un autre réseau"
        ),
    }
}

/// The addresses of this machine, each with its network.
#[derive(Debug, Default)]
pub(crate) struct Networks(Vec<Interface>);

impl Networks {
    /// As they are now; none, if the system does not tell.
    pub(crate) fn now() -> Self {
        let interfaces = if_addrs::get_if_addrs();
        Networks(
            interfaces
                .inspect_err(|error| log::info!("Adresses de cette machine : {error}"))
                .unwrap_or_default(),
        )
    }

    /// Whether this is an address of this machine.
    pub(crate) fn is_own(&self, ip: IpAddr) -> bool {
        ip.is_loopback() || self.0.iter().any(|interface| interface.ip() == ip)
    }

    /// Where one datagram reaches all the machines of a network, for each network that has such an address.
    pub(crate) fn broadcasts(&self) -> Vec<Ipv4Addr> {
        let mut broadcasts: Vec<Ipv4Addr> = self.0.iter().filter_map(broadcast).collect();
        broadcasts.sort_unstable();
        broadcasts.dedup();
        broadcasts
    }

    /// If `there` is an address that only its own network knows, and this machine is not in that one: the networks it is
    /// in instead, as `10.3.0.0/16`.
    pub(crate) fn instead_of(&self, there: IpAddr) -> Option<Vec<String>> {
        let others: Vec<&Interface> = self.0.iter().filter(|interface| !interface.is_loopback()).collect();
        let within = |interface: &&Interface| network(interface, there) == network(interface, interface.ip());
        if !is_local(there) || self.is_own(there) || others.iter().any(within) {
            return None;
        }
        let mut networks: Vec<String> = others
            .iter()
            .filter(|interface| interface.ip().is_ipv4() == there.is_ipv4() && is_local(interface.ip()))
            // The end of a tunnel is no network.
            .filter(|interface| prefix(interface) < if there.is_ipv4() { 31 } else { 127 })
            .filter_map(|interface| {
                Some(format!("{}/{}", network(interface, interface.ip())?, prefix(interface)))
            })
            .collect();
        networks.dedup();
        Some(networks)
    }
}

/// Whether an address means something only within some network.
fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

fn broadcast(interface: &Interface) -> Option<Ipv4Addr> {
    let IfAddr::V4(addr) = &interface.addr else { return None };
    // Not what the system has noted, which often is nothing; a point to point link, or one of a single address, has none.
    let has_one = !addr.ip.is_loopback() && !interface.is_p2p() && (1..31).contains(&addr.prefixlen);
    has_one.then(|| addr.ip | !addr.netmask)
}

fn prefix(interface: &Interface) -> u8 {
    match &interface.addr {
        IfAddr::V4(addr) => addr.prefixlen,
        IfAddr::V6(addr) => addr.prefixlen,
    }
}

/// What an address has in common with those of the interface's network; `None` if it is of the other kind.
fn network(interface: &Interface, ip: IpAddr) -> Option<IpAddr> {
    match (&interface.addr, ip) {
        (IfAddr::V4(addr), IpAddr::V4(ip)) => Some(IpAddr::V4(ip & addr.netmask)),
        (IfAddr::V6(addr), IpAddr::V6(ip)) => Some(IpAddr::V6(ip & addr.netmask)),
        _ => None,
    }
}

#[cfg(test)]
impl Networks {
    /// Made up, from names and addresses with their prefixes.
    pub(crate) fn of(interfaces: &[(&str, &str)]) -> Self {
        use if_addrs::{IfOperStatus, Ifv4Addr, Ifv6Addr};
        use std::net::Ipv6Addr;
        let interface = |(name, network): &(&str, &str)| {
            let (ip, prefix) = network.split_once('/').unwrap();
            let prefixlen: u8 = prefix.parse().unwrap();
            let addr = match ip.parse().unwrap() {
                IpAddr::V4(ip) => {
                    let netmask =
                        Ipv4Addr::from_bits(u32::MAX.checked_shl(32 - u32::from(prefixlen)).unwrap_or(0));
                    IfAddr::V4(Ifv4Addr { ip, netmask, prefixlen, broadcast: None })
                }
                IpAddr::V6(ip) => {
                    let netmask =
                        Ipv6Addr::from_bits(u128::MAX.checked_shl(128 - u32::from(prefixlen)).unwrap_or(0));
                    IfAddr::V6(Ifv6Addr { ip, netmask, prefixlen, broadcast: None })
                }
            };
            let (name, is_p2p) = ((*name).to_owned(), name.starts_with("tun"));
            Interface {
                name,
                addr,
                index: None,
                oper_status: IfOperStatus::Up,
                is_p2p,
                #[cfg(windows)]
                adapter_name: String::new(),
            }
        };
        Networks(interfaces.iter().map(interface).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_that_can_be_asked_is_asked_once() {
        let networks = Networks::of(&[
            ("lo", "127.0.0.1/8"),
            ("eth0", "192.168.1.23/24"),
            ("eth0", "fd00::2/64"),
            ("wlan0", "192.168.1.40/24"),
            ("eth1", "10.3.0.7/16"),
            ("tun0", "10.8.0.2/24"),
            ("eth2", "198.51.100.7/32"),
            ("eth3", "198.51.100.8/31"),
        ]);
        let expected: [Ipv4Addr; 2] = [[10, 3, 255, 255].into(), [192, 168, 1, 255].into()];
        assert_eq!(networks.broadcasts(), expected);
    }

    #[test]
    fn an_address_of_another_network_is_known_by_this_machines_own() {
        let networks = Networks::of(&[
            ("lo", "127.0.0.1/8"),
            ("eth0", "10.3.0.7/16"),
            ("eth0", "fd00::2/64"),
            ("eth1", "198.51.100.7/24"),
        ]);
        let instead = |there: &str| networks.instead_of(there.parse().unwrap());
        assert_eq!(instead("192.168.1.23"), Some(vec!["10.3.0.0/16".to_owned()]));
        assert_eq!(instead("10.4.0.1"), Some(vec!["10.3.0.0/16".to_owned()]));
        assert_eq!(instead("fd01::2"), Some(vec!["fd00::/64".to_owned()]));
        // Within; this machine itself; an address of the world.
        for near in ["10.3.255.1", "10.3.0.7", "127.0.0.1", "fd00::9", "203.0.113.9"] {
            assert_eq!(instead(near), None, "{near}");
        }
        assert_eq!(
            Networks::of(&[("lo", "127.0.0.1/8")]).instead_of("10.0.0.1".parse().unwrap()),
            Some(vec![])
        );
    }
    #[test]
    fn a_failure_comes_with_its_likely_cause_and_the_next_step() {
        let networks =
            Networks::of(&[("eth0", "10.3.0.7/16"), ("eth1", "172.16.5.4/24"), ("tun0", "10.8.0.2/32")]);
        for (networks, host, error, words) in [
            (&networks, "10.3.0.9", io::ErrorKind::ConnectionRefused, &["« serveur »", "port"][..]),
            (&networks, "10.3.0.9", io::ErrorKind::TimedOut, &["pare-feu", "ufw allow 9000/tcp"]),
            (&networks, "salle-12", io::ErrorKind::HostUnreachable, &["pare-feu", "éteinte"]),
            (
                &networks,
                "192.168.1.23",
                io::ErrorKind::TimedOut,
                &["vous êtes dans 10.3.0.0/16 et 172.16.5.0/24, 192.168.1.23 n'y est pas"],
            ),
            (&Networks::default(), "192.168.1.23", io::ErrorKind::NetworkUnreachable, &["n'a pas de réseau"]),
            (&networks, "10.3.0.9", io::ErrorKind::UnexpectedEof, &["autre chose"]),
        ] {
            let server = Endpoint { host: host.to_owned(), port: 9000 };
            let cause = likely_cause_in(networks, &server, error);
            assert!(words.iter().all(|words| cause.contains(words)), "{host} {error}: {cause}");
        }
    }

    #[test]
    fn this_machine_is_tried_at_its_ipv4_address_first() {
        let addresses = resolve(&"localhost:9000".parse().unwrap()).unwrap();
        assert_eq!(addresses[0], "127.0.0.1:9000".parse().unwrap());
        assert!(resolve(&"machine.invalid".parse().unwrap()).is_err());
    }
}
