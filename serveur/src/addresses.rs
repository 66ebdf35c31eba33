//! The addresses under which a server is reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What to type on the other machines to reach a server that listens on `bound`: one address, or, for `0.0.0.0`
/// and `::`, every address of this machine that another one could use. Without any, the loopback address.
pub fn reachable(bound: SocketAddr) -> Vec<SocketAddr> {
    if !bound.ip().is_unspecified() {
        return vec![bound];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        log::warn!("les adresses de cette machine sont inconnues : {error}");
        Vec::new()
    });
    let mut addresses: Vec<IpAddr> = interfaces
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| interface.ip())
        .filter(|ip| ip.is_ipv4() || bound.is_ipv6())
        .collect();
    addresses.sort_by_key(|ip| (ip.is_ipv6(), *ip));
    if addresses.is_empty() {
        return vec![from_this_machine(bound)];
    }
    addresses.into_iter().map(|ip| SocketAddr::new(ip, bound.port())).collect()
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

    #[test]
    fn a_bound_address_is_the_one_to_type() {
        let bound: SocketAddr = "192.0.2.7:7878".parse().unwrap();
        assert_eq!(reachable(bound), [bound]);
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
            let addresses = reachable(any.parse().unwrap());
            assert!(!addresses.is_empty());
            assert!(addresses.iter().all(|address| !address.ip().is_unspecified() && address.port() == 7878));
        }
    }
}
