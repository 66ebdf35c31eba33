//! The addresses under which other machines reach this one.

use std::io;
use std::net::{IpAddr, SocketAddr};

/// What to type on the other machines to reach a server that listens on `bound`: one address, or, for `0.0.0.0`
/// and `::`, every address of this machine that another one could use. Without any, the loopback address.
///
/// # Errors
/// The system does not tell its addresses.
pub fn reachable(bound: SocketAddr) -> io::Result<Vec<SocketAddr>> {
    if !bound.ip().is_unspecified() {
        return Ok(vec![bound]);
    }
    let mut addresses: Vec<IpAddr> = if_addrs::get_if_addrs()?
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| interface.ip())
        .filter(|ip| ip.is_ipv4() || bound.is_ipv6())
        .collect();
    addresses.sort_by_key(|ip| (ip.is_ipv6(), *ip));
    if addresses.is_empty() {
        addresses.push(loopback_like(bound.ip()));
    }
    Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, bound.port())).collect())
}

/// The loopback address of the same family.
pub fn loopback_like(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_address_is_the_one_to_type() {
        let bound: SocketAddr = "192.0.2.7:7878".parse().unwrap();
        assert_eq!(reachable(bound).unwrap(), [bound]);
    }

    #[test]
    fn nobody_is_told_to_type_zeros() {
        for any in ["0.0.0.0:7878", "[::]:7878"] {
            let addresses = reachable(any.parse().unwrap()).unwrap();
            assert!(!addresses.is_empty());
            assert!(addresses.iter().all(|address| !address.ip().is_unspecified() && address.port() == 7878));
        }
    }
}
