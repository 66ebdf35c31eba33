//! Where a server is: `HOTE[:PORT]`, as people type it.

use std::fmt;
use std::str::FromStr;

use crate::frame::DEFAULT_PORT;
use crate::text::harmless;

/// A host (a name or an IP address) and a port.
///
/// ```
/// # use common::endpoint::Endpoint;
/// assert_eq!("salle-12:9000".parse::<Endpoint>()?.port, 9000);
/// assert_eq!("192.168.1.23".parse::<Endpoint>()?.port, 7878);
/// assert_eq!("::1".parse::<Endpoint>()?.to_string(), "[::1]:7878");
/// assert_eq!("[fe80::1]:9000".parse::<Endpoint>()?.host, "fe80::1");
/// # Ok::<(), common::endpoint::EndpointError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// A name or an IP address, an IPv6 address without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

/// What is wrong with `HOTE[:PORT]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointError {
    /// The part after the colon is no port.
    Port(String),
    /// There is no host, or it cannot be one.
    Host(String),
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EndpointError::Port(port) => {
                let port = harmless(port);
                write!(f, "le port « {port} » n'est pas valide : donnez un nombre de 1 à 65535")
            }
            EndpointError::Host(host) => write!(
                f,
                "l'adresse « {} » n'est pas valide : donnez un nom ou une adresse IP, \
                 suivis au besoin de « :PORT »",
                harmless(host)
            ),
        }
    }
}

impl std::error::Error for EndpointError {}

impl Endpoint {
    /// Every IPv4 address of this machine.
    pub fn everywhere(port: u16) -> Self {
        Endpoint { host: "0.0.0.0".to_owned(), port }
    }

    /// Reads where to connect to: unlike where to listen, never on port 0.
    ///
    /// # Errors
    /// Those of [`from_str`](Self::from_str), and port 0.
    pub fn parse_remote(text: &str) -> Result<Self, EndpointError> {
        let endpoint: Endpoint = text.parse()?;
        if endpoint.port == 0 { Err(EndpointError::Port("0".to_owned())) } else { Ok(endpoint) }
    }

    /// Reads where to listen: a port alone, `7979` or `:7979`, is that port [everywhere](Self::everywhere).
    ///
    /// # Errors
    /// Those of [`from_str`](Self::from_str).
    pub fn parse_local(text: &str) -> Result<Self, EndpointError> {
        let port = text.strip_prefix(':').unwrap_or(text);
        if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Endpoint::everywhere(parse_port(port)?));
        }
        text.parse()
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        // Someone has pasted a whole URL.
        if text.contains('/') {
            return Err(EndpointError::Host(text.to_owned()));
        }
        let (host, port) = split(text)?;
        let looks_like_a_host = !host.is_empty()
            && !host.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '[' | ']' | '@'))
            // A bare number is a port whose colon was forgotten, not the address 0.0.35.40.
            && !host.bytes().all(|b| b.is_ascii_digit());
        if !looks_like_a_host {
            return Err(EndpointError::Host(text.to_owned()));
        }
        let port = port.map_or(Ok(DEFAULT_PORT), parse_port)?;
        Ok(Endpoint { host: host.to_owned(), port })
    }
}

fn parse_port(port: &str) -> Result<u16, EndpointError> {
    // Rust would take a sign.
    let is_number = port.bytes().all(|b| b.is_ascii_digit());
    port.parse().ok().filter(|_| is_number).ok_or_else(|| EndpointError::Port(port.to_owned()))
}

/// Host and port as they are written; the brackets of an IPv6 address removed.
fn split(text: &str) -> Result<(&str, Option<&str>), EndpointError> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']').ok_or_else(|| EndpointError::Host(text.to_owned()))?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(EndpointError::Host(text.to_owned())),
        };
    }
    match text.split_once(':') {
        // Several colons without brackets: an IPv6 address alone.
        Some((_, rest)) if rest.contains(':') => Ok((text, None)),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((text, None)),
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(host: &str, port: u16) -> Endpoint {
        Endpoint { host: host.to_owned(), port }
    }

    #[test]
    fn what_people_type_is_understood() {
        for (text, host, port) in [
            ("salle-12", "salle-12", 7878),
            ("salle-12:9000", "salle-12", 9000),
            ("192.168.1.23:1", "192.168.1.23", 1),
            ("a:65535", "a", 65_535),
            ("::1", "::1", 7878),
            ("fe80::1%eth0", "fe80::1%eth0", 7878),
            ("[::1]", "::1", 7878),
            ("[fe80::1%3]:9000", "fe80::1%3", 9000),
            // A name may consist of digits and something else.
            ("12b", "12b", 7878),
        ] {
            for parse in [Endpoint::from_str, Endpoint::parse_remote, Endpoint::parse_local] {
                assert_eq!(parse(text), Ok(endpoint(host, port)), "{text}");
            }
        }
    }

    #[test]
    fn what_cannot_be_a_place_is_refused() {
        for bad in [
            "", ":", ":9000", "9000", "a b", "http://a", "[::1", "[::1]x", "moi@ici", "a]", "a\u{7}",
            "[]:9000",
        ] {
            assert_eq!(bad.parse::<Endpoint>(), Err(EndpointError::Host(bad.to_owned())), "{bad}");
            assert_eq!(Endpoint::parse_remote(bad), Err(EndpointError::Host(bad.to_owned())), "{bad}");
        }
        for (bad, port) in
            [("a:", ""), ("a:x", "x"), ("a:65536", "65536"), ("a:-1", "-1"), ("a:+1", "+1"), ("[::1]:x", "x")]
        {
            assert_eq!(bad.parse::<Endpoint>(), Err(EndpointError::Port(port.to_owned())), "{bad}");
        }
    }

    #[test]
    fn nobody_connects_to_port_0() {
        assert_eq!(Endpoint::parse_remote("a:0"), Err(EndpointError::Port("0".to_owned())));
        assert_eq!("a:0".parse(), Ok(endpoint("a", 0)));
    }

    #[test]
    fn a_port_alone_is_where_to_listen_everywhere() {
        for text in ["7979", ":7979"] {
            assert_eq!(Endpoint::parse_local(text), Ok(endpoint("0.0.0.0", 7979)), "{text}");
        }
        assert_eq!(Endpoint::parse_local(":0"), Ok(endpoint("0.0.0.0", 0)));
        for (text, port) in [("99999", "99999"), (":65536", "65536")] {
            assert_eq!(Endpoint::parse_local(text), Err(EndpointError::Port(port.to_owned())), "{text}");
        }
        for text in ["", ":", ":x", "::"] {
            assert_eq!(Endpoint::parse_local(text), text.parse(), "{text}");
        }
    }

    #[test]
    fn it_is_written_as_it_can_be_typed() {
        for (host, port, text) in [("salle-12", 9000, "salle-12:9000"), ("::1", 7878, "[::1]:7878")] {
            assert_eq!(endpoint(host, port).to_string(), text);
            assert_eq!(text.parse(), Ok(endpoint(host, port)));
        }
    }

    #[test]
    fn an_error_says_what_was_typed_and_does_no_harm() {
        let port = EndpointError::Port("x\u{1b}".to_owned()).to_string();
        assert!(port.contains("« x␛ »") && port.contains("65535"), "{port}");
        let host = EndpointError::Host("a\u{7}".to_owned()).to_string();
        assert!(host.contains("« a␇ »") && host.contains(":PORT"), "{host}");
    }
}
