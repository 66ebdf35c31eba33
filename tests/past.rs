//! The discussion on disk, in the window: what was said before, looking for words, saving, emptying and erasing.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

use client::store::{History, Part, Quota, Store};
use common::address::Pseudo;
use common::delivery::Delivery;
use common::frame::{Content, Frame};
use common::text::Text;
use support::program::Program;
use support::relay::RelayThread;
use support::window::{Desktop, Window, wait_until};

/// The ground of what was found last, in the light theme.
const SELECTION: u32 = 0x1F62C4;
/// Where it is brought to: in the upper half of the conversation.
const UPPER_HALF: (i32, i32, i32, i32) = (0, 180, 480, 250);

fn alice() -> Pseudo {
    "alice".parse().unwrap()
}

/// alice has said and heard so many messages, all delivered: numbers by turns, « n° 1 », « n° 2 » and so on.
fn keep(folder: &Path, count: usize) {
    let (mut store, remembered) = Store::open_in(folder, &alice(), Quota::default()).unwrap();
    let mut delivery = Delivery::remembering(remembered.identity.address, remembered.memory);
    let own = delivery.own().to_string();
    hear(&mut delivery, "present bob/s-earlier");
    hear(&mut delivery, &format!("recu bob/s-earlier {own} 0"));
    for number in 1..=count {
        let (text, nth) = (format!("n° {number}."), number.div_ceil(2));
        // A minute apart, over several days.
        let date =
            chrono::DateTime::from_timestamp(1_790_000_000 + 600 * number as i64, 0).unwrap().to_rfc3339();
        if number % 2 == 1 {
            let text = Text::from_plain(&text).unwrap();
            delivery.write(&Content::Msg { date: &date, text }).unwrap();
            while delivery.next_frame().is_some() {}
            hear(&mut delivery, &format!("recu bob/s-earlier {own} {nth}"));
        } else {
            hear(&mut delivery, &format!("msg bob/s-earlier {own} {nth} {date} {text}"));
        }
    }
    assert!(store.commit(&delivery.take_changes(), &[]).is_none());
    store.shown();
}

/// Then bob, who has said that much, has said as much again in words that we do not know.
fn keep_unknown(folder: &Path, count: usize) {
    let (mut store, remembered) = Store::open_in(folder, &alice(), Quota::default()).unwrap();
    let mut delivery = Delivery::remembering(remembered.identity.address, remembered.memory);
    let own = delivery.own().to_string();
    hear(&mut delivery, "present bob/s-earlier");
    for number in count + 1..=2 * count {
        hear(&mut delivery, &format!("futur bob/s-earlier {own} {number} 2026-11-20T14:03:07+01:00 quoi"));
    }
    assert!(store.commit(&delivery.take_changes(), &[]).is_none());
    store.shown();
}

fn hear(delivery: &mut Delivery, line: &str) {
    delivery.handle(&Frame::parse(line).unwrap());
    delivery.acknowledge();
}

fn start<'a>(desktop: &'a Desktop, relay: &RelayThread) -> Window<'a> {
    desktop.client(&[&relay.address.to_string(), "alice"])
}

fn bob(relay: &RelayThread) -> Program {
    let bob = Program::client(relay.address, "bob");
    bob.err.wait_for("alice a rejoint");
    bob
}

/// The numbers of the messages in the conversation.
fn numbers(conversation: &str) -> Vec<usize> {
    let number = |line: &str| line.split_once(" : n° ")?.1.trim_end_matches('.').parse().ok();
    conversation.lines().filter_map(number).collect()
}

fn kept(desktop: &Desktop) -> usize {
    let history = History::open(desktop.data_folder(), &alice()).unwrap();
    history.map_or(0, |history| history.page(None, Part::Latest, 1_000_000).unwrap().len())
}

#[test]
fn what_was_said_before_is_there_when_he_joins_and_further_up_as_one_scrolls() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    keep(desktop.data_folder(), 500);
    let window = start(&desktop, &relay);
    let mut bob = bob(&relay);
    window.wait_for_text("bob a rejoint la discussion");
    let conversation = window.conversation();
    assert_eq!(numbers(&conversation), (401..=500).collect::<Vec<_>>());
    assert!(conversation.contains("Vous : n° 499.") && conversation.contains("bob : n° 500."));
    desktop.screenshot("avant");
    bob.type_line("de retour");
    window.wait_for_text("bob : de retour");
    // Up to the very first.
    for _ in 0..6 {
        window.press(&["Home"]);
    }
    let conversation = window.conversation();
    assert_eq!(numbers(&conversation), (1..=500).collect::<Vec<_>>());
    assert!(conversation.ends_with("bob : de retour\n"), "{conversation}");
}

#[test]
fn what_cannot_be_shown_hides_nothing_that_was_said_before_it() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    keep(desktop.data_folder(), 500);
    keep_unknown(desktop.data_folder(), 250);
    let window = start(&desktop, &relay);
    let _bob = bob(&relay);
    window.wait_for_text("bob a rejoint la discussion");
    assert_eq!(numbers(&window.conversation()).last(), Some(&500));
}

#[test]
fn killed_and_started_again_the_whole_discussion_is_there_once() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    let mut window = start(&desktop, &relay);
    let mut bob = bob(&relay);
    window.type_line("un");
    bob.out.wait_for("alice : un");
    bob.type_line("deux");
    window.wait_for_text("bob : deux");
    bob.kill();
    window.wait_for_text("bob a perdu la connexion");
    window.type_line("trois");
    wait_until("three messages on disk", || kept(&desktop) == 3);
    window.program().kill();
    drop(window);

    let relay = RelayThread::permanent();
    let window = start(&desktop, &relay);
    window.wait_for_text("1 message de la dernière fois attend d'être remis à bob.");
    let bob = self::bob(&relay);
    bob.out.wait_for("alice : trois");
    window.wait_for_text("bob a rejoint");
    let conversation = window.conversation();
    for text in ["Vous : un", "bob : deux", "Vous : trois"] {
        assert_eq!(conversation.matches(text).count(), 1, "{text} in {conversation}");
    }
    desktop.screenshot("relance");
}

#[test]
fn words_are_found_in_what_is_not_shown_yet_and_marked() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    keep(desktop.data_folder(), 3000);
    let window = start(&desktop, &relay);
    let _bob = bob(&relay);
    window.wait_for_text("bob a rejoint la discussion");
    window.focus();
    window.press(&["ctrl+f"]);
    window.type_text("150.");
    wait_until("a marked place", || window.pixels(SELECTION, Some(UPPER_HALF)) > 100);
    // The pointer gives no hint.
    window.move_pointer(5, 5);
    window.screenshot("chercher");
    // The bar stands where a click would otherwise find the conversation.
    let first_shown = || {
        window.click(5, 400);
        numbers(&window.copied()).first().copied()
    };
    assert!(first_shown().is_some_and(|first| first <= 2150));
    window.press(&["ctrl+f", "Return", "Return"]);
    wait_until("what was said long ago", || first_shown().is_some_and(|first| first <= 150));
    window.press(&["ctrl+f"]);
    window.type_text("introuvable");
    window.screenshot("chercher-rien");
    window.press(&["Escape"]);
    window.press(&["End"]);
    window.type_line("la saisie a de nouveau le clavier");
    window.wait_for_text("Vous : la saisie a de nouveau le clavier");
}

#[test]
fn emptied_the_view_is_empty_and_scrolling_up_brings_all_back() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    keep(desktop.data_folder(), 50);
    let window = start(&desktop, &relay);
    let mut bob = bob(&relay);
    bob.type_line("maintenant");
    window.wait_for_text("bob : maintenant");
    window.choose_from_main_menu(3);
    assert_eq!(window.conversation(), "(rien)");
    assert_eq!(kept(&desktop), 51);
    window.press(&["Prior"]);
    window.wait_for_text("bob : maintenant");
    assert_eq!(numbers(&window.conversation()), (1..=50).collect::<Vec<_>>());
}

#[test]
fn erased_after_a_question_nothing_is_left_and_the_discussion_goes_on() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    keep(desktop.data_folder(), 50);
    let window = start(&desktop, &relay);
    let mut bob = bob(&relay);
    window.wait_for_text("bob a rejoint la discussion");
    window.choose_from_main_menu(4);
    wait_until("the question", || window.is_asking());
    desktop.screenshot("effacer");
    window.press(&["Escape"]);
    assert_eq!(kept(&desktop), 50);
    window.choose_from_main_menu(4);
    wait_until("the question", || window.is_asking());
    window.press(&["alt+e"]);
    window.wait_for_text("L'historique est effacé.");
    assert_eq!(kept(&desktop), 0);
    assert!(numbers(&window.conversation()).is_empty());
    bob.type_line("encore là ?");
    window.wait_for_text("bob : encore là ?");
    window.press(&["Prior"]);
    assert_eq!(window.conversation().matches("encore là ?").count(), 1);
    assert_eq!(kept(&desktop), 1);
}

#[test]
fn whoever_does_not_want_it_keeps_nothing_and_need_not_say_so_again() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    let window = desktop.client(&[]);
    window.screenshot("formulaire-historique");
    window.paste(&relay.address.to_string());
    window.press(&["Tab", "Tab"]);
    window.type_text("alice");
    window.press(&["Tab", "space", "Return"]);
    window.wait_for_title("alice – Messagerie");
    drop(window);
    assert!(fs::read_to_string(desktop.settings_file()).unwrap().contains("historique=non"));
    assert!(History::owners(desktop.data_folder()).is_empty());
    let window = start(&desktop, &relay);
    window.wait_for_title("alice – Messagerie");
    assert!(History::owners(desktop.data_folder()).is_empty());
}

#[test]
fn from_the_form_one_comes_back_to_the_discussion_that_is_over() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    let window = start(&desktop, &relay);
    let mut bob = bob(&relay);
    bob.type_line("au revoir");
    window.wait_for_text("bob : au revoir");
    window.focus();
    window.type_text("pas fini");
    bob.type_line("quitter");
    window.wait_for_text("le client bob a quitté la discussion.");
    window.press(&["alt+n"]);
    window.wait_for_title("Messagerie");
    window.screenshot("revenir");
    window.press(&["alt+v"]);
    window.wait_for_title("alice avec bob – Messagerie");
    window.wait_for_text("bob : au revoir");
    // A new one takes its place.
    window.press(&["alt+n"]);
    window.wait_for_title("Messagerie");
    window.press(&["Return"]);
    let bob = self::bob(&relay);
    window.wait_for_text("bob a rejoint la discussion");
    assert!(window.conversation().contains("bob : au revoir"), "kept");
    drop(bob);
}
