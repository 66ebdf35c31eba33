//! The window, as a person meets it: real key presses and clicks on the real program, in a real X server.
//!
//! What was sent is what the one opposite, a raw connection, receives; what is shown is what can be copied.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::{fs, io};

use chrono::{DateTime, Local};
use support::bob::Bob;
use support::free_address;
use support::peer::Peer;
use support::program::{Program, server};
use support::relay::RelayThread;
use support::window::{Desktop, Window, wait_until};

/// Colours of the light theme: errors, text, the ground of fields and of the window, what is most important,
/// edges, buttons.
const ERROR: u32 = 0xB3261E;
const TEXT: u32 = 0x1B1F24;
const SURFACE: u32 = 0xFFFFFF;
const ACCENT: u32 = 0x1F62C4;
const BORDER: u32 = 0x767E8A;
const BUTTON: u32 = 0xE1E5EB;
const BACKGROUND: u32 = 0xF5F6F8;

/// The first word of the other one's last message of one line, above an entry field of one line: from the left, and
/// from the window's bottom.
const LAST_WORD: (i32, i32) = (60, -83);

/// alice's window and bob by hand, who both know of each other.
fn talk<'a>(desktop: &'a Desktop, relay: &RelayThread) -> (Window<'a>, Bob) {
    let window = desktop.client(&[&relay.address.to_string(), "alice"]);
    relay.screen.wait_for("* alice a rejoint la discussion.");
    let bob = Bob::join(relay.address);
    window.wait_for_title("alice avec bob – Messagerie");
    (window, bob)
}

// ---- Part III of the coursework ----

#[test]
fn part_3_point_1_the_display_shows_what_is_sent_and_received_with_date_and_time() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    window.type_line("Salut Bob");
    let (number, date, _) = bob.hear_fields();
    bob.acknowledge(number);
    bob.say_and_wait("Salut Alice");

    let sent: DateTime<Local> = DateTime::parse_from_rfc3339(&date).unwrap().into();
    window.wait_for_text("Salut Bob");
    let conversation = window.conversation();
    assert!(conversation.contains(&sent.format("%H:%M").to_string()), "{conversation}");
    // What bob's line says of the moment he pressed Enter, not the moment of arrival.
    let said: DateTime<Local> = DateTime::parse_from_rfc3339("2026-11-20T14:03:07.123+01:00").unwrap().into();
    let line = conversation.lines().find(|line| line.contains("Salut Alice")).unwrap_or(&conversation);
    assert!(line.contains(&said.format("%H:%M").to_string()), "{conversation}");
    window.screenshot("conversation");
}

#[test]
fn part_3_point_1_the_entry_field_sends_what_is_typed() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    // The field has the focus from the start, and keeps it.
    window.type_line("premier");
    window.type_line("second");
    assert_eq!(bob.hear(), "premier");
    assert_eq!(bob.hear(), "second");
}

#[test]
fn part_3_point_1_the_button_leaves_the_discussion_and_the_window_stays() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    let (_, _, w, _) = window.geometry();
    window.click(w - 40, 30);
    assert_eq!(bob.rest().last().unwrap(), &format!("fin {}", bob.other));
    window.wait_for_text("Vous avez quitté la discussion.");
    assert!(window.is_visible());
    window.screenshot("ended-by-the-button");
}

#[test]
fn part_3_point_2_the_text_quitter_does_the_same() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    window.type_line("quitter");
    assert_eq!(bob.rest().last().unwrap(), &format!("fin {}", bob.other));
    window.wait_for_text("Vous avez quitté la discussion.");
}

#[test]
fn part_3_point_3_the_other_reads_who_has_left_and_can_type_no_more() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    let (window, mut bob) = talk(&desktop, &relay);
    window.type_text("un brouillon");
    bob.peer.send("quitter");
    window.wait_for_text("le client bob a quitté la discussion.");
    // Whoever comes next hears nothing of what is typed now.
    let (_, _, w, h) = window.geometry();
    window.click(w / 2, h - 95);
    window.type_line("personne ne doit lire ceci");
    assert_eq!(bob.rest().last().unwrap(), "fin bob/s-bob");
    bob.peer.close();
    let mut eve = Peer::login(relay.address, "eve");
    eve.expect_quiet();
    // What was being typed is still there, alone, and can be copied.
    window.click(w / 2, h - 95);
    wait_until("the draft", || window.copied() == "un brouillon");
    window.screenshot("ended-by-the-other");
}

#[test]
fn the_end_takes_no_key_from_who_is_typing() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    let (window, mut bob) = talk(&desktop, &relay);
    window.type_text("je voulais dire");
    bob.peer.send("quitter");
    let (_, _, w, h) = window.geometry();
    wait_until("the button below", || window.pixels(0x1F62C4, Some((w / 4, h - 40, w / 2, 20))) > 1000);
    // The rest of the sentence, and Enter: the button does not have the focus.
    window.press(&["space", "Return"]);
    window.wait_for_text("le client bob a quitté la discussion.");
}

#[test]
fn who_is_leaving_presses_no_button_with_the_space_bar() {
    for leave in ["alt+q", "Return"] {
        let (desktop, relay) = (Desktop::start(), RelayThread::start());
        let (window, mut bob) = talk(&desktop, &relay);
        window.type_line("sans reponse");
        let (number, ..) = bob.hear_fields();
        if leave == "Return" {
            window.type_text("quitter");
        }
        window.press(&[leave, "space"]);
        bob.acknowledge(number);
        while bob.peer.receive().is_some_and(|line| !line.starts_with("fin ")) {}
        window.wait_for_text("Vous avez quitté la discussion.");
        assert_eq!(window.pixels(BACKGROUND, Some((1, 1, 8, 8))), 64, "the look is the same");
    }
}

#[test]
fn leaving_twice_and_typing_afterwards_does_nothing() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    window.press(&["alt+q"]);
    window.press(&["alt+q"]);
    window.wait_for_text("Vous avez quitté la discussion.");
    window.type_text("xyz");
    assert!(!bob.rest().iter().any(|line| line.starts_with("msg")));
    assert!(!window.conversation().contains("xyz"));
}

// ---- the entry field ----

#[test]
fn shift_enter_and_a_paste_keep_line_breaks() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    window.type_text("un");
    window.press(&["shift+Return"]);
    window.type_line("deux");
    assert_eq!(bob.hear(), r"un\ndeux");
    window.paste("trois\r\nquatre\n\ncinq");
    window.press(&["Return"]);
    assert_eq!(bob.hear(), r"trois\nquatre\n\ncinq");
}

#[test]
fn on_a_screen_of_twice_the_density_everything_is_twice_as_large_and_in_its_place() {
    let (desktop, relay) = (Desktop::with_density(2), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    let (.., width, height) = window.geometry();
    assert_eq!((width, height), (960, 1280));
    window.type_line("Salut Bob");
    assert_eq!(bob.hear(), "Salut Bob");
    desktop.screenshot("density");
    // « Quitter »
    window.click(2 * 424, 2 * 30);
    relay.screen.wait_for("* alice a quitté la discussion.");
}

#[test]
fn the_right_mouse_button_cuts_copies_and_pastes_in_french() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    // Couper, Copier, Coller, Tout sélectionner; what is impossible at the moment is passed over, and what can never
    // be done is not there.
    let choose = |place: usize, (x, y): (i32, i32)| {
        window.open_menu(x, y);
        window.press(&vec!["Down"; place]);
        window.close_menu("Return");
    };
    let (entry, conversation) = ((100, 610), (240, 300));
    window.type_text("un deux");
    let whole_menu = window.open_menu(entry.0, entry.1);
    desktop.screenshot("menu");
    window.close_menu("Escape");
    choose(2, entry);
    choose(1, entry);
    wait_until("the entry's text in the clipboard", || desktop.clipboard() == "un deux");
    // Nothing is left of it.
    window.press(&["End"]);
    choose(1, entry);
    window.press(&["Return"]);
    assert_eq!(bob.hear(), "un deux");
    let short_menu = window.open_menu(conversation.0, conversation.1);
    desktop.screenshot("menu-conversation");
    window.close_menu("Escape");
    assert!(2 * short_menu <= whole_menu + 10, "{short_menu} and {whole_menu} pixels");
    choose(1, conversation);
    choose(1, conversation);
    wait_until("the message in the clipboard", || desktop.clipboard().contains("Vous : un deux"));
    // Keys go where the menu was.
    choose(2, conversation);
    assert!(window.copied().contains("Vous : un deux"));
    window.press(&["ctrl+f"]);
    let menu_of_search = window.open_menu(150, 80);
    desktop.screenshot("menu-recherche");
    window.close_menu("Escape");
    assert_eq!(menu_of_search, whole_menu);
}

#[test]
fn the_right_mouse_button_copies_the_message_under_it() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    bob.say_and_wait("deux lignes ?\\nPas tout à fait : « trois ».\\nVoilà.");
    let (x, y) = (LAST_WORD.0, window.geometry().3 + LAST_WORD.1);
    window.open_menu(x, y);
    desktop.screenshot("menu-message");
    window.press(&["Down"]);
    window.close_menu("Return");
    let message = "deux lignes ?\nPas tout à fait : « trois ».\nVoilà.";
    wait_until("the message in the clipboard", || desktop.clipboard() == message);
    // What is selected comes first, and the message can be had all the same.
    window.click_times(2, x - 20, y);
    window.open_menu(x, y);
    window.press(&["Down"]);
    window.close_menu("Return");
    wait_until("the word in the clipboard", || desktop.clipboard() == "Voilà");
    window.open_menu(x, y);
    window.press(&["Down", "Down"]);
    window.close_menu("Return");
    wait_until("the message in the clipboard", || desktop.clipboard() == message);
}

#[test]
fn the_line_that_the_server_prints_can_be_pasted_into_the_form() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let window = desktop.client(&[]);
    window.paste(&format!("    client {}\n", relay.address));
    window.press(&["Return"]);
    window.type_line("alice");
    relay.screen.wait_for("* alice a rejoint la discussion.");
}

#[test]
fn an_address_can_be_pasted_into_the_form_with_the_mouse() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let window = desktop.client(&[]);
    window.press(&["alt+t"]);
    desktop.set_clipboard(&relay.address.to_string());
    window.open_menu(100, window.first_row(0x252B34) + 10);
    desktop.screenshot("menu-dark");
    // In an empty field nothing can be cut or copied.
    window.press(&["Down"]);
    window.close_menu("Return");
    window.press(&["Return"]);
    window.type_line("alice");
    relay.screen.wait_for("* alice a rejoint la discussion.");
}

#[test]
fn accents_arabic_and_emoji_arrive_as_they_were_written() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    let text = "Ça a marché à Noël 🎉 👩‍👩‍👧 السلام عليكم\u{a0}!";
    window.paste(text);
    window.press(&["Return"]);
    assert_eq!(bob.hear(), text);
    bob.say_and_wait("مرحبا، كيف حالك؟");
    window.wait_for_text("مرحبا، كيف حالك؟");
    window.wait_for_text(text);
    window.screenshot("arabic");
}

#[test]
fn a_message_of_10_000_characters_arrives_whole() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    let text = "é".repeat(10_000);
    window.paste(&text);
    window.press(&["Return"]);
    assert_eq!(bob.hear(), text);
    bob.say_and_wait(&text);
    window.screenshot("long");
}

#[test]
fn a_text_that_is_too_long_is_said_so_and_stays() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    let text = format!("{}fin", "x".repeat(70_000));
    window.paste(&text);
    window.press(&["Return"]);
    wait_until("the text in the field", || window.copied() == text);
    wait_until("the remark", || window.pixels(ERROR, None) > 0);
    window.screenshot("too-long");
    // It can be shortened.
    window.press(&["ctrl+a"]);
    window.type_line("court");
    assert_eq!(bob.hear(), "court");
    assert_eq!(window.pixels(ERROR, None), 0);
    // So long that it is not even taken into the field.
    window.paste(&"x".repeat(300_000));
    wait_until("the remark", || window.pixels(ERROR, None) > 0);
    window.type_line("court");
    assert_eq!(bob.hear(), "court");
}

#[test]
fn what_is_one_character_on_the_screen_is_one_for_the_keys() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    for character in ["👨‍👩‍👧‍👧", "🇫🇷", "👍🏽", "e\u{301}"] {
        window.type_text("a");
        window.paste(&format!("{character}{character}"));
        // The last one goes; then from before the other, that one.
        window.press(&["BackSpace", "Left", "b", "Right", "c"]);
        window.press(&["Return"]);
        assert_eq!(bob.hear(), format!("ab{character}c"));
        window.paste(character);
        window.press(&["Home", "Delete", "z", "Return"]);
        assert_eq!(bob.hear(), "z");
    }
    window.screenshot("families");
}

#[test]
fn the_keys_of_the_entry_field_do_what_they_do_elsewhere() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    let cases: [(&str, &[&str], &str); 12] = [
        ("un deux trois", &["ctrl+BackSpace"], "un deux "),
        ("un deux trois", &["Home", "ctrl+Delete"], " deux trois"),
        ("un deux trois", &["ctrl+Left", "x"], "un deux xtrois"),
        ("un deux trois", &["Home", "ctrl+Right", "x"], "unx deux trois"),
        ("un deux trois", &["ctrl+shift+Left", "x"], "un deux x"),
        ("un deux trois", &["shift+Home", "x"], "x"),
        // What was typed after a deletion is undone without it.
        ("un deux", &["BackSpace", "BackSpace", "s", "ctrl+z"], "un de"),
        ("un deux", &["BackSpace", "BackSpace", "s", "ctrl+z", "ctrl+z"], "un deux"),
        ("un deux", &["ctrl+z", "ctrl+z", "ctrl+shift+z"], "un "),
        ("un", &["ctrl+a", "ctrl+x", "ctrl+v", "ctrl+v"], "unun"),
        ("un", &["shift+Return", "d", "Up", "x"], r"uxn\nd"),
        ("un deux", &["ctrl+Home", "shift+ctrl+End", "shift+Delete", "y", "shift+Insert"], "yun deux"),
    ];
    for (text, keys, sent) in cases {
        window.type_text(text);
        window.press(keys);
        window.press(&["Return"]);
        assert_eq!(bob.hear(), sent, "{keys:?}");
    }
}

#[test]
fn the_mouse_selects_in_the_entry_field() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    let y = window.geometry().3 - 30;
    window.type_text("alpha beta");
    // A word, everything, a part.
    window.click_times(2, 30, y);
    window.type_line("x");
    assert_eq!(bob.hear(), "x beta");
    window.type_text("alpha beta");
    window.click_times(3, 30, y);
    window.type_line("x");
    assert_eq!(bob.hear(), "x");
    window.type_text("alpha beta");
    window.drag((300, y), (15, y));
    window.type_line("x");
    assert_eq!(bob.hear(), "x");
    // What was selected is pasted with the middle button.
    window.type_text("alpha beta ");
    window.click_times(2, 30, y);
    window.click_with(2, 300, y);
    window.press(&["Return"]);
    assert_eq!(bob.hear(), "alpha beta alpha");
}

#[test]
fn a_long_draft_is_scrolled_and_stays_quick() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    let lines: String = (0..40).map(|i| format!("ligne {i}\n")).collect();
    window.paste(&lines);
    wait_until("the text", || window.copied() == lines);
    window.press(&["ctrl+End"]);
    let height = window.geometry().3;
    let field = Some((14, height - 150, 440, 130));
    let end = window.picture(field);
    window.screenshot("draft-long");
    window.wheel(4, 100, height - 60, 30);
    wait_until("the start of the draft", || window.picture(field) != end);
    window.type_line("fin");
    assert_eq!(bob.hear(), lines.replace('\n', r"\n") + "fin");
}

#[test]
fn what_a_paste_cannot_bring_is_told() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    window.paste("avant\0 et apres");
    wait_until("the remark", || window.pixels(ERROR, None) > 0);
    window.screenshot("paste-nul");
    window.press(&["Return"]);
    assert_eq!(bob.hear(), "avant");
    assert_eq!(window.pixels(ERROR, None), 0);
    // What others have no trouble with is none here either.
    window.paste("\u{feff}marque d'ordre");
    window.press(&["Return"]);
    assert!(bob.hear().ends_with("marque d'ordre"));
}

#[test]
fn a_byte_order_mark_changes_nothing_in_its_bubble() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    let text = || window.picture(Some((20, window.geometry().3 + LAST_WORD.1 - 10, 160, 20)));
    bob.say_and_wait("Bonjour, ceci est un texte.");
    let without = text();
    bob.say_and_wait("\u{feff}Bonjour, ceci est un texte.");
    window.screenshot("bom");
    assert!(text() == without, "the same picture");
}

#[test]
fn an_arabic_draft_stands_at_the_right_and_joins_while_it_is_selected() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, _bob) = talk(&desktop, &relay);
    let (_, _, w, h) = window.geometry();
    window.paste("السلام عليكم ورحمة الله");
    // Text, whatever its colour: all that is neither of the grounds.
    let ink = |part| {
        let is_ground = |pixel: &[u8; 3]| matches!(pixel, [0xff, 0xff, 0xff] | [0x1f, 0x62, 0xc4]);
        window.picture(Some(part)).iter().map(|pixel| !is_ground(pixel)).collect::<Vec<bool>>()
    };
    let inside = |x, w| (x, h - 38, w, 18);
    wait_until("text at the right", || ink(inside(w / 2, w / 2 - 40)).contains(&true));
    assert!(!ink(inside(20, 60)).contains(&true), "nothing at the left");
    let letters = inside(w / 2, w / 2 - 40);
    let before = ink(letters);
    window.press(&["ctrl+a"]);
    wait_until("the selection", || window.pixels(ACCENT, Some(letters)) > 500);
    window.screenshot("arabic-draft");
    // Two joined letters have less ink than two that stand alone, and each has its place.
    let differ = before.iter().zip(ink(letters)).filter(|(before, now)| **before != *now).count();
    assert!(differ * 20 < before.len(), "{differ} of {} pixels differ", before.len());
}

#[test]
fn empty_messages_are_not_sent() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    window.press(&["Return", "space", "Return", "shift+Return", "Return"]);
    window.press(&["ctrl+a", "BackSpace"]);
    window.type_line("enfin");
    assert_eq!(bob.hear(), "enfin");
}

#[test]
fn keys_typed_elsewhere_go_to_the_entry_field() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    bob.say_and_wait("lis ceci");
    window.wait_for_text("lis ceci");
    // The display has the focus now.
    window.type_line("lu");
    assert_eq!(bob.hear(), "lu");
}

#[test]
fn a_word_of_a_message_is_pasted_into_the_next_one() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    bob.say_and_wait("anticonstitutionnellement, mon ami");
    for (copy, paste) in [("ctrl+c", "ctrl+v"), ("ctrl+Insert", "shift+Insert")] {
        window.click_times(2, LAST_WORD.0, window.geometry().3 + LAST_WORD.1);
        // The display has the focus now, and what is typed goes to the field all the same: a space too.
        window.press(&[copy, paste, "space"]);
        window.type_line("?");
        assert_eq!(bob.hear(), "anticonstitutionnellement ?");
        window.click_times(2, LAST_WORD.0, window.geometry().3 + LAST_WORD.1);
        window.press(&["space"]);
        window.type_line("oui");
        assert_eq!(bob.hear(), " oui");
        bob.say_and_wait("anticonstitutionnellement, mon ami");
    }
    // What was written already can be shortened and sent from there, too.
    window.type_text("abc");
    window.click_times(2, LAST_WORD.0, window.geometry().3 + LAST_WORD.1);
    window.press(&["BackSpace"]);
    window.click_times(2, LAST_WORD.0, window.geometry().3 + LAST_WORD.1);
    window.press(&["Return"]);
    assert_eq!(bob.hear(), "ab");
}

#[test]
fn the_mouse_selects_over_several_bubbles() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    bob.say_and_wait("alpha beta");
    bob.say_and_wait("gamma delta");
    let (x, y) = (LAST_WORD.0, window.geometry().3 + LAST_WORD.1);
    let selected = |text: &str| {
        wait_until(&format!("« {text} » selected"), || desktop.selection().replace("bob : ", "") == text);
    };
    window.click_times(2, x, y);
    selected("gamma");
    window.click_times(3, x, y);
    selected("gamma delta");
    window.drag((14, y - 41), (300, y - 41));
    selected("alpha beta");
    // Over both, upwards: each with its date and its author.
    window.drag((300, y), (14, y - 41));
    wait_until("both", || {
        let text = desktop.selection();
        text.lines().count() == 2
            && text.contains("bob : alpha beta\n")
            && text.ends_with("bob : gamma delta\n")
    });
    window.screenshot("selection");
}

#[test]
fn what_another_program_has_selected_stays_until_something_is_selected_here() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    (0..60).for_each(|i| bob.say(&format!("message {i}")));
    bob.wait_until_shown();
    let (_, _, w, h) = window.geometry();
    window.click_times(2, LAST_WORD.0 - 20, h + LAST_WORD.1);
    wait_until("the word", || desktop.selection() == "message");
    desktop.set_selection("d'ailleurs");
    // The word is selected still.
    window.drag((w - 6, h - 90), (w - 6, 200));
    window.click(w - 34, h - 82);
    window.type_line("lu");
    assert_eq!(bob.hear(), "lu");
    assert_eq!(desktop.selection(), "d'ailleurs");
}

#[test]
fn what_was_copied_outlives_the_window() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let kept = desktop.keep_clipboard();
    let (mut window, mut bob) = talk(&desktop, &relay);
    bob.say_and_wait("à garder");
    window.wait_for_text("à garder");
    window.click_times(3, LAST_WORD.0, window.geometry().3 + LAST_WORD.1);
    window.press(&["ctrl+c"]);
    wait_until("the message in the clipboard", || desktop.clipboard() == "à garder");
    window.close();
    assert_eq!(window.program().status(), 0);
    assert_eq!(kept.try_recv().as_deref(), Ok("à garder"));
}

#[test]
fn everything_can_be_reached_by_tab_and_escape_does_not_quit() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    window.press(&["Escape", "Escape"]);
    window.type_line("toujours la");
    assert_eq!(bob.hear(), "toujours la");
    // Once around: the menu, the theme, « Quitter », the display, the button for files, and back.
    window.press(&["Tab"; 6]);
    window.type_line("de retour");
    assert_eq!(bob.hear(), "de retour");
    window.press(&["Tab", "Tab", "Tab", "Return"]);
    assert_eq!(bob.rest().last().unwrap(), &format!("fin {}", bob.other));
}

// ---- what is shown ----

#[test]
fn the_title_counts_what_arrives_while_the_window_is_not_in_front() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    bob.say_and_wait("vu");
    window.wait_for_title("alice avec bob – Messagerie");
    window.unfocus();
    bob.say_and_wait("un");
    window.wait_for_title("(1) alice avec bob – Messagerie");
    assert!(window.is_urgent());
    bob.say_and_wait("deux");
    window.wait_for_title("(2) alice avec bob – Messagerie");
    window.focus();
    window.wait_for_title("alice avec bob – Messagerie");
    assert!(!window.is_urgent());
}

#[test]
fn whoever_comes_or_leaves_is_noticed_while_the_window_is_not_in_front() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let window = desktop.client(&[&relay.address.to_string(), "alice"]);
    relay.screen.wait_for("* alice a rejoint la discussion.");
    window.unfocus();
    let mut bob = Bob::join(relay.address);
    window.wait_for_title("alice avec bob – Messagerie");
    wait_until("a call for a look", || window.is_urgent());
    window.focus();
    wait_until("no call", || !window.is_urgent());
    window.unfocus();
    bob.say_and_wait("au revoir");
    bob.peer.send("quitter");
    window.wait_for_title("(1, fin) alice avec bob – Messagerie");
    assert!(window.is_urgent());
    window.focus();
    window.wait_for_title("alice avec bob – Messagerie");
    assert!(!window.is_urgent());
}

#[test]
fn someone_who_has_scrolled_up_is_not_moved() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    for i in 0..60 {
        bob.say(&format!("message {i}"));
    }
    bob.wait_until_shown();
    window.press(&["Prior", "Prior"]);
    let (_, _, w, _) = window.geometry();
    // The upper part of the display: below it a mark appears.
    let part = Some((0, 70, w - 20, 300));
    let seen = || window.picture(part);
    let mut before = seen();
    wait_until("the view at rest", || std::mem::replace(&mut before, seen()) == before);
    bob.say_and_wait("quelque chose de neuf");
    assert_eq!(seen(), before);
    window.screenshot("scrolled-up");
    // One's own message leads back to the end.
    window.type_line("me revoici");
    wait_until("the view to move", || seen() != before);
}

#[test]
fn there_is_a_way_down_without_the_wheel() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    (0..60).for_each(|i| bob.say(&format!("message {i}")));
    bob.wait_until_shown();
    let (_, _, w, h) = window.geometry();
    let seen = || window.picture(Some((0, 70, w - 100, h - 150)));
    let end = seen();
    let up = || {
        window.press(&["Prior", "Prior", "Prior"]);
        wait_until("the view to move", || seen() != end);
    };
    up();
    window.screenshot("way-down");
    // The round mark, though there is nothing new.
    window.click(w - 34, h - 82);
    wait_until("the end", || seen() == end);
    // Ctrl+End in the field, with nothing in it and with something.
    up();
    window.press(&["ctrl+End"]);
    wait_until("the end", || seen() == end);
    window.type_text("un mot");
    up();
    window.press(&["ctrl+End"]);
    wait_until("the end", || seen() == end);
    up();
    // The wheel and the scrollbar's thumb.
    window.wheel(5, w / 2, h / 2, 40);
    wait_until("the end", || seen() == end);
    window.drag((w - 6, h - 90), (w - 6, 100));
    wait_until("the view to move", || seen() != end);
    window.drag((w - 6, 100), (w - 6, h - 20));
    wait_until("the end", || seen() == end);
    window.type_line("");
    assert_eq!(bob.hear(), "un mot");
}

#[test]
fn a_line_says_where_the_new_messages_begin() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    let (_, _, w, h) = window.geometry();
    let line = || window.pixels(ACCENT, Some((20, 70, w - 40, h - 150))) > 50;
    bob.say_and_wait("vu");
    assert!(!line());
    window.unfocus();
    bob.say_and_wait("nouveau");
    bob.say_and_wait("nouveau aussi");
    wait_until("the line", line);
    window.focus();
    window.screenshot("new-messages");
    assert!(line());
    // Whoever answers has read them.
    window.type_line("lu");
    assert_eq!(bob.hear(), "lu");
    wait_until("no line", || !line());
    // Whoever has looked, too, when he leaves the next time.
    window.unfocus();
    bob.say_and_wait("encore");
    wait_until("the line", line);
    window.focus();
    window.wait_for_title("alice avec bob – Messagerie");
    window.unfocus();
    wait_until("no line", || !line());
    // Also for whom has scrolled up.
    window.focus();
    (0..40).for_each(|i| bob.say(&format!("message {i}")));
    bob.wait_until_shown();
    window.press(&["Prior", "Prior"]);
    bob.say_and_wait("en bas");
    window.press(&["ctrl+End"]);
    wait_until("the line", line);
}

#[test]
fn notices_below_are_no_new_messages() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    (0..60).for_each(|i| bob.say(&format!("message {i}")));
    bob.wait_until_shown();
    window.press(&["Prior", "Prior"]);
    bob.peer.close();
    let (_, _, w, h) = window.geometry();
    wait_until("the header", || window.pixels(0x8F5E00, Some((0, 0, w, 60))) > 0);
    assert_eq!(window.pixels(0x1F62C4, Some((0, h - 160, w, 90))), 0);
    window.screenshot("notice-below");
}

#[test]
fn a_look_for_one_run_is_not_remembered() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let args = [&relay.address.to_string(), "alice"];
    let mut window = desktop.client_with_theme("sombre", &args);
    relay.screen.wait_for("* alice a rejoint la discussion.");
    wait_until("dark ground", || window.pixels(0x15191F, Some((1, 1, 8, 8))) == 64);
    window.program().kill();
    let settings = fs::read_to_string(desktop.settings_file()).unwrap();
    assert!(settings.contains("theme=clair\n"), "{settings}");
}

#[test]
fn the_other_look_is_one_key_away_and_remembered() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    let (mut window, _bob) = talk(&desktop, &relay);
    let corner = Some((1, 1, 8, 8));
    wait_until("light ground", || window.pixels(BACKGROUND, corner) == 64);
    window.press(&["alt+t"]);
    wait_until("dark ground", || window.pixels(0x15191F, corner) == 64);
    window.screenshot("dark");
    window.program().kill();
    let again = desktop.client(&[]);
    wait_until("dark ground again", || again.pixels(0x15191F, corner) == 64);
    again.screenshot("login-dark");
}

#[test]
fn whatever_a_message_is_made_of_it_stays_in_its_bubble_and_holds_up_nothing() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    bob.say_and_wait(&format!("x{}", "\u{301}".repeat(240)));
    // Above the message there is nothing yet.
    let above = Some((14, 80, 60, 200));
    window.screenshot("accents");
    assert_eq!(window.pixels(BACKGROUND, above), 60 * 200);
    for mark in ["\u{301}", "\u{5b0}", "\u{64e}", "\u{20dd}", "\u{200d}"] {
        bob.say_and_wait(&format!("x{}", mark.repeat(62_000 / mark.len())));
    }
    window.type_line("toujours la");
    assert_eq!(bob.hear(), "toujours la");
    window.screenshot("accents-many");
}

#[test]
fn a_link_is_opened_after_a_glance_at_where_it_leads() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let opened = desktop.catch_links();
    let opened = || fs::read_to_string(&opened).unwrap_or_default();
    let (window, mut bob) = talk(&desktop, &relay);
    let (x, y) = (LAST_WORD.0, window.geometry().3 + LAST_WORD.1);
    bob.say_and_wait("HTTPS://exemple.org/a?b&c ici");
    window.screenshot("link");
    window.click(x, y);
    wait_until("the question", || window.is_asking());
    window.screenshot("link-question");
    window.press(&["Escape"]);
    wait_until("no question", || !window.is_asking());
    assert_eq!(opened(), "");
    window.click(x, y);
    wait_until("the question", || window.is_asking());
    window.press(&["alt+o"]);
    wait_until("the page", || opened() == "https://exemple.org/a?b&c\n");
    // Mail, by the menu; what is no link is none, and dragging over a link selects.
    bob.say_and_wait("bob@exemple.org, pas ftp://exemple.org");
    window.drag((x, y), (x + 60, y));
    assert!(!window.is_asking());
    window.open_menu(x, y);
    desktop.screenshot("menu-link");
    window.press(&["Down"]);
    window.close_menu("Return");
    wait_until("the question", || window.is_asking());
    window.press(&["alt+o"]);
    wait_until("the mail", || opened().ends_with("\nmailto:bob@exemple.org\n"));
    bob.say_and_wait("ftp://exemple.org file:///etc/passwd");
    window.click(x, y);
    window.type_line("rien");
    assert_eq!(bob.hear(), "rien");
    assert!(!window.is_asking());
}

// ---- connections ----

#[test]
fn a_lost_connection_and_a_new_server_lose_nothing() {
    let desktop = Desktop::start();
    let (mut first, address) = server(&["--permanent"]);
    let window = desktop.client(&[&address.to_string(), "alice"]);
    first.out.wait_for("* alice a rejoint la discussion.");
    let mut bob = Bob::join(address);
    window.wait_for_title("alice avec bob – Messagerie");
    window.type_line("avant");
    assert_eq!(bob.hear(), "avant");
    first.kill();
    window.wait_for_text("Connexion perdue");
    window.screenshot("connection-lost");
    window.type_line("pendant un");
    window.type_line("pendant deux");
    let second = Program::start("serveur", &[&address.to_string(), "--permanent"]);
    second.out.wait_for("* alice a rejoint la discussion.");
    let mut bob = Bob::opposite(Peer::login(address, "bob"), 1);
    assert_eq!(bob.hear(), "pendant un");
    assert_eq!(bob.hear(), "pendant deux");
    window.type_line("ensuite");
    assert_eq!(bob.hear(), "ensuite");
    window.wait_for_text("Connexion rétablie.");
}

#[test]
fn a_seat_or_a_name_taken_meanwhile_is_told_and_waited_for() {
    let desktop = Desktop::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let window = desktop.client(&[&listener.local_addr().unwrap().to_string(), "alice"]);
    Peer::seat(&listener).close();
    Peer::turn_away(&listener, "complet");
    window.wait_for_text("Deux personnes discutent en ce moment");
    Peer::turn_away(&listener, "pseudo-pris");
    window.wait_for_text("Votre pseudo est encore pris");
    window.screenshot("turned-away");
    Peer::seat(&listener).send("present bob/b1");
    window.wait_for_title("alice avec bob – Messagerie");
}

#[test]
fn what_was_written_before_an_entry_that_is_refused_is_named() {
    let desktop = Desktop::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let is_red = |window: &Window<'_>, part| window.pixels(ERROR, Some(part)) > 0;
    // Below the address: the sentence, and where more of it would be.
    let (sentence, more) = ((40, 258, 400, 18), (40, 278, 400, 30));
    for texts in [&[][..], &["Salut"]] {
        let window = desktop.client(&[&address, "alice", "--sans-historique"]);
        for text in texts {
            window.type_line(text);
            window.wait_for_text(text);
        }
        Peer::turn_away(&listener, "complet");
        wait_until("the refusal", || is_red(&window, sentence));
        window.screenshot("refused-with-a-message");
        assert_eq!(is_red(&window, more), !texts.is_empty());
    }
}

#[test]
fn the_other_ones_lost_connection_is_told() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, bob) = talk(&desktop, &relay);
    bob.peer.close();
    window.wait_for_text("bob a perdu la connexion");
    window.type_line("garde");
    let mut bob = Bob::join(relay.address);
    assert_eq!(bob.hear(), "garde");
    wait_until("his return", || window.conversation().matches("bob a rejoint la discussion.").count() == 2);
}

// ---- closing the window ----

#[test]
fn closing_the_window_is_leaving() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (mut window, mut bob) = talk(&desktop, &relay);
    window.type_line("au revoir");
    assert_eq!(bob.hear(), "au revoir");
    wait_until("the mark of delivery", || {
        window.close();
        bob.peer.receive().is_none_or(|line| line.starts_with("fin alice/"))
    });
    assert_eq!(window.program().status(), 0);
}

#[test]
fn closing_right_after_sending_needs_no_answer_once_it_has_arrived() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (mut window, mut bob) = talk(&desktop, &relay);
    window.type_line("au revoir");
    window.close();
    wait_until("the question", || window.is_asking());
    let (number, ..) = bob.hear_fields();
    bob.acknowledge(number);
    assert_eq!(bob.rest().last().unwrap(), &format!("fin {}", bob.other));
    assert_eq!(window.program().status(), 0);
}

#[test]
fn messages_not_delivered_are_named_before_they_are_lost() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, bob) = talk(&desktop, &relay);
    bob.peer.close();
    window.wait_for_text("bob a perdu la connexion");
    window.type_line("pour bob seul");
    window.wait_for_text("pour bob seul");
    window.close();
    wait_until("the question", || window.is_asking());
    window.screenshot("question");
    // Escape is the harmless answer.
    window.press(&["Escape"]);
    wait_until("no question", || !window.is_asking());
    assert!(window.is_visible());
    // bob comes back while the question is asked again: nothing is left to ask, and the discussion goes on.
    window.close();
    wait_until("the question", || window.is_asking());
    let mut bob = Bob::join(relay.address);
    assert_eq!(bob.hear(), "pour bob seul");
    wait_until("no question", || !window.is_asking());
    window.focus();
    window.type_line("re-bonjour");
    assert_eq!(bob.hear(), "re-bonjour");
}

#[test]
fn one_slip_does_not_end_it_while_something_is_being_written() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    let quit: fn(&Window) = |window| window.press(&["alt+q"]);
    let click: fn(&Window) = |window| window.click(window.geometry().2 - 40, 30);
    let close: fn(&Window) = |window| window.close();
    window.type_text("un brouillon");
    for (leave, stay) in [(quit, "Escape"), (click, "Return"), (close, "alt+r"), (click, "space")] {
        leave(&window);
        wait_until("the question", || window.is_asking());
        window.screenshot("question-draft");
        // Asking it twice is no answer, and what is typed meanwhile is none either.
        click(&window);
        window.type_text("xyz");
        assert!(window.is_asking());
        window.press(&[stay]);
        wait_until("no question", || !window.is_asking());
    }
    // Who goes on writing stays.
    quit(&window);
    wait_until("the question", || window.is_asking());
    let (_, _, w, h) = window.geometry();
    window.click(w / 2, h - 150);
    window.press(&["End"]);
    window.type_text(" fini");
    wait_until("no question", || !window.is_asking());
    window.press(&["Return"]);
    assert_eq!(bob.hear(), "un brouillon fini");
    // One key answers.
    window.type_text("et puis zut");
    quit(&window);
    wait_until("the question", || window.is_asking());
    quit(&window);
    let rest = bob.rest();
    assert_eq!(rest.last().unwrap(), &format!("fin {}", bob.other));
    assert!(!rest.iter().any(|line| line.starts_with("msg")), "{rest:?}");
}

#[test]
fn who_stays_goes_on_talking() {
    let close: fn(&Window) = |window| window.close();
    let quit: fn(&Window) = |window| window.press(&["alt+q"]);
    for (leave, answer) in [(close, "Escape"), (quit, "Escape"), (close, "Return"), (quit, "alt+r")] {
        let (desktop, relay) = (Desktop::start(), RelayThread::start());
        let (window, bob) = talk(&desktop, &relay);
        bob.peer.close();
        window.wait_for_text("bob a perdu la connexion");
        window.type_line("pour bob");
        leave(&window);
        wait_until("the question", || window.is_asking());
        window.press(&[answer]);
        wait_until("no question", || !window.is_asking());
        window.focus();
        let mut bob = Bob::join(relay.address);
        assert_eq!(bob.hear(), "pour bob");
        window.type_line("encore");
        assert_eq!(bob.hear(), "encore");
    }
}

#[test]
fn the_window_can_be_closed_all_the_same() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let mut window = desktop.client(&[&relay.address.to_string(), "alice"]);
    relay.screen.wait_for("* alice a rejoint la discussion.");
    window.type_line("pour personne");
    window.wait_for_text("pour personne");
    window.close();
    wait_until("the question", || window.is_asking());
    window.press(&["alt+f"]);
    assert_eq!(window.program().status(), 0);
}

#[test]
fn messages_not_delivered_are_named_at_the_end() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, bob) = talk(&desktop, &relay);
    bob.peer.close();
    window.wait_for_text("bob a perdu la connexion");
    window.type_line("trop tard");
    window.press(&["alt+q"]);
    wait_until("the question", || window.is_asking());
    window.screenshot("question-quit");
    let (_, _, w, h) = window.geometry();
    window.click(w - 170, h - 30);
    wait_until("no question", || !window.is_asking());
    window.focus();
    window.wait_for_text("1 message n'a pas été remis à bob");
    wait_until("the cross beside the message", || window.pixels(ERROR, None) > 0);
    window.screenshot("not-delivered");
}

// ---- the form ----

#[test]
fn the_form_asks_for_what_is_missing_and_remembers_it() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    let mut window = desktop.client(&[]);
    window.screenshot("login");
    // As the server prints it, port and all; Enter goes on to what is still missing.
    window.type_line(&relay.address.to_string());
    window.type_line("alice");
    let mut bob = Bob::join(relay.address);
    window.wait_for_title("alice avec bob – Messagerie");
    window.type_line("me voici");
    assert_eq!(bob.hear(), "me voici");
    window.program().kill();
    relay.screen.wait_for("* alice a perdu la connexion");
    // The next time Enter is enough.
    let window = desktop.client(&[]);
    window.press(&["Return"]);
    window.wait_for_title("alice avec bob – Messagerie");
    let settings = fs::read_to_string(desktop.settings_file()).unwrap();
    assert!(settings.contains(&format!("port={}\n", relay.address.port())), "{settings}");
}

#[test]
fn each_error_of_the_form_is_beside_its_field() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    let window = desktop.client(&[]);
    let head = Some((0, 60, 480, 90));
    wait_until("the title", || window.pixels(TEXT, head) > 500);
    let calm = window.picture(head);
    let faults = |name: &str, shown: usize| {
        wait_until(name, || window.fields_with_an_error() == shown);
        assert!(window.picture(head) == calm, "what stands above the fields has not moved");
        window.screenshot(name);
    };
    // Nothing filled in: two fields are wrong.
    window.press(&["Return"]);
    faults("login-empty", 2);
    // A port that is none. The focus goes to the field that is wrong.
    window.type_text("127.0.0.1:99999");
    window.press(&["Tab", "Tab"]);
    window.type_text("alice");
    window.press(&["Return"]);
    faults("login-port", 1);
    // A machine that does not exist.
    window.press(&["ctrl+a"]);
    window.type_line("cette-machine.invalid");
    faults("login-unknown-host", 1);
    // A pseudo with a space.
    window.press(&["ctrl+a"]);
    window.type_text(&relay.address.to_string());
    window.press(&["Tab", "Tab", "ctrl+a"]);
    window.type_line("a b");
    faults("login-pseudo", 1);
    // A pseudo that someone has.
    let mut bob = Peer::login(relay.address, "bob");
    window.press(&["ctrl+a"]);
    window.type_line("bob");
    faults("login-pseudo-taken", 1);
    // The next run does not propose it.
    assert!(!fs::read_to_string(desktop.settings_file()).unwrap().contains("pseudo=bob"));
    // It stays filled in: only the pseudo has to be typed again.
    window.press(&["ctrl+a"]);
    window.type_line("alice");
    window.wait_for_title("alice avec bob – Messagerie");
    assert!(bob.expect_present().starts_with("alice/"));
}

#[test]
fn a_refused_login_from_the_command_line_comes_back_to_the_form() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    let _bob = Peer::login(relay.address, "bob");
    let window = desktop.client(&[&relay.address.to_string(), "bob"]);
    wait_until("the error", || window.fields_with_an_error() == 1);
    window.press(&["ctrl+a"]);
    window.type_line("alice");
    window.wait_for_title("alice avec bob – Messagerie");
}

#[test]
fn a_full_server_is_told_in_the_form() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    let _seated = support::relay::seat_two(relay.address);
    let window = desktop.client(&[&relay.address.to_string(), "carol"]);
    wait_until("the error", || window.fields_with_an_error() == 1);
    window.screenshot("login-full");
}

#[test]
fn a_server_that_comes_later_is_waited_for() {
    let desktop = Desktop::start();
    let free = free_address();
    let window = desktop.client(&[&free.to_string(), "alice"]);
    wait_until("the error", || window.fields_with_an_error() == 1);
    window.screenshot("login-no-server");
    let server = Program::start("serveur", &[&free.to_string()]);
    server.out.wait_for("* alice a rejoint la discussion.");
    let mut bob = Bob::join(free);
    window.wait_for_title("alice avec bob – Messagerie");
    window.type_line("enfin");
    assert_eq!(bob.hear(), "enfin");
    // What was wrong with the form is not any more.
    window.press(&["alt+q"]);
    window.wait_for_text("Vous avez quitté la discussion.");
    window.press(&["alt+n"]);
    wait_until("the pseudo in the form", || window.copied() == "alice");
    assert_eq!(window.fields_with_an_error(), 0);
}

#[test]
fn without_a_server_one_can_be_the_server() {
    let desktop = Desktop::start();
    let (mut first, address) = server(&["--permanent"]);
    let window = desktop.client(&[&address.to_string(), "alice"]);
    first.out.wait_for("* alice a rejoint la discussion.");
    window.press(&["alt+q"]);
    window.wait_for_text("Vous avez quitté la discussion.");
    first.kill();
    window.press(&["alt+n"]);
    wait_until("the pseudo in the form", || window.copied() == "alice");
    window.screenshot("login-again");
    window.press(&["Return"]);
    wait_until("the error", || window.fields_with_an_error() == 1);
    window.screenshot("login-serve");
    window.press(&["alt+s"]);
    // At the port that the other one knows.
    wait_until("the server", || TcpStream::connect(address).is_ok());
    let mut bob = Bob::join(address);
    window.wait_for_title("alice avec bob – Messagerie");
    window.type_line("chez moi");
    assert_eq!(bob.hear(), "chez moi");
}

#[test]
fn an_attempt_can_be_given_up() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    let free = free_address();
    let window = desktop.client(&[&free.to_string(), "alice"]);
    wait_until("the error", || window.fields_with_an_error() == 1);
    // While it goes on, nothing can be typed, and a click into the field does not hide why it fails.
    window.click(100, window.first_row(ERROR) + 10);
    wait_until("the field's content", || window.copied() == free.ip().to_string());
    assert_eq!(window.fields_with_an_error(), 1);
    window.press(&["Escape"]);
    // The focus is on the field that was wrong.
    window.press(&["ctrl+a"]);
    window.type_line(&relay.address.to_string());
    relay.screen.wait_for("* alice a rejoint la discussion.");
}

#[test]
fn a_new_discussion_starts_from_the_form_filled_in() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    let (window, mut bob) = talk(&desktop, &relay);
    window.press(&["alt+q"]);
    window.wait_for_text("Vous avez quitté la discussion.");
    bob.rest();
    bob.peer.close();
    window.press(&["alt+n"]);
    window.press(&["Return"]);
    let mut bob = Bob::join(relay.address);
    window.wait_for_title("alice avec bob – Messagerie");
    window.type_line("encore");
    assert_eq!(bob.hear(), "encore");
    assert!(!window.conversation().contains("Vous avez quitté"));
}

// ---- on one machine ----

#[test]
fn the_demonstration_shows_two_windows_that_talk() {
    let desktop = Desktop::start();
    let mut program = desktop.start_client(&["--demo"]);
    let windows = desktop.windows(&program, 2);
    let (alice, bob) = (&windows[0], &windows[1]);
    alice.wait_for_title("alice avec bob – Messagerie");
    bob.wait_for_title("bob avec alice – Messagerie");
    alice.focus();
    alice.type_line("Bonjour");
    bob.wait_for_title("(1) bob avec alice – Messagerie");
    bob.focus();
    bob.type_line("Salut");
    bob.wait_for_text("Bonjour");
    alice.focus();
    alice.wait_for_text("Salut");
    desktop.screenshot("demo");
    bob.close();
    alice.wait_for_text("le client bob a quitté la discussion.");
    alice.close();
    assert_eq!(program.status(), 0);
}

#[test]
fn a_question_in_one_window_holds_up_no_other() {
    let desktop = Desktop::start();
    let program = desktop.start_client(&["--demo"]);
    let windows = desktop.windows(&program, 2);
    let (alice, bob) = (&windows[0], &windows[1]);
    bob.wait_for_title("bob avec alice – Messagerie");
    alice.focus();
    alice.type_text("un brouillon");
    alice.press(&["alt+q"]);
    wait_until("the question", || alice.is_asking());
    bob.focus();
    bob.type_line("tu es encore la ?");
    alice.wait_for_title("(1) alice avec bob – Messagerie");
    assert!(alice.is_asking());
    desktop.screenshot("question-demo");
}

#[test]
fn a_hosting_window_says_what_to_type_on_the_other_machine() {
    let desktop = Desktop::start();
    let port = TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port();
    let window = desktop.client(&["--heberge", &port.to_string(), "alice"]);
    let words = || window.pixels(TEXT, Some((0, 50, 480, 100)));
    wait_until("the invitation", || words() > 200);
    window.screenshot("hosting");
    window.press(&["alt+c"]);
    wait_until("the command in the clipboard", || desktop.clipboard().starts_with("client "));
    let command = desktop.clipboard();
    let address = command.strip_prefix("client ").unwrap();
    let mut bob = Bob::join(address.parse().unwrap());
    window.wait_for_title("alice avec bob – Messagerie");
    wait_until("no invitation", || words() == 0);
    window.type_line("bienvenue");
    assert_eq!(bob.hear(), "bienvenue");
    window.close();
    assert_eq!(bob.rest().last().unwrap(), &format!("fin {}", bob.other));
}

#[test]
fn a_hosting_window_asks_for_the_pseudo() {
    let desktop = Desktop::start();
    let port = TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port();
    let window = desktop.client(&["--heberge", &port.to_string()]);
    window.screenshot("hosting-login");
    window.type_line("alice");
    window.wait_for_title("alice – Messagerie");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let desktop = Desktop::start();
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut client = desktop.start_client(&["--heberge", &port, "alice"]);
    assert_eq!(client.status(), 1);
    let error = client.err.text();
    assert!(error.starts_with("client : ") && error.contains(&port), "{error}");
}

#[test]
fn the_display_is_never_left_alone_before_the_window_is_there() {
    // A bare X server starts anew when its last client leaves, and whoever has just come is thrown out.
    let desktop = Desktop::start();
    let between = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = between.local_addr().unwrap().port();
    let server = format!("/tmp/.X11-unix/X{}", desktop.display().trim_start_matches(':'));
    let _program = desktop.start_client_on(&format!("127.0.0.1:{}", port - 6000), &[]);
    let call = || {
        let (client, _) = between.accept().unwrap();
        let server = UnixStream::connect(&server).unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || io::copy(&mut from, &mut to));
        let (mut from, mut to) = (server, client.try_clone().unwrap());
        std::thread::spawn(move || io::copy(&mut from, &mut to));
        client
    };
    // The first looks whether there is a display, the second is FLTK's.
    let first = call();
    let _second = call();
    first.set_nonblocking(true).unwrap();
    let left = first.peek(&mut [0]);
    assert_eq!(left.unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

// ---- the layout ----

#[test]
fn the_window_has_an_icon() {
    let desktop = Desktop::start();
    let icon = desktop.client(&[]).icon();
    assert_eq!(icon[..2], [64, 64]);
    // Transparent in the corner, blue in the middle of the bubble.
    assert_eq!((icon[2] >> 24, icon[2 + 32 * 64 + 20]), (0, 0xFF24_57C5));
}

#[test]
fn the_window_can_be_made_small_and_large() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    bob.say_and_wait(
        "https://exemple.example/un/chemin/tres/long/sans/aucune/espace/jusqu/au/bout/de/la/ligne",
    );
    for (w, h, name) in [(300, 340, "small"), (1200, 780, "large")] {
        window.resize(w, h);
        wait_until("the new size", || window.geometry().2 == w);
        window.screenshot(name);
        window.type_line(name);
        assert_eq!(bob.hear(), name);
    }
}

#[test]
fn the_entry_field_is_as_high_as_its_text_in_a_window_of_any_width() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, _bob) = talk(&desktop, &relay);
    // Of the field's ground, left of its text.
    let height = || window.pixels(SURFACE, Some((16, 0, 1, window.geometry().3)));
    window.resize(900, 640);
    window.type_text("Dans une large zone de saisie, cette phrase tient sur une seule ligne.");
    wait_until("one line", || (20..38).contains(&height()));
    window.resize(360, 640);
    wait_until("two lines", || (38..60).contains(&height()));
    window.screenshot("entry-narrow");
    window.resize(900, 640);
    wait_until("one line again", || (20..38).contains(&height()));
}

#[test]
fn the_entry_field_is_one_line_high_whatever_letter_comes_first() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    let height = || window.pixels(SURFACE, Some((16, 0, 1, window.geometry().3)));
    window.type_text("a");
    wait_until("one line", || window.copied() == "a");
    let one_line = height();
    for text in ["é", "À demain", "« Oui »", "日本語", "👍", "aé", "e\u{301}"] {
        window.press(&["ctrl+a"]);
        window.paste(text);
        wait_until("the text", || window.copied() == text);
        assert_eq!(height(), one_line, "{text}");
    }
    // As high as two lines, and as one again.
    window.press(&["End", "shift+Return"]);
    window.paste("é");
    wait_until("the text", || window.copied().ends_with("\né"));
    assert!(height() > one_line, "{}", height());
    window.press(&["Return"]);
    assert!(bob.hear().ends_with(r"\né"));
    wait_until("one line again", || height() == one_line);
}

// ---- the size of everything ----

#[test]
fn everything_is_drawn_larger_or_smaller_in_every_state_and_remembered() {
    let (desktop, relay) = (Desktop::start(), RelayThread::permanent());
    let (mut window, _bob) = talk(&desktop, &relay);
    // « Quitter » and the other button: their ground.
    let size = |window: &Window| window.pixels(BUTTON, Some((0, 0, window.geometry().2, 90)));
    let (geometry, usual) = (window.geometry(), size(&window));
    let wait_for = |window: &Window, is: fn(usize, usize) -> bool| {
        wait_until("another size", || is(size(window), usual));
    };
    let larger: fn(usize, usize) -> bool = |size, usual| size > usual * 11 / 10;
    let smaller: fn(usize, usize) -> bool = |size, usual| size < usual * 9 / 10;
    let same: fn(usize, usize) -> bool = |size, usual| size == usual;
    window.press(&["ctrl+plus"]);
    wait_for(&window, larger);
    window.press(&["ctrl+0"]);
    wait_for(&window, same);
    window.press(&["ctrl+minus"]);
    wait_for(&window, smaller);
    // The window is where it was.
    assert_eq!(window.geometry(), geometry);
    window.wheel_with_ctrl(4, 200, 300);
    wait_for(&window, same);
    window.wheel_with_ctrl(5, 200, 610);
    wait_for(&window, smaller);
    window.press(&["ctrl+0"]);
    wait_for(&window, same);
    window.say_that_it_is_maximized();
    for _ in 0..2 {
        window.press(&["ctrl+plus"]);
    }
    wait_for(&window, larger);
    window.screenshot("zoom");
    let settings = || fs::read_to_string(desktop.settings_file()).unwrap();
    assert!(settings().contains("taille=120\n"), "{}", settings());
    window.program().kill();
    // In the form, too.
    let again = desktop.client(&[]);
    wait_until("the large button", || again.pixels(ACCENT, None) > 22_000);
    let large = again.pixels(ACCENT, None);
    again.screenshot("login-zoom");
    again.press(&["ctrl+0"]);
    wait_until("the usual size", || again.pixels(ACCENT, None) * 11 / 10 < large);
    assert!(settings().contains("taille=100\n"), "{}", settings());
}

#[test]
fn the_demonstration_shares_every_screen_at_every_size() {
    for (w, h) in [(800, 480), (1024, 600), (1920, 1080), (3840, 2160)] {
        let desktop = Desktop::of_size(w, h);
        let program = desktop.start_client(&["--demo"]);
        let windows = desktop.windows(&program, 2);
        let (alice, bob) = (&windows[0], &windows[1]);
        bob.wait_for_title("bob avec alice – Messagerie");
        alice.focus();
        let side_by_side = || {
            let ((ax, ay, aw, ah), (bx, by, bw, bh)) = (alice.geometry(), bob.geometry());
            let (w, h) = (w as i32, h as i32);
            let inside = ax >= 0 && ay >= 0 && by >= 0 && ay + ah <= h && by + bh <= h && bx + bw <= w;
            (inside && ax + aw <= bx).then_some(aw + bw)
        };
        wait_until("two windows", || side_by_side().is_some());
        for keys in [&["ctrl+plus"][..], &["ctrl+plus", "ctrl+plus", "ctrl+plus"], &["ctrl+minus"]] {
            alice.press(keys);
            wait_until("two windows", || side_by_side().is_some());
        }
        alice.press(&["ctrl+0", "F11"]);
        wait_until("the whole screen", || side_by_side().is_some_and(|wide| wide >= w as i32 - 4));
        alice.type_line("Bonjour");
        bob.wait_for_title("(1) bob avec alice – Messagerie");
        desktop.screenshot(&format!("presentation-{w}x{h}"));
        alice.press(&["ctrl+plus"]);
        wait_until("the whole screen", || side_by_side().is_some_and(|wide| wide >= w as i32 - 4));
    }
}

#[test]
fn the_presentation_has_larger_type_and_edges_and_a_size_of_its_own() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let (window, mut bob) = talk(&desktop, &relay);
    bob.say_and_wait("à tous");
    let edges = || window.pixels(BORDER, Some((0, 80, 300, window.geometry().3 - 160)));
    let everyday = (window.geometry(), edges());
    window.press(&["F11"]);
    wait_until("the whole screen", || window.geometry().2 >= 1276);
    wait_until("edges", || edges() > everyday.1 + 100);
    window.type_line("bien");
    assert_eq!(bob.hear(), "bien");
    window.screenshot("presentation");
    window.press(&["ctrl+plus"]);
    let settings = || fs::read_to_string(desktop.settings_file()).unwrap();
    wait_until("its size", || settings().contains("taille=100\npresentation=170\n"));
    window.press(&["F11"]);
    wait_until("the window as it was", || window.geometry() == everyday.0);
    wait_until("no edges", || edges() == everyday.1);
    window.press(&["F11", "ctrl+0"]);
    wait_until("its size", || settings().contains("taille=100\npresentation=150\n"));
}
