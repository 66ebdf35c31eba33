//! The links in a text: what a browser or a mail program opens.

use std::ops::Range;

use linkify::{LinkFinder, LinkKind};

/// Anything longer is no address that somebody looks at before he opens it.
const LONGEST: usize = 2_000;

/// Where the links in a text are: addresses of the web (http, https) and of mail.
pub(crate) fn links(text: &str) -> Vec<Range<usize>> {
    if !text.contains("://") && !text.contains('@') {
        return Vec::new();
    }
    let found = LinkFinder::new().links(text).filter(|link| match link.kind() {
        LinkKind::Url => scheme(link.as_str()).is_some(),
        _ => true,
    });
    let ranges = found.map(|link| link.start()..link.start() + until_quote(link.as_str()));
    ranges.filter(|link| link.len() <= LONGEST).collect()
}

/// What has to be opened for a link.
pub(crate) fn uri(link: &str) -> String {
    match scheme(link) {
        Some(scheme) => format!("{scheme}{}", &link[scheme.len()..]),
        None => format!("mailto:{link}"),
    }
}

/// Whose address it is: the machine's name, which is what a disguised address hides.
pub(crate) fn owner(link: &str) -> &str {
    let rest = &link[scheme(link).map_or(0, str::len)..];
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or(rest);
    authority.rsplit('@').next().unwrap_or(authority)
}

/// After which of its bytes, from `at` on, a link may be broken: behind the signs that part it.
pub(super) fn break_after(link: &str, at: usize) -> usize {
    let is_sign = |c: char| matches!(c, '/' | '?' | '&');
    let start = at.max(scheme(link).map_or(0, str::len));
    let rest = &link[start..];
    let Some(sign) = rest.find(is_sign) else { return link.len() };
    let signs = rest[sign..].find(|c| !is_sign(c)).unwrap_or(rest.len() - sign);
    start + sign + signs
}

/// The scheme of a link to the web, in lower case, as it must be handed on.
fn scheme(link: &str) -> Option<&'static str> {
    let starts =
        |scheme: &&str| link.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    ["https://", "http://"].into_iter().find(starts)
}

/// The length of the part before a space without break or a quotation mark, which are no part of an address.
fn until_quote(link: &str) -> usize {
    link.find(|c: char| c.is_whitespace() || matches!(c, '«' | '»' | '“' | '”' | '„' | '‘' | '’' | '<' | '>'))
        .unwrap_or(link.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_without_what_stands_beside_them() {
        for (text, found) in [
            (
                "voir https://exemple.org/un/chemin?a=1&b=2#fin.",
                &["https://exemple.org/un/chemin?a=1&b=2#fin"][..],
            ),
            (
                "(http://exemple.org/a_(b)), HTTPS://EXEMPLE.ORG !",
                &["http://exemple.org/a_(b)", "HTTPS://EXEMPLE.ORG"],
            ),
            (
                "« https://exemple.org\u{a0}» ou «https://été.example/é»",
                &["https://exemple.org", "https://été.example/é"],
            ),
            ("écris à bob@exemple.org, ou mailto:eve@exemple.org", &["bob@exemple.org", "eve@exemple.org"]),
            ("ftp://exemple.org file:///etc/passwd javascript://x.org a@b : // rien", &[]),
            ("192.168.1.23:7878 et exemple.org", &[]),
        ] {
            let there: Vec<&str> = links(text).into_iter().map(|link| &text[link]).collect();
            assert_eq!(there, found, "{text}");
        }
        assert_eq!(links(&format!("https://exemple.org/{}", "a".repeat(LONGEST))), []);
    }

    #[test]
    fn what_is_opened_has_a_scheme_in_lower_case() {
        assert_eq!(uri("HTTPS://Exemple.org/A"), "https://Exemple.org/A");
        assert_eq!(uri("bob@exemple.org"), "mailto:bob@exemple.org");
    }

    #[test]
    fn a_disguise_is_seen_through() {
        assert_eq!(owner("https://exemple.org/a@b"), "exemple.org");
        assert_eq!(owner("https://banque.example@pirate.example:80/x"), "pirate.example:80");
        assert_eq!(owner("http://banque.example\\@pirate.example"), "banque.example");
        assert_eq!(owner("bob@exemple.org"), "exemple.org");
    }

    #[test]
    fn a_link_is_broken_behind_its_signs() {
        let link = "https://exemple.org/un//deux?a=1&b";
        let mut at = 0;
        let mut parts = Vec::new();
        while at < link.len() {
            let end = break_after(link, at);
            parts.push(&link[at..end]);
            at = end;
        }
        assert_eq!(parts, ["https://exemple.org/", "un//", "deux?", "a=1&", "b"]);
    }
}
