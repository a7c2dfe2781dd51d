//! Which addresses of services are allowed.

use std::net::IpAddr;

use url::{Host, Url};

/// Whether `url` is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| IpAddr::V4(ip).is_loopback()),
        None => false,
    }
}

/// Whether nobody between here and the service can read the key and the visitor's words: https, or this machine.
pub(crate) fn is_private(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => is_loopback(url),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_private_on_this_machine_only() {
        let private = |text: &str| is_private(&Url::parse(text).unwrap());
        for local in ["http://127.0.0.1:8000/v1", "http://localhost/v1", "http://[::1]:1/v1", "https://10.0.0.2/v1"] {
            assert!(private(local), "{local}");
        }
        for open in ["http://10.0.0.2/v1", "http://localhost.example.org/v1", "http://0.0.0.0/v1", "ftp://127.0.0.1/"] {
            assert!(!private(open), "{open}");
        }
    }
}
