//! Files on this machine: which were dropped on the window, where received ones go, how one is shown to the system.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use common::text::{and_others, harmless, readable_size};

/// How many files are named before they are offered.
const NAMED: usize = 8;

/// The files that a text brought by drag and drop names, one a line, as addresses or paths; `None` for any other text.
pub(crate) fn dropped(text: &str) -> Option<Vec<PathBuf>> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let paths: Vec<PathBuf> = lines.map(path_of).collect::<Option<_>>()?;
    Some(paths).filter(|paths| !paths.is_empty())
}

fn path_of(line: &str) -> Option<PathBuf> {
    let line = line.trim_end_matches('\0');
    let path = match line.strip_prefix("file://") {
        // What stands before the path is a machine's name.
        Some(rest) => {
            let path = decoded(&rest[rest.find('/')?..])?;
            // On Windows there is a drive behind the slash.
            PathBuf::from(if cfg!(windows) { &path[1..] } else { &path })
        }
        None => PathBuf::from(line),
    };
    Some(path).filter(|path| path.is_absolute() && path.exists())
}

/// `%C3%A9` as what it stands for.
fn decoded(address: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = address.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            rest = after;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        } else {
            bytes.push(first);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The address of a file, for the program that opens it.
pub(crate) fn address(path: &Path) -> String {
    let mut address = if cfg!(windows) { "file:///" } else { "file://" }.to_owned();
    for byte in path.to_string_lossy().replace('\\', "/").bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' | b':' => address.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => address.push(byte.into()),
            _ => address += &format!("%{byte:02X}"),
        }
    }
    address
}

/// Asks whether these are to be offered to that one.
pub(crate) fn question(paths: &[PathBuf], to: &str) -> String {
    let mut question = format!("Proposer à {to} ?");
    for path in paths.iter().take(NAMED) {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let size = fs::metadata(path).map(|metadata| metadata.len()).unwrap_or_default();
        question += &format!("\n« {} » ({})", harmless(&name), readable_size(size));
    }
    if let Some(others) = and_others(paths.len().saturating_sub(NAMED)) {
        question += &format!("\n{others}");
    }
    question
}

/// Where this user's programs put what they receive.
pub(crate) fn downloads() -> PathBuf {
    let home = env::home_dir().unwrap_or_default();
    let configuration = env::var_os("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    let folders = fs::read_to_string(configuration.join("user-dirs.dirs")).unwrap_or_default();
    let chosen = folders.lines().find_map(|line| line.strip_prefix("XDG_DOWNLOAD_DIR="));
    let chosen =
        chosen.map(|path| path.trim().trim_matches('"')).map(|path| match path.strip_prefix("$HOME/") {
            Some(rest) => home.join(rest),
            None => PathBuf::from(path),
        });
    let usual = home.join("Downloads");
    [chosen, Some(usual)].into_iter().flatten().find(|folder| folder.is_dir()).unwrap_or(home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_dropped_are_told_from_text() {
        let here = env::current_exe().unwrap();
        let path = here.to_str().unwrap();
        assert_eq!(dropped(&address(&here)), Some(vec![here.clone()]));
        let elsewhere = address(&here).replace("file://", "file://localhost");
        assert_eq!(dropped(&format!("{path}\r\n{elsewhere}\r\n")), Some(vec![here.clone(); 2]));
        for text in [
            "",
            "bonjour",
            "https://exemple.org/",
            "file:///absent%C3%A9",
            "file://%zz",
            &format!("{path}\net toi ?"),
        ] {
            assert_eq!(dropped(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_has_only_signs_that_no_program_mistakes() {
        let path = if cfg!(windows) { r"C:\a b\mémo?.pdf" } else { "/C:/a b/mémo?.pdf" };
        assert_eq!(address(Path::new(path)), "file:///C:/a%20b/m%C3%A9mo%3F.pdf");
        assert_eq!(decoded("/a%20b/m%C3%A9mo%3F.pdf").as_deref(), Some("/a b/mémo?.pdf"));
    }

    #[test]
    fn names_and_sizes_are_said_before_they_are_offered() {
        let absent: Vec<PathBuf> = (1..=10).map(|i| format!("/absent/{i}.txt").into()).collect();
        let question = question(&absent, "bob");
        assert!(question.starts_with("Proposer à bob ?\n« 1.txt » (0 octet)\n"), "{question}");
        assert!(question.ends_with("« 8.txt » (0 octet)\net 2 autres"), "{question}");
        assert!(super::question(&absent[..9], "bob").ends_with("\net 1 autre"));
    }
}
