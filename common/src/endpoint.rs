//! Where a server is: `HOTE[:PORT]`, as people type it.

use std::fmt;
use std::str::FromStr;

use crate::frame::DEFAULT_PORT;

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
                write!(f, "le port « {port} » n'est pas valide : donnez un nombre de 1 à 65535")
            }
            EndpointError::Host(host) => write!(
                f,
                "l'adresse « {host} » n'est pas valide : donnez un nom ou une adresse IP, \
                 suivis au besoin de « :PORT »"
            ),
        }
    }
}

impl std::error::Error for EndpointError {}

impl Endpoint {
    /// Reads where to connect to: unlike where to listen, never on port 0.
    ///
    /// # Errors
    /// Those of [`from_str`](Self::from_str), and port 0.
    pub fn parse_remote(text: &str) -> Result<Self, EndpointError> {
        let endpoint: Endpoint = text.parse()?;
        if endpoint.port == 0 { Err(EndpointError::Port("0".to_owned())) } else { Ok(endpoint) }
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
        let port = port.map_or(Ok(DEFAULT_PORT), |port| {
            port.parse().map_err(|_| EndpointError::Port(port.to_owned()))
        })?;
        Ok(Endpoint { host: host.to_owned(), port })
    }
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

    #[test]
    fn what_cannot_be_a_place_is_refused() {
        for bad in ["", ":", ":9000", "9000", "a b", "http://a", "[::1", "[::1]x", "moi@ici"] {
            assert!(matches!(bad.parse::<Endpoint>(), Err(EndpointError::Host(_))), "{bad}");
        }
        for bad in ["a:", "a:x", "a:65536", "a:-1", "[::1]:x"] {
            assert!(matches!(bad.parse::<Endpoint>(), Err(EndpointError::Port(_))), "{bad}");
        }
    }
}
