use super::*;
use crate::lines::LineBuffer;
use proptest::prelude::*;

fn address() -> impl Strategy<Value = Address<'static>> {
    ("[a-zà-öø-ÿ0-9_.-]{0,30}[a-z0-9]", "[0-9A-Za-z-]{1,32}")
        .prop_map(|(pseudo, session)| Address::parse(&format!("{pseudo}/{session}")).unwrap().into_owned())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a\\\\n\n\r é]{0,20}", Just("السلام عليكم 👩‍👩‍👧 \u{202e}".to_owned()),]
}

/// One field of each kind, from which every frame can be made.
fn fields() -> impl Strategy<Value = (Address<'static>, Address<'static>, u64, String, String, usize)> {
    (address(), address(), 1..(1u64 << 63), "[^ \n\r]{1,35}", text(), 0..REFUSALS.len())
}

proptest! {
    #[test]
    fn every_frame_survives_the_wire(
        (source, destination, number, date, text, any) in fields(),
        kind in 0..18,
        hash in "[0-9a-f]{64}",
    ) {
        let (text, date) = (Text::escaped(&text), &*date);
        let hash = FileHash::parse(&hash).unwrap();
        let entry = |content| Body::Entry { number, content };
        let body = match kind {
            9 => entry(Content::Msg { date, text: text.clone() }),
            10 => Body::Recu(number - 1),
            11 => Body::Debut(number),
            12 => entry(Content::Fichier { date, size: number - 1, hash, name: text.clone() }),
            13 => entry(Content::Issue { date, hash, outcome: OUTCOMES[any % OUTCOMES.len()].0 }),
            14 => Body::Demande { hash, position: number - 1, length: number },
            15 => Body::Bloc { hash, position: number, base64: "TWFu" },
            16 => entry(Content::Unknown { word: "sondage", rest: text.wire() }),
            _ => Body::Unknown { word: "frappe", rest: (any % 2 == 0).then_some("oui") },
        };
        let frame = match kind {
            0 => Frame::Login { address: source, key: (any % 2 == 0).then_some("c41d09e27b") },
            1 => Frame::Ping,
            2 => Frame::Quitter,
            3 => Frame::Bienvenue(source),
            4 => Frame::Present(source),
            5 => Frame::Absent(source),
            6 => Frame::Pong,
            7 => Frame::Fin(source),
            8 => Frame::Refus { code: REFUSALS[any].0, text },
            _ => Frame::Relayed(Relayed { source, destination, body }),
        };
        let mut lines = LineBuffer::new();
        lines.read_all(&frame.to_line());
        let line = lines.next_line().unwrap().unwrap();
        prop_assert_eq!(Frame::parse(std::str::from_utf8(line).unwrap()).unwrap(), frame);
        prop_assert!(lines.next_line().is_none());
    }

    #[test]
    fn no_line_makes_it_panic(line in any::<String>()) {
        let _ = Frame::parse(&line);
    }

    #[test]
    fn nearly_valid_lines_neither(
        word in "msg|recu|debut|fichier|issue|demande|bloc|zut|login|refus|fin|present|ping",
        fields in proptest::collection::vec("[a-c/0-9\\\\ -]{0,6}", 0..7),
    ) {
        let line = format!("{word} {}", fields.join(" "));
        if let Ok(frame) = Frame::parse(&line) {
            prop_assert_eq!(frame.to_line(), format!("{line}\n").into_bytes(), "one form for one meaning");
        }
    }
}

#[test]
fn errors_say_which_field_is_wrong() {
    use FrameError::*;
    let (pseudo, session) = (AddressError::Pseudo, AddressError::Session);
    for (line, error) in [
        ("", Word),
        ("MSG a/1 b/2 1 d t", Word),
        (" ping", Word),
        ("abcdefghijklmnopq a/1 b/2", Word),
        ("zu2 a/1 b/2", Word),
        ("bonjour", Source(pseudo)),
        ("login", Version),
        ("login 1 a/1", Version),
        ("login 02 a/1", Version),
        ("login 2", Address(pseudo)),
        ("login 2 a", Address(session)),
        ("login 2 Jean Paul/1", Address(pseudo)),
        ("login 2 a/1 ", Key),
        ("login 2 a/1 b c", Key),
        ("login 2 a/1 é", Key),
        ("bienvenue a/1 ", Address(session)),
        ("msg", Source(pseudo)),
        ("msg a b/2 1 d t", Source(session)),
        ("msg a/1", Destination(pseudo)),
        ("msg a/1 b 1 d t", Destination(session)),
        ("msg a/1  b/2 1 d t", Destination(pseudo)),
        ("ping ", Excess),
        ("quitter maintenant", Excess),
        ("refus", Code),
        ("refus zut texte", Code),
        ("refus complet", Text),
    ] {
        assert_eq!(Frame::parse(line), Err(error), "{line:?}");
    }
}

#[test]
fn every_error_is_a_sentence_of_its_own() {
    use FrameError::*;
    let errors = [Word, Version, Address(AddressError::Pseudo), Key, Source(AddressError::Pseudo)];
    let more = [Destination(AddressError::Session), Text, Code, Excess];
    let words = [
        "mot du protocole",
        "version 2",
        "adresse : un pseudo",
        "clé",
        "SOURCE : un pseudo",
        "session",
        "TEXTE",
    ];
    let words = words.into_iter().chain(["CODE", "après le dernier champ"]);
    for (error, words) in errors.into_iter().chain(more).zip(words) {
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn what_is_numbered_and_not_understood_is_an_entry_all_the_same() {
    let hash = "0".repeat(64);
    for (line, number, word) in [
        ("msg a/1 b/2 3 d".to_owned(), 3, "msg"),
        ("msg a/1 b/2 3  t".to_owned(), 3, "msg"),
        ("sondage a/1 b/2 4 d oui ou non".to_owned(), 4, "sondage"),
        ("fichier a/1 b/2 5 d -1 x nom".to_owned(), 5, "fichier"),
        (format!("fichier a/1 b/2 5 d 9 {hash}"), 5, "fichier"),
        (format!("fichier a/1 b/2 5 d 9 {} nom", "A".repeat(64)), 5, "fichier"),
        (format!("issue a/1 b/2 6 d {hash} zut"), 6, "issue"),
        (format!("issue a/1 b/2 6 d {hash} recu "), 6, "issue"),
        ("abcdefghijklmnop a/1 b/2 7 ".to_owned(), 7, "abcdefghijklmnop"),
    ] {
        let Ok(Frame::Relayed(Relayed { body, .. })) = Frame::parse(&line) else { panic!("{line}") };
        let Body::Entry { number: found, content: Content::Unknown { word: known, .. } } = body else {
            panic!("{line}")
        };
        assert_eq!((found, known), (number, word), "{line}");
    }
}

#[test]
fn what_is_neither_numbered_nor_understood_is_unknown() {
    let hash = "0".repeat(64);
    for line in [
        "msg a/1 b/2".to_owned(),
        "msg a/1 b/2 x d t".to_owned(),
        "msg a/1 b/2 0 d t".to_owned(),
        "msg a/1 b/2 01 d t".to_owned(),
        "msg a/1 b/2 +1 d t".to_owned(),
        "msg a/1 b/2 1x d t".to_owned(),
        "msg a/1 b/2 9223372036854775808 d t".to_owned(),
        "msg a/1 b/2 99999999999999999999 d t".to_owned(),
        "msg a/1 b/2 1".to_owned(),
        "recu a/1 b/2".to_owned(),
        "recu a/1 b/2 1x".to_owned(),
        "recu a/1 b/2 1 ".to_owned(),
        "debut a/1 b/2 1 2".to_owned(),
        format!("demande a/1 b/2 {hash} 1"),
        format!("demande a/1 b/2 {hash} 1 2 3"),
        format!("bloc a/1 b/2 {hash} 1"),
        "frappe a/1 b/2 oui".to_owned(),
    ] {
        let parsed = Frame::parse(&line);
        let unknown =
            matches!(&parsed, Ok(Frame::Relayed(relayed)) if matches!(relayed.body, Body::Unknown { .. }));
        assert!(unknown, "{line}: {parsed:?}");
    }
}

#[test]
fn numbers_go_up_to_the_limit() {
    let number = |line| match Frame::parse(line) {
        Ok(Frame::Relayed(Relayed { body: Body::Recu(number), .. })) => Some(number),
        _ => None,
    };
    assert_eq!(number("recu a/1 b/2 9223372036854775807"), Some(i64::MAX as u64));
    assert_eq!(number("recu a/1 b/2 0"), Some(0));
}

#[test]
fn the_longest_text_fits_whatever_else_is_in_the_line_and_fills_it() {
    let address = format!("{}/{}", "\u{10400}".repeat(32), "s".repeat(32));
    let text = "x".repeat(MAX_TEXT_BYTES);
    let content =
        Content::Msg { date: "2026-11-20T14:03:07.123456789+01:00", text: Text::from_plain(&text).unwrap() };
    let frame = Frame::Relayed(Relayed {
        source: Address::parse(&address).unwrap(),
        destination: Address::parse(&address).unwrap(),
        body: Body::Entry { number: (1 << 63) - 1, content },
    });
    assert_eq!(frame.to_line().len(), MAX_LINE_BYTES);
}

#[test]
fn a_route_takes_its_own_messages_and_passes_its_other_frames() {
    let address = |text| Address::parse(text).unwrap().into_owned();
    let route = Route::new(address("a/1"), address("b/2"));
    let parsed = |line: &'static str| route.parse_msg(line.as_bytes()).map(Frame::Relayed);
    let line = "msg a/1 b/2 7 date du texte";
    assert_eq!(parsed(line), Frame::parse(line).ok());
    for line in ["msg a/1 b/2 1 date", "msg a/1 b/2 0 date t", "msg b/2 a/1 1 date t", "recu a/1 b/2 1"] {
        assert_eq!(parsed(line), None, "{line}");
    }
    let message = Some(Glimpse::Msg { number: 7, text: Text::from_wire("du texte") });
    assert_eq!(route.glimpse(line), message);
    for line in ["recu a/1 b/2 1", "frappe a/1 b/2", "frappe a/1 b/2 oui", "bloc a/1 b/2 hash 0 TWFu"] {
        assert_eq!(route.glimpse(line), Some(Glimpse::Other), "{line}");
    }
    for line in [
        "fichier a/1 b/2 1 date 3 hash nom",
        "msg a/1 b/2 0 date t",
        "msg a/1 b/3 1 date t",
        "recu a/1 b/3 1",
        "recu a/1 b/22 1",
        "quitter a/1 b/2",
        "ping",
    ] {
        assert_eq!(route.glimpse(line), None, "{line}");
    }
}

#[test]
fn a_hash_is_read_and_shown_digit_by_digit() {
    let digits = "0123456789abcdef".repeat(4);
    let hash = FileHash::parse(&digits).unwrap();
    assert_eq!(hash.0[..8], [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
    assert_eq!(hash.to_string(), digits);
}

#[test]
fn every_code_has_its_name() {
    assert!(REFUSALS.iter().all(|(refusal, code)| Refusal::from_code(code) == Some(*refusal)));
    assert!(REFUSALS.iter().all(|(refusal, code)| refusal.code() == *code));
    assert!(RESERVED.iter().all(|word| !is_relayed_word(word)));
    assert!(is_relayed_word("msg") && !is_relayed_word("") && !is_relayed_word("é"));
}
