//! Files in the window: dropped, confirmed, accepted, refused, opened; on the other side is the program for scripts.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use support::program::{DATA_VARIABLE, Program, binary};
use support::proxy::{Proxy, Weather};
use support::relay::RelayThread;
use support::window::{Desktop, Window, wait_until};
use tempfile::TempDir;

/// The grounds of the buttons in a file's row: what one most likely wants, and the others.
const MAIN: [u8; 3] = [0x1F, 0x62, 0xC4];
const OTHER: [u8; 3] = [0xE1, 0xE5, 0xEB];

/// bob, for scripts: `client RELAY bob` and these.
fn bob(relay: &RelayThread, data: &TempDir, what: &str, path: &Path) -> Program {
    let mut command = Command::new(binary("client"));
    command.args([&relay.address.to_string(), "bob", what]).arg(path).env(DATA_VARIABLE, data.path());
    Program::spawn(&mut command)
}

/// alice's window, in which what is received goes into that folder.
fn alice<'a>(desktop: &'a Desktop, relay: &RelayThread, downloads: &Path) -> Window<'a> {
    let folders = format!("XDG_DOWNLOAD_DIR=\"{}\"\n", downloads.display());
    fs::write(desktop.data_folder().join("user-dirs.dirs"), folders).unwrap();
    desktop.client_with_theme("clair", &[&relay.address.to_string(), "alice", "--sans-historique"])
}

/// Clicks on the first such button in the conversation.
fn click_on(window: &Window<'_>, ground: [u8; 3]) {
    let (_, _, w, h) = window.geometry();
    // Below the buttons at the top, above the entry field, left of the scrollbar.
    let (top, width) = (70, w - 20);
    let part = Some((0, top, width, h - top - 80));
    // Selected, as whoever looks at the text has left it, nothing is seen of the buttons.
    window.click(w / 2, top);
    wait_until("there is a button", || window.picture(part).contains(&OTHER));
    let picture = window.picture(part);
    let at = picture.iter().position(|pixel| *pixel == ground).unwrap();
    let (x, y) = (at as i32 % width, at as i32 / width);
    window.click(x + 8, top + y + 6);
}

#[test]
fn an_offered_file_is_accepted_by_a_click_and_its_folder_opened() {
    let (desktop, relay, downloads, data) =
        (Desktop::start(), RelayThread::start(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let opened = desktop.catch_links();
    let window = alice(&desktop, &relay, downloads.path());
    let file = data.path().join("mémo.pdf");
    fs::write(&file, "x".repeat(1_200_000)).unwrap();
    let mut sender = bob(&relay, &data, "--envoyer", &file);
    window.wait_for_text("bob propose « mémo.pdf » (1,2 Mo).");
    window.screenshot("fichier-propose");
    assert_eq!(fs::read_dir(downloads.path()).unwrap().count(), 0, "nothing before it was accepted");
    click_on(&window, MAIN);
    assert_eq!(sender.status(), 0, "{}", sender.err.text());
    window.wait_for_text("« mémo.pdf » (1,2 Mo) est reçu : ");
    assert_eq!(fs::read(downloads.path().join("mémo.pdf")).unwrap(), fs::read(&file).unwrap());
    window.screenshot("fichier-recu");
    click_on(&window, MAIN);
    let is_opened = |address: &str| fs::read_to_string(&opened).is_ok_and(|lines| lines.contains(address));
    wait_until("the file is opened", || is_opened("/m%C3%A9mo.pdf\n"));
    click_on(&window, OTHER);
    let folder = format!("file://{}\n", downloads.path().display());
    wait_until("the folder is opened", || is_opened(&folder));
}

#[test]
fn a_file_is_refused_by_a_click() {
    let (desktop, relay, downloads, data) =
        (Desktop::start(), RelayThread::start(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let window = alice(&desktop, &relay, downloads.path());
    let file = data.path().join("virus.exe");
    fs::write(&file, "MZ").unwrap();
    let mut sender = bob(&relay, &data, "--envoyer", &file);
    window.wait_for_text("bob propose « virus.exe » (2 octets).");
    click_on(&window, OTHER);
    assert_eq!(sender.status(), 1);
    window.wait_for_text("« virus.exe » est refusé.");
    window.screenshot("fichier-refuse");
    assert_eq!(fs::read_dir(downloads.path()).unwrap().count(), 0);
}

#[test]
fn what_the_buttons_of_a_file_do_can_be_chosen_from_the_menu_by_keys() {
    let (desktop, relay, downloads, data) =
        (Desktop::start(), RelayThread::start(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let opened = desktop.catch_links();
    let window = alice(&desktop, &relay, downloads.path());
    // Signs that FLTK's menus have a use of their own for.
    let name = "_un & @2.pdf";
    let file = data.path().join(name);
    fs::write(&file, "x").unwrap();
    let mut sender = bob(&relay, &data, "--envoyer", &file);
    window.wait_for_text("bob propose");
    window.choose_from_main_menu(1);
    assert_eq!(sender.status(), 0, "{}", sender.err.text());
    assert!(downloads.path().join(name).exists());
    window.wait_for_text("est reçu : ");
    window.choose_from_main_menu(2);
    let folder = format!("file://{}\n", downloads.path().display());
    wait_until("the folder is opened", || fs::read_to_string(&opened).is_ok_and(|lines| lines == folder));
}

#[test]
fn what_is_under_way_shows_how_far_it_is_and_is_given_up_by_a_click() {
    let (desktop, relay, downloads, data) =
        (Desktop::start(), RelayThread::start(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let proxy = Proxy::start(relay.address);
    let window = alice(&desktop, &relay, downloads.path());
    let file = data.path().join("film.mkv");
    fs::write(&file, "x".repeat(50_000_000)).unwrap();
    proxy.set(Weather::Slow { bytes_per_second: 1_000_000, late: Duration::from_millis(1) });
    let mut command = Command::new(binary("client"));
    command.args([&proxy.address.to_string(), "bob", "--envoyer"]).arg(&file).env(DATA_VARIABLE, data.path());
    let mut sender = Program::spawn(&mut command);
    window.wait_for_text("bob propose « film.mkv » (50 Mo).");
    click_on(&window, MAIN);
    window.wait_for_text("« film.mkv » : 1 % de 50 Mo, ");
    window.click(200, 70);
    window.screenshot("fichier-en-cours");
    // Leaving would end it: that is asked first.
    window.press(&["alt+q"]);
    wait_until("it asks", || window.is_asking());
    window.press(&["Escape"]);
    wait_until("it does not ask any more", || !window.is_asking());
    click_on(&window, OTHER);
    window.wait_for_text("La réception de « film.mkv » est abandonnée ; rien n'en est gardé.");
    assert_eq!(sender.status(), 1);
    assert!(sender.err.text().contains("alice a abandonné la réception de « film.mkv »."));
    assert_eq!(fs::read_dir(downloads.path()).unwrap().count(), 0);
}

#[test]
fn files_are_dropped_anywhere_and_leave_once_that_is_confirmed() {
    let (desktop, relay, downloads, data) =
        (Desktop::start(), RelayThread::permanent(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let window = alice(&desktop, &relay, downloads.path());
    let (one, two) = (data.path().join("un.txt"), data.path().join("deux.txt"));
    fs::write(&one, "1").unwrap();
    fs::write(&two, "22").unwrap();
    let received = TempDir::new().unwrap();
    let receiver = bob(&relay, &data, "--recevoir", received.path());
    window.wait_for_title("alice avec bob – Messagerie");
    let (_, _, w, h) = window.geometry();
    // On the conversation: not now.
    window.drop_files(&[&one, &two], w / 2, h / 2);
    wait_until("it asks", || window.is_asking());
    window.screenshot("fichiers-a-confirmer");
    window.press(&["Escape"]);
    wait_until("it does not ask any more", || !window.is_asking());
    // On the entry field, in which nothing is written.
    window.drop_files(&[&one, &two], 60, h - 30);
    wait_until("it asks", || window.is_asking());
    window.press(&["alt+p"]);
    window.wait_for_text("bob a reçu « un.txt » (1 octet).");
    window.wait_for_text("bob a reçu « deux.txt » (2 octets).");
    window.screenshot("fichiers-remis");
    assert_eq!(fs::read_to_string(received.path().join("deux.txt")).unwrap(), "22");
    assert_eq!(receiver.err.text().matches("alice propose").count(), 2, "offered once");
    window.type_line("rien d'autre");
    receiver.out.wait_for(" : rien d'autre");
}
