use super::*;

fn is_pickle(stream: &[u8]) -> bool {
    read(stream, true).calls
}

/// What Python's unpicklers, in C or in Python, import a name from; each was tried there.
#[test]
fn whatever_reaches_an_import_is_a_pickle() {
    let frame = |length: u64, rest: &[u8]| [&[FRAME][..], &length.to_le_bytes(), rest].concat();
    let framed = frame(18, b"\x8c\x02os\x8c\x06system\x93.");
    let cases: &[(&str, &[u8])] = &[
        ("GLOBAL", b"cos\nsystem\n."),
        ("GLOBAL and nothing else", b"cos\nsystem\n"),
        ("GLOBAL at the end of the file", b"cos\nsystem"),
        ("GLOBAL without a name", b"\x80\x02cos"),
        ("GLOBAL of a name with spaces", b"cos\na b\n"),
        ("GLOBAL of a module within a module", b"\x80\x02cos. x\ny\n"),
        ("GLOBAL of a module that nobody knows", b"\x80\x02cmodule\nname\n\xff"),
        ("INST", b"(ios\nsystem\n."),
        ("INST without a mark", b"ios\nsystem\n."),
        ("OBJ", b"(cmodule\nname\no"),
        ("REDUCE, then broken", b"cmodule\nname\n(tR\xff\xff"),
        ("BUILD", b"cmodule\nname\n}b\xff"),
        ("NEWOBJ", b"\x80\x02cmodule\nname\n)\x81\xff"),
        ("NEWOBJ_EX", b"\x80\x04cmodule\nname\n)}\x92\xff"),
        ("EXT, called", b"\x80\x02\x82\x01)R"),
        ("STACK_GLOBAL", b"\x80\x04\x8c\x02os\x8c\x06system\x93"),
        ("STACK_GLOBAL without a protocol", b"\x8c\x02os\x8c\x06system\x93"),
        ("STACK_GLOBAL in a frame", &framed),
        ("STACK_GLOBAL of long texts", b"X\x02\0\0\0os\x8d\x01\0\0\0\0\0\0\0x\x93"),
        ("STACK_GLOBAL of old texts", b"U\x02osT\x01\0\0\0x\x93"),
        ("STACK_GLOBAL of lines", b"Vos\nS'x'\n\x93"),
        ("STACK_GLOBAL of escaped lines", b"V\\u006fs\nS'\\x78'\n\x93"),
        ("STACK_GLOBAL by the memo", b"\x8c\x02os\x94\x8c\x01x\x940h\0h\x01\x93"),
        ("STACK_GLOBAL by another memo", b"\x8c\x02osp7\n0\x8c\x01xr\x09\0\0\x000g7\nj\x09\0\0\0\x93"),
        ("STACK_GLOBAL by a memo that is spelled otherwise", b"\x8c\x02osp0_7\n0\x8c\x01x\x85g\x0b+7\ng7\n\x93"),
        ("STACK_GLOBAL by the memo of the pickle before", b"\x8c\x02osq\x01.h\x01h\x01\x93"),
        ("STACK_GLOBAL of copies", b"\x8c\x02os2\x93"),
        ("STACK_GLOBAL of texts with nothing added", b"\x8c\x02os(e(u(\x90\x8c\x01xNb\x93"),
        ("STACK_GLOBAL of what the loader gives", b"Pone\nPtwo\n\x93"),
        ("behind numbers in other spellings", b"I5\0zz\n0I\x0b7\n0L0x1f\n0F1e3 \n0cos\nx\n"),
        ("behind a text in quotes", b"S\"a\" \n0cos\nx\n"),
        ("behind texts that are not ASCII", b"U\x02\xff\xfe0cos\nx\n"),
        ("behind what nobody imports", b"c nothing at all\nFloatStorage\n0cos\nx\n"),
        ("behind marks", b"((((1N(l0cos\nx\n"),
        ("behind other pickles", b"N.\x80\x02N.\x80\x04\x88.cos\nx\n"),
        ("in the middle of a protocol", b"N\x80\x05\x80\x000\x82\x01cos\nx\n"),
    ];
    for (what, stream) in cases {
        assert!(is_pickle(stream), "{what}");
        let end = *stream.last().unwrap() == b'.';
        if !end && read(stream, false).ending != Ending::Cut {
            assert!(is_pickle(&[stream, &b"\xff\0\xff"[..]].concat()), "{what}, broken");
        }
    }
    let long = [b"V", [b'a'; 5000].as_slice(), b"\n0cos\nsystem\n"].concat();
    assert!(is_pickle(&long), "behind a long line");
    assert!(is_pickle(&[b"cos\n", [b'a'; 5000].as_slice(), b"\n"].concat()), "a long name");
}

/// The unpickler in C forgets what is left of a frame when an opcode does not end in it.
#[test]
fn frames_that_nobody_writes_are_told() {
    let frame = |length: u64, rest: &[u8]| [&[FRAME][..], &length.to_le_bytes(), rest].concat();
    let forged = [
        ("a line that goes on", frame(3, b"c\xff\xfeos\nsystem\n")),
        ("a number that goes on", frame(3, b"Ixx1\n0cos\nx\n")),
        ("a text that goes on", frame(3, b"\x8c\x09x\x8c\x02os")),
        ("a frame in a frame", frame(30, &frame(2, b"N."))),
        ("a pickle that ends early", frame(9, b"N.\xff\xff")),
    ];
    for (what, stream) in forged {
        assert!(is_pickle(&stream), "{what}");
    }
    let too_long = frame(1 << 62, b"\x8c\x02os\x8c\x06system\x93.");
    assert!(is_pickle(&too_long), "what is written in Python reads on");
    assert!(!is_pickle(&frame(1 << 63, b"cos\nx\n.")), "no unpickler reads on");
    assert!(!is_pickle(&frame(2, b"N.")), "calls nothing");
}

#[test]
fn what_no_unpickler_gets_through_is_none() {
    let cases: &[(&str, &[u8])] = &[
        ("names of nothing", b"\x80\x04NN\x93cos\nx\n"),
        ("a name that is no text", b"\x8c\x02osC\x01x\x93."),
        ("a memo that has nothing", b"h\0h\0\x93."),
        ("text that is no UTF-8", b"\x8c\x01\xff\x8c\x02os\x93."),
        ("names that are no UTF-8", b"c\xff\nx\ncos\nx\n"),
        ("nothing on the stack", b"0cos\nx\n"),
        ("nothing above the mark", b"N(\x85cos\nx\n"),
        ("a number that is none", b"Ix\ncos\nx\n"),
        ("no quotes", b"Sx\ncos\nx\n"),
        ("a quote alone", b"S'\ncos\nx\n"),
        ("a protocol that there is not", b"\x80\x06cos\nx\n"),
        ("a length below zero", b"T\xff\xff\xff\xffcos\nx\n"),
        ("no module's name", b"\x80\x02c a b\nx\n\xff"),
    ];
    for (what, stream) in cases {
        assert!(!is_pickle(stream), "{what}");
        assert_eq!(read(stream, true).ending, Ending::Broken, "{what}");
    }
}

#[test]
fn lists_of_words_are_no_pickles() {
    for words in ["cat\ndog\nbird\n", "cow\ncamel", "iris\nrose\ntulip\n", "c\u{f4}te\nmer\n", "class Foo:\n    pass\n"]
    {
        assert!(!is_pickle(words.as_bytes()), "{words:?}");
    }
    for pickle in
        [&b"cat\ndog\n."[..], b"cat\ndog\n(tR", b"cat\ndog\nbird\n\0", b"cthis\ndog\nbird", b"cx.__main__\ndog\n"]
    {
        assert!(is_pickle(pickle), "{:?}", pickle.escape_ascii().to_string());
    }
    assert!(read(b"cat\ndog\nbird\n", true).imports, "who unpickles it imports `dog` of `at`");
}
